"""Which clips go, by a table and on disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from i3d_edge.core.schema import to_json
from i3d_edge.runtime.record.clip import VERSION, ClipNote
from i3d_edge.runtime.record.retention import KeptClip, Library, expired, kept_ids
from i3d_edge.runtime.settings import ClipsConfig

DAYS = {"alert": 30.0, "detection": 7.0}
GIB = 1 << 30


def clip(name: str, age_days: float, size: int = 1) -> KeptClip:
    severity = {"a": "alert", "d": "detection"}.get(name[0])
    return KeptClip(name, Path(), (100 - age_days) * 86_400, severity, size)


@pytest.mark.parametrize(
    ("clips", "kept", "quota", "gone"),
    [
        pytest.param([], "", 0, [], id="nothing"),
        pytest.param([clip("d1", 6.9), clip("a1", 29.9)], "", 9, [], id="young"),
        pytest.param([clip("a1", 7.1), clip("d1", 7.1), clip("a2", 30.1)], "", 9, ["a2", "d1"], id="old"),
        pytest.param([clip("x1", 99)], "", 9, [], id="no severity, no days"),
        pytest.param([clip("d1", 8), clip("a1", 40)], "d1 a1", 9, [], id="kept, however old"),
        pytest.param([clip("d1", 1), clip("d2", 3), clip("a1", 2)], "", 2, ["d2"], id="oldest beyond the quota"),
        pytest.param([clip("d1", 1, 5), clip("d2", 3, 5), clip("d3", 2, 5)], "", 9, ["d2", "d3"], id="until it fits"),
        pytest.param([clip("d1", 1), clip("d2", 3), clip("d3", 2)], "d2", 2, ["d3"], id="kept counts and stays"),
        pytest.param([clip("d1", 1), clip("d2", 3)], "d2", 0, ["d1"], id="kept fills the quota"),
        pytest.param([clip("a1", 20), clip("d1", 8), clip("d2", 1)], "", 2, ["d1"], id="what is too old makes room"),
    ],
)
def test_what_goes(clips: list[KeptClip], kept: str, quota: int, gone: list[str]) -> None:
    assert [item.id for item in expired(clips, set(kept.split()), 100 * 86_400, DAYS, quota)] == gone


def write(folder: Path, day: str, name: str, *, age_days: float = 0, severity: str = "detection") -> None:
    place = folder / day
    place.mkdir(parents=True, exist_ok=True)
    note = ClipNote(
        event={"severity": severity}, video="", picture=None, codec="", start_s=0, duration_s=0, reason=None
    )
    for suffix, data in ((".mp4", b"x" * 1000), (".jpg", b"x"), (".json", to_json(note, version=VERSION).encode())):
        (place / f"{name}{suffix}").write_bytes(data)
        at = time.time() - age_days * 86_400
        os.utime(place / f"{name}{suffix}", (at, at))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_and_empty_days_go(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    write(folder, "2026-01-01", "17.5-aa", age_days=8)
    write(folder, "2026-01-02", "18.5-aa", age_days=8)
    write(folder, "2026-01-02", "18.5-bb", age_days=8, severity="alert")
    write(folder, "2026-01-03", "19.5-aa", age_days=8)
    (tmp_path / "reviews.jsonl").write_text('{"id": "19.5-aa", "verdict": "keep"}\n')
    (folder / "other").mkdir()
    Library(folder, tmp_path / "reviews.jsonl", ClipsConfig()).tidy()
    assert [name for name in names(folder) if not name.endswith((".jpg", ".json"))] == [
        "2026-01-02",
        "2026-01-02/18.5-bb.mp4",
        "2026-01-03",
        "2026-01-03/19.5-aa.mp4",
        "other",
    ]


def test_a_new_clip_makes_room_for_itself(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    write(folder, "2026-01-01", "1", age_days=1)
    library = Library(folder, tmp_path / "reviews.jsonl", ClipsConfig(quota_gib=1500 / GIB))
    write(folder, "2026-01-02", "2")
    library.add(folder / "2026-01-02", "2")
    assert [name for name in names(folder) if name.endswith(".mp4")] == ["2026-01-02/2.mp4"]


def test_kept_clips_leave_no_room(tmp_path: Path) -> None:
    folder, reviews = tmp_path / "clips", tmp_path / "reviews.jsonl"
    write(folder, "2026-01-01", "1")
    library = Library(folder, reviews, ClipsConfig(quota_gib=1000 / GIB))
    assert "somebody" not in (library.refusal() or "")
    reviews.write_text('{"id": "1", "verdict": "keep"}\n')
    assert "the clips that somebody keeps" in (library.refusal() or "")


def test_the_last_review_counts(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text(
        '{"id": "1", "verdict": "keep"}\n{"id": "2", "verdict": "keep"}\nnonsense\n[1]\n{"id": ["x"], "verdict": ""}\n'
        '{"id": "1", "verdict": "seen"}\n{"id": "3", "verdict": "seen"}\n{"id": "4", "verd'
    )
    assert kept_ids(path) == {"2"}
    assert kept_ids(tmp_path / "none") == set()
