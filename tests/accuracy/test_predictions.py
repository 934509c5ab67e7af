import json
from pathlib import Path

import numpy as np
import pytest

from i3d_edge.accuracy.result.aggregation import MEAN_OF_PROBABILITIES
from i3d_edge.accuracy.result.metrics import ScoredView
from i3d_edge.accuracy.result.predictions import read_predictions, score_predictions
from i3d_edge.accuracy.result.scoring import score_views


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Five videos with one to five views each through two models, the fourth without a label."""
    rng = np.random.default_rng(3)
    lines = []
    for video in range(5):
        for view in range(video + 1):
            for model in ("one", "two"):
                probs = rng.dirichlet(np.ones(7)).round(6).tolist()
                label = None if video == 3 else video
                row = {"video": f"{video}.mp4", "model": model, "view": view, "label": label, "probs": probs}
                lines.append(json.dumps(row) + "\n")
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(lines))
    return path


def of(path: Path, model: str) -> list[ScoredView]:
    return [
        ScoredView(row["video"], row["label"], np.array(row["probs"]))
        for row in read_predictions(path)
        if row["model"] == model and row["label"] is not None
    ]


def test_video_by_video_is_the_same_as_all_at_once(rows: Path) -> None:
    scores = score_predictions(rows, ["one", "two"], MEAN_OF_PROBABILITIES)
    assert scores == {name: score_views(of(rows, name)) for name in ("one", "two")}
    assert scores["one"].metrics["video_top1"]["num_total"] == 4


def test_the_last_video_can_be_left_out_of_the_figures_per_video(rows: Path) -> None:
    everything = score_predictions(rows, ["one"], MEAN_OF_PROBABILITIES)["one"].metrics
    counted = score_predictions(rows, ["one"], MEAN_OF_PROBABILITIES, drops_last_video=True)["one"].metrics
    but_last = score_views([view for view in of(rows, "one") if view.video != "4.mp4"]).metrics
    assert counted["video_top1"] == but_last["video_top1"]
    assert counted["video_top5"] == but_last["video_top5"]
    assert counted["clip_top1"] == everything["clip_top1"]


def test_a_model_without_labelled_views(rows: Path) -> None:
    assert score_predictions(rows, ["three"], MEAN_OF_PROBABILITIES) == {}
