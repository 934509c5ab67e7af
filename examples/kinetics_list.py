"""Pick one video of each Kinetics class: `python kinetics_list.py validate.csv VIDEOS [SEED] > list.csv`.

The CSV is the official one (label, youtube_id, time_start, time_end, ...); VIDEOS holds <id>_<start>_<end>.mp4
files, flat or in class folders. Of each class one of the videos that exist is drawn, with a seed.
"""

import csv
import random
import sys
from pathlib import Path

annotations, folder = Path(sys.argv[1]), Path(sys.argv[2])
rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
files = {path.stem: path for path in sorted(folder.resolve().rglob("*")) if path.suffix in (".mp4", ".mkv", ".webm")}

by_label: dict[str, list[Path]] = {}
with annotations.open(newline="", encoding="utf-8") as stream:
    for row in csv.DictReader(stream):
        stem = f"{row['youtube_id']}_{int(row['time_start']):06d}_{int(row['time_end']):06d}"
        if stem in files:
            by_label.setdefault(row["label"], []).append(files[stem])

writer = csv.writer(sys.stdout, lineterminator="\n")
writer.writerow(("path", "label"))
for label in sorted(by_label):
    writer.writerow((rng.choice(by_label[label]), label))
print(f"{len(by_label)} classes, of {sum(map(len, by_label.values()))} videos that exist", file=sys.stderr)
