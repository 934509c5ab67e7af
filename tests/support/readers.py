"""Every reader of JSON, of lists and of arrays, each with files that it reads: material for fuzzing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bundles import fake_run, make_manifest, write_profile_of
from runs import Run, videos_of, write_run
from tiny import LABELS, tiny_spec, write_tiny_ir

from i3d_edge.accuracy.data.dataset import read_dataset
from i3d_edge.accuracy.data.manifest import digest_of, read_manifest, verify_videos
from i3d_edge.accuracy.events.scores import format_event_scores, score_segments
from i3d_edge.accuracy.events.segments import Segment, Truth, read_found, read_truth
from i3d_edge.accuracy.gate.baseline import make_baseline, read_baseline, write_baseline
from i3d_edge.accuracy.report.text import format_scores
from i3d_edge.accuracy.result.journal import Journal
from i3d_edge.accuracy.result.recorded_run import read_run, score_run
from i3d_edge.cli._info_files import describe_array, describe_json
from i3d_edge.core.labels import read_label_file
from i3d_edge.core.spec_file import read_spec, spec_to_fields
from i3d_edge.runtime.bundle import golden
from i3d_edge.runtime.bundle.manifest import BundleManifest
from i3d_edge.runtime.frames.clip_array import ClipArray
from i3d_edge.runtime.live import EventRules, read_records, replay
from i3d_edge.runtime.live.answer import SmoothedAnswer
from i3d_edge.runtime.measure.profile import Setting, read_profile
from i3d_edge.runtime.prediction import Prediction
from i3d_edge.runtime.settings.reading import check_labels, read_config


@dataclass(frozen=True)
class Reader:
    """What reads a file, and a file that it reads.

    Attributes:
        path: The file.
        valid: Its bytes.
        read: Reads the file, and does with it what commands do.
    """

    path: Path
    valid: bytes
    read: Callable[[], object]


def readers(folder: Path) -> Mapping[str, Reader]:
    """Return the readers by name, with their files in a folder."""
    made: dict[str, Reader] = {}

    def add(name: str, file: Path | str, valid: object, read: Callable[[Path], object]) -> None:
        path = folder / file
        if not isinstance(valid, bytes):
            valid = (valid if isinstance(valid, str) else json.dumps(valid)).encode()
        made[name] = Reader(path, valid, lambda: read(path))

    _add_results(folder, add)
    _add_lists(add)
    _add_models(folder, add)
    _add_events(add)
    return made


Add = Callable[[str, Path | str, object, Callable[[Path], object]], None]


def _add_results(folder: Path, add: Add) -> None:
    for part in ("result.json", "predictions.jsonl"):
        home = write_run(folder / part.partition(".")[0], Run({"m": videos_of("+-+")}))
        result = json.loads((home / "result.json").read_bytes())
        del result["predictions_sha256"]
        (home / "result.json").write_text(json.dumps(result))
        add(part, home / part, (home / part).read_bytes(), lambda path: _scored(path.parent))
    write_baseline(folder / "b.json", make_baseline(read_run(folder / "result"), "m"))
    add("baseline", "b.json", (folder / "b.json").read_bytes(), read_baseline)
    config: dict[str, Any] = {"a": [1, {"b": None}]}
    row = {"video": "a", "label": 0, "reason": None, "sha256": None, "warnings": [], "num_views": 1, "decode_s": 1.0}
    row |= {"wait_s": 0.0, "prepare_s": 0.0, "infer_s": {"m": 0.5}, "elapsed_s": 2.0, "end": 4}
    for part, valid in (("run.json", config), ("videos.jsonl", row)):
        home = folder / part.replace(".", "-")
        home.mkdir()
        (home / "run.json").write_text(json.dumps(config))

        def opened(path: Path) -> None:
            (path.parent / "predictions.jsonl").write_bytes(b"1234\n")
            (path.parent / "videos.jsonl").touch()
            with Journal.open(path.parent, config, ["a", "b"], force=False) as journal:
                assert len(journal.done) < 3

        add(part, home / part, json.dumps(valid) + "\n", opened)


def _scored(folder: Path) -> None:
    run = read_run(folder)
    format_scores(run, score_run(run))
    make_baseline(run, "m")


def _add_events(add: Add) -> None:
    smoothed = [{"label": "run", "index": 0, "prob": 0.9}, {"label": "sit", "index": 1, "prob": 0.1}]
    own = {"camera": "door", "source": "s", "latency_ms": 1.0}
    answer = {**own, "type": "window", "begins": True, "start_s": 0.0, "end_s": 3.16, "smoothed": smoothed}
    answer |= {"left_out": 0.0, "end_time": "2026-03-01T12:00:00.250Z"}
    gap = {**own, "type": "gap", "start_s": 3.2, "end_s": 5.0, "reason": "lost", "latency_ms": None}
    later = {**answer, "begins": False, "start_s": 5.0, "end_s": 8.16}
    events = list(
        replay(
            [("", SmoothedAnswer(start_s=0, end_s=3, smoothed=(Prediction("run", 0, 0.9),), left_out=0, latency_ms=1))],
            _rules,
        )
    )
    true = {"duration": 9.0, "subset": "val", "annotations": [{"label": "run", "segment": [0.0, 3.0]}]}
    truth = Truth({"door": 9.0}, [Segment("door", "run", 0, 3)])
    found = {"results": {"door": [{"label": "run", "segment": [0.0, 2.0], "score": 0.5}]}}

    def scored(found: list[Segment], truth: Truth) -> str:
        return format_event_scores(score_segments(found, truth))

    add(
        "answers",
        "answers.jsonl",
        _lines([answer, gap, later]),
        lambda path: [event.to_json() for event in replay(read_records(path), _rules)],
    )
    add(
        "events",
        "events.jsonl",
        "".join(event.to_json() + "\n" for event in events),
        lambda path: scored(read_found(path, truth), truth),
    )
    add("ground truth", "truth.json", {"database": {"door": true}}, lambda path: scored([], read_truth(path)))
    add("found", "found.json", found, lambda path: scored(read_found(path, truth), truth))


def _rules(_camera: str | None) -> EventRules:
    return EventRules()


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _add_lists(add: Add) -> None:
    names = LABELS.names

    def listed(path: Path) -> object:
        return read_dataset(path, LABELS)

    add("path,label", "l.csv", f'path,label,split\n"a.mp4",{names[0]},val\nb/c.mp4,{names[1]},test\n', listed)
    add("path index", "l.txt", "a.mp4 0\nb/c d.mp4 4\n", listed)
    add("ucf101", "u.txt", f"{names[0]}/v_{names[0]}_g01_c01.avi 1\n", listed)
    add("kinetics csv", "k.csv", f"label,youtube_id,time_start,time_end,split\n{names[0]},abc,1,11,val\n", listed)
    video = {"annotations": {"label": names[0], "segment": [1.0, 11.0]}, "subset": "val", "url": "x"}
    add("kinetics json", "k.json", {"abc": video}, listed)
    video = {"subset": "validation", "annotations": {"label": names[1]}}
    add("omz json", "o.json", {"labels": list(names), "database": {"abc": video}}, listed)
    items = [{"id": "1", "template": f"[{names[0]}]"}, {"id": 2, "template": names[1]}]
    add("something json", "something.json", items, listed)
    pinned = {"path": "a.mp4", "label": names[0], "index": 0, "sha256": "0" * 64, "num_bytes": 1}
    manifest: dict[str, Any] = {
        "manifest_version": 1,
        "digest": "",
        "root": ".",
        "labels": "five",
        "num_classes": 5,
        "labels_sha256": LABELS.sha256,
        "frames_fps": "25",
        "made_from": {"name": "l", "format": "omz", "sha256": None, "split": None, "classes_sha256": None}
        | {"num_listed": 1},
        "choice": {"how": "omz", "num_asked": 1, "seed": None, "drops_short": False},
        "videos": [pinned | {"duration_s": 1.0, "fps": 25.0, "num_frames": 25}],
        "excluded": [{"path": "b.mp4", "reason": "missing"}],
    }

    def verified(path: Path) -> None:
        try:  # an edited manifest is told by its digest: most get a right one here
            content = json.loads(path.read_bytes())
            path.write_text(json.dumps({**content, "digest": digest_of(content)}))
        except (ValueError, TypeError, RecursionError, AttributeError):
            pass
        found = read_manifest(path)
        found.videos(LABELS)
        verify_videos(found)

    add("manifest", "m.json", manifest, verified)


def _add_models(folder: Path, add: Add) -> None:
    add("labels", "classes.txt", "id,name\n0,red\n1,green\n", read_label_file)
    add("labels json", "labels.json", {"red": "0", "green": "1"}, read_label_file)
    add("description", "s.json", spec_to_fields(tiny_spec()), lambda path: read_spec(path.read_bytes()).title())
    setting = Setting(device="CPU", inference_precision="f32", mode="latency", num_streams=None)
    write_profile_of(write_tiny_ir(folder / "m.xml"), folder / "p.json", recommended=setting)
    add("profile", "p.json", (folder / "p.json").read_bytes(), lambda path: read_profile(path).settings())
    add("any json", "i.json", (folder / "p.json").read_bytes(), describe_json)
    [answer] = fake_run().answers
    golden_fields = {"m": [{**answer.to_fields(), "probabilities": [[0.5, 0.5]]}]}
    add("golden answers", "golden.json", golden_fields, lambda path: golden.from_bytes(path.read_bytes()))
    add("bundle", "bundle.json", make_manifest().to_bytes(), lambda path: BundleManifest.from_bytes(path.read_bytes()))
    regions = {"r": {"polygon": [[0, 0], [1, 0], [0.5, 1]]}, "s": {"rectangle": [0, 0, 1, 0.5]}}
    camera = {
        "source": "camera:0",
        "labels": [LABELS.names[0]],
        "thresholds": {LABELS.names[1]: {"on": 0.7}},
        "regions": regions,
    }
    web = {"token": "{{" + "x" * 15}
    watched = {"model": "m.xml", "defaults": {"hop": 5}, "web": web, "cameras": {"a": camera}}
    add("cameras", "cameras.yaml", watched, lambda path: check_labels(read_config(path), LABELS))
    np.save(folder / "a.npy", np.zeros((9, 4, 4, 3), np.uint8))

    def framed(path: Path) -> None:
        describe_array(path)
        clip = ClipArray.open(path, tiny_spec())
        next(iter(clip.frames([0])))

    add("array", "a.npy", (folder / "a.npy").read_bytes(), framed)
