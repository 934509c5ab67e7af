"""Arguments that cannot be are refused before any work, by name."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import LABELS, write_tiny_ir

from i3d_edge import EventRules, LabelRules, StreamOptions, VideoClassifier, ViewOptions
from i3d_edge.core.errors import ArgumentError
from i3d_edge.runtime.prediction import top_k


@pytest.mark.parametrize(
    ("taker", "values", "finding"),
    [
        (ViewOptions, {"num_clips": 0}, "expected int >= 1; got 0"),
        (ViewOptions, {"num_clips": True}, "expected int, got bool; got True"),
        (ViewOptions, {"num_crops": 2}, "invalid enum value 2"),
        (ViewOptions, {"hop": -1}, "expected int >= 1; got -1"),
        (ViewOptions, {"fusion": "x"}, "invalid enum value 'x'"),
        (ViewOptions, {"frames_fps": -1}, "expected a rate above 0; got -1"),
        (StreamOptions, {"frames_fps": Fraction(0)}, "expected a rate above 0; got 0"),
        (StreamOptions, {"hop": 0}, "expected int >= 1; got 0"),
        (StreamOptions, {"labels": "run"}, "expected array, got str; got 'run'"),
        (StreamOptions, {"reconnect": -1}, "expected int >= 0; got -1"),
        (StreamOptions, {"max_duration_s": float("nan")}, "expected float >= 0.0; got nan"),
        (StreamOptions, {"cooldown_s": -1}, "expected float >= 0.0; got -1"),
        (LabelRules, {"severity": "high"}, "invalid enum value 'high'"),
        (EventRules, {"by_label": {"run": 3}}, "[...]: expected object, got int"),
        (StreamOptions, {"rtsp_transport": "sctp"}, "invalid enum value 'sctp'"),
    ],
)
def test_options(taker: Callable[..., object], values: dict[str, Any], finding: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        taker(**values)
    [name] = values
    assert caught.value.message.startswith(f"{name}: {finding}")


def test_a_classifiers_arguments(tmp_path: Path, subtests: pytest.Subtests) -> None:
    path = write_tiny_ir(tmp_path / "tiny.xml")
    for name, value in [("num_streams", -1), ("num_streams", 0), ("num_threads", 0), ("mode", "fast")]:
        with subtests.test(name=name, value=value), pytest.raises(ArgumentError, match=f"^{name}: "):
            VideoClassifier(path, **{name: value})
    with VideoClassifier(path) as classifier:
        for k in (-1, 0, 2.5):
            with subtests.test(k=k), pytest.raises(ArgumentError, match=r"^k: expected int"):
                classifier.classify("absent.mp4", k=k)
    assert len(top_k(np.ones(5), LABELS, np.int64(2))) == 2
