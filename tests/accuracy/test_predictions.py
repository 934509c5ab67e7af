import json
from pathlib import Path

import numpy as np
import pytest

from i3d_edge.accuracy.data.formats.omz import checker_order
from i3d_edge.accuracy.result.metrics import VideoOutcome
from i3d_edge.accuracy.result.predictions import prediction_row
from i3d_edge.accuracy.result.recorded_video import MEAN_OF_PROBABILITIES
from i3d_edge.accuracy.result.scoring import score_predictions
from i3d_edge.core.errors import ResultError
from i3d_edge.runtime import Clip


def write(path: Path, rows: list[tuple[str, int | None, list[float]]]) -> Path:
    """Write rows of one model: the name of a video, its label, and the probabilities of its next view."""
    views: dict[str, int] = {}
    lines = []
    for video, label, probs in rows:
        number = views[video] = views.get(video, -1) + 1
        probs = [*probs, *[0.0] * (7 - len(probs))]
        row = {"video": video, "model": "m", "view": number, "clip": number, "crop": 0, "start_s": 0, "end_s": 1}
        lines.append(json.dumps({**row, "label": label, "probs": probs}) + "\n")
    path.write_text("".join(lines))
    return path


def counts(path: Path, **options: bool) -> dict[str, tuple[int, int]]:
    found = score_predictions(path, ["m"], MEAN_OF_PROBABILITIES, **options)["m"].metrics
    return {name: (metric["num_correct"], metric["num_total"]) for name, metric in found.items()}


def test_clips_and_videos_are_counted_apart(tmp_path: Path) -> None:
    """Three clips of one video: two are wrong, and the video's mean is right."""
    rows = [("a", 0, [0.9, 0.1]), ("a", 0, [0.4, 0.6]), ("a", 0, [0.45, 0.55]), ("b", 1, [0.2, 0.8])]
    expected = {"clip_top1": (2, 4), "clip_top5": (4, 4), "video_top1": (2, 2), "video_top5": (2, 2)}
    assert counts(write(tmp_path / "rows", rows)) == expected
    assert counts(write(tmp_path / "rows", [rows[0], rows[3], rows[1], rows[2]])) == expected


def test_the_last_video_counts_unless_the_protocol_drops_it(tmp_path: Path) -> None:
    path = write(tmp_path / "rows", [("a", 0, [1.0]), ("b", 0, [1.0]), ("c", 1, [1.0])])
    assert counts(path)["video_top1"] == (2, 3)
    assert counts(path, drops_last_video=True)["video_top1"] == (2, 2)
    assert counts(path, drops_last_video=True)["clip_top1"] == (2, 3)


def test_the_last_video_by_name_is_left_out_in_whatever_order_and_folders(tmp_path: Path) -> None:
    """The order is that of Open Model Zoo's checker: Python's order of what the videos are called in its annotation."""
    ids = ["-Ar5m", "0pull", "3yoga", "Apush", "Yben", "ZZpun", "_cj0", "apark", "mhorse", "zA_abs"]
    folders = "zyx" * 4
    for suffix in ("", ".mp4"):
        paths = [f"{folder}/{name}{suffix}" for folder, name in zip(folders, ids, strict=False)]
        assert sorted(paths[5:] + paths[:5], key=checker_order) == paths
        rows = [(path, int(path == paths[-1]), [1.0]) for path in paths]
        for number, listed in enumerate((rows, rows[::-1], rows[5:] + rows[:5])):
            path = write(tmp_path / f"rows{number}", listed)
            assert counts(path, drops_last_video="by name")["video_top1"] == (9, 9)
            assert counts(path, drops_last_video="by name")["clip_top1"] == (9, 10)
    assert checker_order("a/v.2.mp4")[0] == checker_order("a/v.2")[0] == "v.2"


def test_top5_is_the_fifth_place_and_not_the_sixth(tmp_path: Path) -> None:
    falling = [0.3, 0.25, 0.2, 0.1, 0.08, 0.05, 0.02]
    assert counts(write(tmp_path / "rows", [("a", 4, falling)]))["clip_top5"] == (1, 1)
    assert counts(write(tmp_path / "rows", [("a", 5, falling)]))["clip_top5"] == (0, 1)


def test_a_model_without_labelled_videos(tmp_path: Path) -> None:
    path = write(tmp_path / "rows", [("a", None, [1.0])])
    assert score_predictions(path, ["m"], MEAN_OF_PROBABILITIES) == {}


def test_an_outcome() -> None:
    assert VideoOutcome.of("v", 2, np.array([0.1, 0.6, 0.3])) == VideoOutcome("v", 2, 1, 1, 0.6)


def test_an_answer_that_is_no_probabilities_is_refused_when_it_is_given() -> None:
    clip = Clip(frames=np.zeros((1, 1, 1, 3), np.uint8), start_s=0.0, end_s=1.0)
    with pytest.raises(ResultError, match="answer of model 'm' to video 'v': probabilities sum to 3, not 1"):
        prediction_row("v", "m", 0, clip, 0, np.array([1.0, 1.0, 1.0]))
