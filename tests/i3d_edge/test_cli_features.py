"""`i3d features` as a user runs it, on networks that answer at once."""

import errno
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from synthetic import write_video
from tiny import write_tiny_ir

from i3d_edge import VideoClassifier, ViewOptions
from i3d_edge.cli import main
from i3d_edge.core.files import sha256_file

NUM_FRAMES, STRIDE = 60, 4
STARTS = list(range(0, NUM_FRAMES - 9 + 1, STRIDE))  # a last clip, from frame 51 on, would be off the grid


def moving(num_frames: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(num_frames)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of RGB and of flow, and two videos."""
    folder = tmp_path_factory.mktemp("features")
    write_tiny_ir(folder / "rgb.xml", sees_time=True)
    write_tiny_ir(folder / "flow.xml", sees_time=True, stream="flow", input_type="f32", has_preprocessing=False)
    (folder / "clips").mkdir()
    write_video(folder / "clips" / "long.mp4", moving(NUM_FRAMES))
    write_video(folder / "clips" / "short.mp4", moving(5))
    return folder


@pytest.fixture(autouse=True)
def in_folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    monkeypatch.setenv("I3D_MODEL", "rgb.xml")


def features(output: Path, *args: object) -> Result:
    words = ["features", *(args or ("clips",)), "-o", output, "--stride", STRIDE, "--inference-precision", "f32"]
    return CliRunner().invoke(main, list(map(str, words)), catch_exceptions=False)


def described(output: Path, name: str = "long") -> dict:
    return json.loads((output / f"{name}.json").read_text())


def test_a_row_for_each_clip_and_what_it_is(tmp_path: Path) -> None:
    result = features(tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "clips/long.mp4  13 x 3",
        "clips/short.mp4  1 x 3",
    ]
    assert "clips/short.mp4: shorter than a clip" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.json", "long.npy", "short.json", "short.npy"]

    options = ViewOptions(hop=STRIDE, covers_end=False)
    views = (
        VideoClassifier("rgb.xml", extras=["embedding"], inference_precision="f32")
        .classify("clips/long.mp4", options)
        .views
    )
    rows = np.load(tmp_path / "long.npy")
    assert (rows.dtype, rows.shape) == (np.float32, (len(STARTS), 3))
    assert rows == pytest.approx(np.stack([view.extras["embedding"] for view in views]), rel=1e-4, abs=1e-3)

    found = described(tmp_path)
    assert found["rows"] == {
        "start_s": [pytest.approx(start / 25) for start in STARTS],
        "end_s": [pytest.approx((start + 9) / 25) for start in STARTS],
    }
    assert found["arrays"] == {"long.npy": {"shape": [13, 3], "dtype": "float32"}}
    assert (found["video"]["num_frames"], found["video"]["mean_fps"]) == (NUM_FRAMES, 25)
    settings = found["settings"]
    [model] = settings.pop("models")
    assert settings.pop("pooling").startswith("averaged as the classifier reads them")
    assert settings == {
        "layer": "embedding",
        "frame_rate_fps": "25",
        "clip_frames": 9,
        "clip_frame_stride": 1,
        "stride": STRIDE,
        "resize": "short side 32, centre crop 24 x 24",
        "crops": ["centre"],
        "format": "rows",
    }
    assert (model["sha256"], model["weights_sha256"]) == (sha256_file(Path("rgb.xml")), sha256_file(Path("rgb.bin")))
    assert (model["stream"], model["flow"], model["origin"], model["fingerprint"]) == ("rgb", None, "unknown", None)


def test_what_other_projects_read(tmp_path: Path) -> None:
    """ActionFormer: (T, 2C), RGB before flow. RTFM: (T, 10, C). XDVioDet, DeepMIL: (T, C) for each crop."""
    write_video(tmp_path / "v.mp4", moving(14))
    both = features(tmp_path / "both", tmp_path / "v.mp4", "--flow-model", "flow.xml")
    assert both.exit_code == 0, both.output
    features(tmp_path / "flow", tmp_path / "v.mp4", "--model", "flow.xml")
    features(tmp_path / "rgb", tmp_path / "v.mp4")
    streams = [np.load(tmp_path / name / "v.npy") for name in ("rgb", "flow")]
    assert [stream.shape for stream in streams] == [(2, 3), (2, 2)]
    assert np.array_equal(np.load(tmp_path / "both" / "v.npy"), np.hstack(streams))
    assert [model["flow"] for model in described(tmp_path / "both", "v")["settings"]["models"]] == [None, "tvl1"]

    features(tmp_path / "ten", "clips/long.mp4", "--ten-crop")
    features(tmp_path / "one", "clips/long.mp4")
    ten = np.load(tmp_path / "ten" / "long.npy")
    assert ten.shape == (13, 10, 3)
    assert ten[:, 0] == pytest.approx(np.load(tmp_path / "one" / "long.npy"), rel=1e-5, abs=1e-4)
    assert len(np.unique(ten[0, :5, 0])) == 5
    assert ten[:, 5:] == pytest.approx(ten[:, :5], rel=1e-5, abs=1e-4)  # the network does not tell left from right

    features(tmp_path / "crops", "clips/long.mp4", "--ten-crop", "--format", "per-crop")
    for number in range(10):
        assert np.array_equal(np.load(tmp_path / "crops" / f"long__{number}.npy"), ten[:, number])
    assert len(list((tmp_path / "crops").iterdir())) == 11


def test_ms_tcn_reads_a_column_for_each_frame(tmp_path: Path) -> None:
    features(tmp_path / "rows")
    features(tmp_path / "columns", "clips", "--format", "ms-tcn")
    rows, columns = (np.load(tmp_path / name / "long.npy") for name in ("rows", "columns"))
    assert columns.shape == (3, NUM_FRAMES)
    # The clip from frame 4 k on has its middle at frame 4 k + 4.
    nearest = [min(range(len(STARTS)), key=lambda row, frame=frame: abs(4 * row + 4 - frame)) for frame in range(60)]
    ties = [frame for frame in range(4, 52) if frame % 4 == 2]
    others = [frame for frame in range(60) if frame not in ties]
    assert np.array_equal(columns[:, others], rows[nearest].T[:, others])
    assert np.load(tmp_path / "columns" / "short.npy").shape == (3, 5)


def test_the_videos_own_frames(tmp_path: Path) -> None:
    write_video(tmp_path / "fast.mp4", moving(60), rate=50, time_base=Fraction(1, 50))
    features(tmp_path / "model", tmp_path / "fast.mp4")
    features(tmp_path / "own", tmp_path / "fast.mp4", "--every-frame")
    assert [len(np.load(tmp_path / name / "fast.npy")) for name in ("model", "own")] == [6, 13]
    assert described(tmp_path / "own", "fast")["settings"]["frame_rate_fps"] == "source"
    assert described(tmp_path / "own", "fast")["rows"]["end_s"][0] == pytest.approx(9 / 50)


@pytest.mark.parametrize("layer", ["mean", "logits"])
def test_another_layer(tmp_path: Path, layer: str) -> None:
    features(tmp_path, "clips/long.mp4", "--layer", layer)
    assert np.load(tmp_path / "long.npy").shape == (13, 3 if layer == "mean" else 5)
    assert described(tmp_path)["settings"]["layer"] == layer


def test_what_is_done_is_not_done_again(tmp_path: Path, made: Path) -> None:
    output = tmp_path / "out"
    videos = tmp_path / "videos"
    videos.mkdir()
    write_video(videos / "a.mp4", moving(20))
    assert features(output, videos).exit_code == 0
    before = (output / "a.npy").stat().st_mtime_ns
    write_video(videos / "b.mp4", moving(20, seed=1))
    result = features(output, videos)
    assert (result.exit_code, result.stdout) == (0, f"{videos}/b.mp4  3 x 3\n")
    assert "1 video done already" in result.stderr
    assert (output / "a.npy").stat().st_mtime_ns == before

    result = features(output, videos, "--ten-crop")
    assert result.exit_code == 1
    assert f"OutputError: '{output}/a.json' describes other features: crops" in result.stderr
    assert "hint: choose another folder, or pass --force to replace them" in result.stderr
    assert np.load(output / "a.npy").ndim == 2
    assert features(output, videos, "--ten-crop", "--force").exit_code == 0
    assert np.load(output / "a.npy").ndim == 3

    (output / "a.npy").unlink()  # half of a pair is none
    assert features(output, videos, "--ten-crop").stdout == f"{videos}/a.mp4  3 x 10 x 3\n"
    write_video(videos / "a.mp4", moving(30))
    assert "describes other features: video" in features(output, videos, "--ten-crop").stderr
    (output / "b.json").write_text("{}")
    assert "b.json' states no version" in features(output, videos / "b.mp4", "--ten-crop").stderr
    (output / "b.json").write_text('{"schema_version": 1}')
    assert "b.json' is damaged: " in features(output, videos / "b.mp4", "--ten-crop").stderr
    (output / "b.json").unlink()
    result = features(output, videos / "b.mp4", "--ten-crop")
    assert f"OutputError: output '{output}/b.npy' exists already" in result.stderr


def test_a_bad_video_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    result = features(tmp_path / "out", tmp_path / "bad.mp4", "clips/short.mp4")
    assert result.exit_code == 1
    assert "VideoOpenError" in result.stderr
    assert result.stderr.endswith("1 video could not be read\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["short.json", "short.npy"]


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    result = features(tmp_path, "clips/short.mp4")
    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "No space left on device" in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-"], "features are named after their videos: give files, not standard input"),
        (["clips/short.mp4", "./clips/short.mp4"], "would have the same name"),
        (["clips", "--format", "ms-tcn", "--ten-crop"], "features for MS-TCN are of one crop"),
    ],
)
def test_what_cannot_be(args: list[str], message: str, tmp_path: Path) -> None:
    result = features(tmp_path / "out", *args)
    assert result.exit_code == 2
    assert message in result.stderr


def test_models_of_different_clips(tmp_path: Path) -> None:
    write_tiny_ir(tmp_path / "flow.xml", sees_time=True, stream="flow", num_frames=11)
    result = features(tmp_path / "out", "clips", "--flow-model", tmp_path / "flow.xml")
    assert result.exit_code == 1
    assert "ClipShapeError: the models take different clips: " in result.stderr
