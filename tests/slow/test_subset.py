"""A list as long as a data set's, of which one video in twenty is broken: all of them are found, and nothing else."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from broken import BREAKS, distinct, listed_name, whole_video
from click.testing import CliRunner

from i3d_edge.cli import main

pytestmark = pytest.mark.slow

NUM_LISTED, NUM_BROKEN = 800, 40


def test_800_videos_of_which_40_are_broken(tmp_path: Path) -> None:
    whole = whole_video(tmp_path / "whole.mp4")
    data = whole.read_bytes()
    (tmp_path / "labels.txt").write_text("jump\nrun\n")
    kinds = list(BREAKS)
    names, expected = ["whole.mp4"], {}
    for number in range(1, NUM_LISTED):
        is_broken = number % (NUM_LISTED // NUM_BROKEN) == 1
        kind = kinds[len(expected) % len(kinds)] if is_broken else "fine"
        name = listed_name(kind, number)
        if is_broken:
            reason, make = BREAKS[kind]
            make(whole, tmp_path / name)
            expected[name] = reason
        else:
            (tmp_path / name).write_bytes(distinct(data, number))
        names.append(name)
    (tmp_path / "list.csv").write_text("path,label\n" + "".join(f"{name},run\n" for name in names))

    args = ["accuracy", "subset", "list.csv", "-o", "m.json", "--labels", "labels.txt", "--choose", "omz"]
    args += ["--num-videos", str(NUM_LISTED), "--drop-short", "--frames-fps", "25", "-q"]
    started = time.perf_counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        result = CliRunner().invoke(main, args)
    seconds = time.perf_counter() - started
    assert result.exit_code == 1, result.output  # fewer than were asked for
    assert "ListError: only 760 of the 800 videos asked for can be used\n" in result.output

    manifest = json.loads((tmp_path / "m.json").read_text())
    assert len(manifest["videos"]) == NUM_LISTED - NUM_BROKEN
    found = {item["path"]: item["reason"].partition(":")[0] for item in manifest["excluded"]}
    assert len(expected) == NUM_BROKEN
    assert found == expected
    print(f"\n{NUM_LISTED} videos of {len(data)} bytes in {seconds:.1f} s; {dict(Counter(found.values()))} found")
