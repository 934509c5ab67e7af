import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from small import write_small_ir
from synthetic import write_video

from i3d_edge.convert.quantization import calibration_clips, quantize_ir
from i3d_edge.core.errors import CalibrationError, DependencyError, IRError, OutputError, SpecError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.runtime import Engine, Source, read_ir
from i3d_edge.runtime.frames.sources import video_source

pytestmark = pytest.mark.isa

SPEC = i3d_spec(labels=kinetics_400(), num_frames=9)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three videos of smooth moving colours, 60 frames each."""
    folder = tmp_path_factory.mktemp("calibration")
    frame, row, column, channel = np.ogrid[:60, :64, :80, :3]
    paths = []
    for number in range(3):
        waves = np.sin((row * (number + 1) + column * (3 - channel) + 4 * frame) / 9.0 + channel)
        pixels = np.rint(127.5 + 120 * waves).astype(np.uint8)
        paths.append(write_video(folder / f"{number}.mp4", list(pixels)))
    return paths


@pytest.fixture(scope="module")
def int8_ir(plain_ir: Path, videos: list[Path], once: Callable[..., Path]) -> Path:
    def write(path: Path) -> None:
        report = quantize_ir(plain_ir, videos, path, num_clips=4)
        assert (len(report.layers), set(report.layers.values())) == (58, {"int8"})

    return once("int8.xml", write)


def test_it_is_int8_and_says_so(int8_ir: Path, plain_ir: Path) -> None:
    _, spec = read_ir(int8_ir)
    assert spec.precision == "INT8"
    assert spec.passes == ("embed-preprocessing", "fuse-layout", "fold-stem-dhw", "quantize-int8")
    assert "nncf" in spec.made_with
    kinds = [node.get_type_name() for node in ov.Core().read_model(int8_ir).get_ops()]
    assert kinds.count("FakeQuantize") > 57
    ratio = int8_ir.with_suffix(".bin").stat().st_size / plain_ir.with_suffix(".bin").stat().st_size
    assert ratio < 0.3


def sources(paths: list[Path]) -> list[Source]:
    return [video_source(path) for path in paths]


def test_it_computes_nearly_the_same(int8_ir: Path, plain_ir: Path, videos: list[Path]) -> None:
    clips, _ = calibration_clips(sources(videos), SPEC, num_clips=3, seed=1)
    plain, int8 = Engine(plain_ir, inference_precision="f32"), Engine(int8_ir)
    assert (plain.precision, int8.precision) == ("f32", "int8")
    for clip in clips:
        pixels = np.ascontiguousarray(clip.transpose(0, 3, 1, 2)[np.newaxis])
        expected, got = plain.probabilities(pixels), int8.probabilities(pixels)
        assert np.abs(got - expected).sum() < 0.25 * expected.sum()
        assert np.corrcoef(got, expected)[0, 1] > 0.9


def test_the_same_videos_in_any_order_give_the_same_ir(videos: list[Path], tmp_path: Path) -> None:
    small, once, again = (tmp_path / f"{name}.xml" for name in ("small", "once", "again"))
    write_small_ir(small)
    quantize_ir(small, videos, once, num_clips=4)
    quantize_ir(small, videos[::-1], again, num_clips=4)
    assert again.with_suffix(".bin").read_bytes() == once.with_suffix(".bin").read_bytes()
    assert without_counters(again) == without_counters(once)


def without_counters(path: Path) -> str:
    """Return an IR's text without the numbers that OpenVINO counts up within a process to name nodes."""
    return re.sub(r"_\d+\b", "_N", path.read_text())


def test_clips_come_from_every_video_and_from_different_parts(videos: list[Path]) -> None:
    three, _ = calibration_clips(sources(videos), SPEC, num_clips=3, seed=0)
    nine, _ = calibration_clips(sources(videos), SPEC, num_clips=9, seed=0)
    assert (len(three), len(nine)) == (3, 9)
    assert len({clip.tobytes() for clip in nine}) == 9
    assert all(any(np.array_equal(clip, other) for other in nine) for clip in three)


def test_a_broken_video_is_skipped_with_its_reason(videos: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    clips, skipped = calibration_clips(sources([*videos, broken]), SPEC, num_clips=6, seed=0)
    assert len(clips) == 6
    [(path, reason)] = skipped
    assert path == broken
    assert reason.startswith("cannot open video ")


def test_videos_that_are_all_the_same(tmp_path: Path) -> None:
    paths = [write_video(tmp_path / f"{name}.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 20) for name in "ab"]
    with pytest.raises(CalibrationError) as caught:
        calibration_clips(sources(paths), SPEC, num_clips=6, seed=0)
    assert str(caught.value) == (
        "calibration needs at least 2 different clips; 2 videos gave 1\n\n"
        "hint: give videos of what the model will see, a dozen or more: files, patterns or folders"
    )


def test_an_int8_ir_is_not_quantized_again(int8_ir: Path, videos: list[Path], tmp_path: Path) -> None:
    with pytest.raises(IRError) as caught:
        quantize_ir(int8_ir, videos, tmp_path / "q.xml")
    assert str(caught.value) == f"IR '{int8_ir}' is INT8 already"


def test_a_model_of_two_streams(plain_ir: Path, videos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = read_ir(plain_ir)
    spec = i3d_spec(labels=kinetics_400(), stream="flow")
    monkeypatch.setattr("i3d_edge.convert.quantization.read_ir", lambda _path: (model, spec))
    with pytest.raises(SpecError, match="only models of RGB alone can be quantized; this is I3D flow"):
        quantize_ir(plain_ir, videos, plain_ir.with_name("q.xml"))


def test_an_existing_output_is_kept(plain_ir: Path, int8_ir: Path, videos: list[Path]) -> None:
    before = int8_ir.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        quantize_ir(plain_ir, videos, int8_ir)
    assert int8_ir.read_bytes() == before


def test_existing_weights_are_kept_too(plain_ir: Path, videos: list[Path], tmp_path: Path) -> None:
    (tmp_path / "q.bin").write_text("precious")
    with pytest.raises(OutputError, match=r"q.bin' exists already"):
        quantize_ir(plain_ir, videos, tmp_path / "q")
    assert (tmp_path / "q.bin").read_text() == "precious"


def test_without_nncf(plain_ir: Path, videos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(DependencyError) as caught:
        quantize_ir(plain_ir, videos, tmp_path / "q.xml")
    assert str(caught.value) == ("quantizing needs the package nncf, which is not installed\n\nhint: pip install nncf")
