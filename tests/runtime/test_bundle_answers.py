"""Bundles of a whole network, run by the engine."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from bundles import Entries, edit

from i3d_edge import VideoClassifier
from i3d_edge.runtime.bundle import pack_bundle, unpack_bundle, verify_bundle

pytestmark = pytest.mark.isa


@pytest.fixture(scope="module")
def box(ir_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose answers the IR itself gave."""
    path = tmp_path_factory.mktemp("real") / "box.i3d"
    pack_bundle([ir_path], path)
    return path


def test_answers(box: Path, ir_path: Path, tmp_path: Path) -> None:
    report = verify_bundle(box)
    assert report.passed
    assert report.checks[0].precision == "f32"
    assert report.checks[0].difference < 1e-5
    unpack_bundle(box, tmp_path / "folder")
    frames = np.random.default_rng(5).integers(0, 256, (9, 240, 320, 3), dtype=np.uint8)
    answers = []
    for path in (ir_path, tmp_path / "folder" / "models" / "short.xml"):
        with VideoClassifier(path, inference_precision="f32") as classifier:
            answers.append([(item.label, item.prob) for item in classifier.classify(frames).predictions])
    assert answers[0] == answers[1]


def test_answers_of_an_altered_network(box: Path, tmp_path: Path) -> None:
    """One bias of the network points at another's numbers; every checksum is made right again."""

    def change(entries: Entries) -> None:
        text = entries["models/short.xml"].decode()
        biases = re.findall(r'shape="1, 64, 1, 1, 1" offset="(\d+)" size="256"', text)
        assert len(biases) > 1
        text = text.replace(f'offset="{biases[0]}" size="256"', f'offset="{biases[1]}" size="256"')
        entries["models/short.xml"] = text.encode()

    report = verify_bundle(edit(box, tmp_path / "edited.i3d", change, covering=True))
    assert not report.passed
    assert not report.checks[0].passed
