"""Work on a cluster ends as in one process, whatever happens to workers."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from fake_ray import Died, FakeRay, Hangs, RayActorError, Task
from killing import timeless
from small import write_small_ir
from synthetic import write_numbered
from tiny import LABELS, write_tiny_ir

from i3d_edge import Classification, FeatureExtractor, classify_videos, run_accuracy
from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.schema import Result
from i3d_edge.accuracy.run import cluster
from i3d_edge.accuracy.run.runner import Scored
from i3d_edge.cli import main
from i3d_edge.core import cluster as pool
from i3d_edge.core.cluster import Cluster
from i3d_edge.core.errors import ArgumentError, DependencyError, DeviceError, NotFiniteError, VideoDecodeError
from i3d_edge.runtime.frames.video import Video
from i3d_edge.runtime.inference import ir

score_here, ir_scorers = cluster.score_here, cluster.ir_scorers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, ten videos of which one is broken, and what one process says of them."""
    path = tmp_path_factory.mktemp("cluster")
    write_tiny_ir(path / "tiny.xml")
    for number in range(10):
        write_numbered(path / f"{number}.mp4", 12 + number)
    (path / "5.mp4").write_text("broken")
    rows = [f"{number}.mp4,{LABELS.names[number % 5]}\n" for number in range(10)]
    (path / "list.csv").write_text("path,label\n" + "".join(rows))
    run(path, path / "one", None)
    return path


LOCAL = Cluster()


def run(folder: Path, output: Path, where: Cluster | None = LOCAL, **options: Any) -> Result:
    models = [str(folder / "tiny.xml")]
    return run_accuracy(folder / "list.csv", models, output, cluster=where, num_clips=2, **options)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: fake.clock_s))
    return fake


def scoring(monkeypatch: pytest.MonkeyPatch, trouble: Callable[[str], None]) -> None:
    """Let something happen to a worker before it scores a video, which is given by its path."""

    def troubled(videos: list[ListedVideo], *rest: Any) -> Iterator[Scored]:
        trouble(videos[0].path)
        yield from score_here(videos, *rest)

    monkeypatch.setattr(cluster, "score_here", troubled)


def dropped(result: Result) -> dict[str, str]:
    return {item["path"]: item["reason"] for item in result["counts"]["dropped"] if item["path"] != "5.mp4"}


@pytest.mark.parametrize("num_workers", [None, 1, 7])
def test_the_same_files(num_workers: int | None, folder: Path, ray: FakeRay, tmp_path: Path) -> None:
    run(folder, tmp_path / "out", Cluster(num_workers=num_workers))
    assert timeless(tmp_path / "out") == timeless(folder / "one")
    assert not ray.is_up


def test_workers_that_die_of_no_video(
    folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()

    def trouble(path: str) -> None:
        if path not in seen:
            seen.add(path)
            raise Died

    scoring(monkeypatch, trouble)
    run(folder, tmp_path / "out")
    assert len(seen) == 10
    assert timeless(tmp_path / "out") == timeless(folder / "one")


@pytest.mark.parametrize("how", [(RayActorError, "preempted"), (Task, "machine_dies")])
@pytest.mark.parametrize("num_deaths", [7, 8])
def test_machines_that_die_are_hardly_the_fault_of_a_video(
    how: tuple[type, str],
    num_deaths: int,
    folder: Path,
    ray: FakeRay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = [num_deaths]

    def trouble(path: str) -> None:
        if path == "2.mp4" and left[0]:
            left[0] -= 1
            raise Died

    monkeypatch.setattr(*how, True)
    scoring(monkeypatch, trouble)
    result = run(folder, tmp_path / "out")
    assert list(dropped(result)) == (["2.mp4"] if num_deaths == 8 else [])
    assert num_deaths == 8 or timeless(tmp_path / "out") == timeless(folder / "one")


def test_videos_that_end_hang_or_fail_their_worker(
    folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trouble(path: str) -> None:
        if path in ("0.mp4", "3.mp4"):
            raise Died if path == "0.mp4" else Hangs
        if path == "7.mp4":
            raise RuntimeError("something\nunforeseen")

    scoring(monkeypatch, trouble)
    told: list[str] = []
    result = run(folder, tmp_path / "out", say=told.append)
    assert dropped(result) == {
        "0.mp4": "WorkerDied: its worker died, for the second time",
        "3.mp4": "WorkerDied: it took more than 1800 s, for the second time",
        "7.mp4": "RuntimeError: something unforeseen",
    }
    assert result["is_complete"]
    assert (result["counts"]["decoded"], sorted(told)[:-1]) == (
        6,
        2 * ["a worker died: another one tries again what it was asked"],
    )
    assert run(folder, tmp_path / "out", None)["time"]["num_new"] == 0  # and nothing is taken for changed


def test_a_driver_that_is_killed_goes_on(folder: Path, ray: FakeRay, tmp_path: Path) -> None:
    for _ in range(3):
        ray.fails_after = ray.num_waits + 6
        with pytest.raises(RuntimeError, match="the driver is killed"):
            run(folder, tmp_path / "out")
        assert not ray.is_up
    ray.fails_after = None
    assert 0 < run(folder, tmp_path / "out")["time"]["num_new"] < 10
    assert timeless(tmp_path / "out") == timeless(folder / "one")


@pytest.mark.parametrize("num_bad", [1, 2])
@pytest.mark.parametrize("bad", ["no model", "another model", "no videos"])
def test_machines_that_lack_something(
    num_bad: int, bad: str, folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []

    def opening(*args: Any) -> object:
        opened.append(args)
        if bad == "no model" and len(opened) <= num_bad:
            raise DeviceError("no model there")
        spec, scorers = ir_scorers(*args)
        if bad == "another model" and len(opened) <= num_bad:
            scorers["tiny"].info["weights_sha256"] = "1"
        return spec, scorers

    monkeypatch.setattr(cluster, "ir_scorers", opening)
    if bad == "no videos":
        monkeypatch.setattr(ListedVideo, "is_there", lambda _: not 0 < len(opened) <= num_bad)
    why = {
        "no model": "no model there",
        "another model": "its model files are others",
        "no videos": f"it does not have the videos: no '{folder}/0.mp4'",
    }[bad]
    told: list[str] = []
    if num_bad == 2:
        with pytest.raises(DeviceError, match=f"no machine of the cluster can take part; .*: {why}"):
            run(folder, tmp_path / "out")
        return
    run(folder, tmp_path / "out", say=told.append)
    assert [text.partition(" takes no part: ")[2] for text in told if text.startswith("WARNING: a worker on ")] == [why]
    assert timeless(tmp_path / "out") == timeless(folder / "one")


def test_workers_that_never_open(folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(*_: object) -> object:
        raise Died

    monkeypatch.setattr(cluster, "ir_scorers", opening)
    with pytest.raises(DeviceError, match="workers keep dying while they open the model"):
        run(folder, tmp_path / "out")


def test_a_model_that_gives_nan_ends_the_run(
    folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_ir(tmp_path / "tiny.xml", weights=np.full((3, 5), np.nan, np.float32))
    for name in ("list.csv", "0.mp4"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(NotFiniteError):
        run(tmp_path, tmp_path / "out")


def test_used_wrongly(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DependencyError, match="--cluster needs the package ray, which is not installed"):
        run(folder, tmp_path / "out")
    fake = FakeRay(num_cpus=0)
    monkeypatch.setitem(sys.modules, "ray", fake)
    with pytest.raises(ArgumentError, match="no machine of the cluster has 1 CPUs now"):
        run(folder, tmp_path / "out")
    with pytest.raises(ArgumentError, match="a frozen graph is scored on one machine only"):
        run(folder, tmp_path / "out", graph="graph.pb")

    def refuse(**_options: object) -> None:
        raise ConnectionError("nobody there\nand more")

    monkeypatch.setattr(fake, "init", refuse)
    with pytest.raises(ArgumentError, match=r"no Ray cluster answers at 'auto': nobody there and more\n"):
        run(folder, tmp_path / "out", Cluster("auto"))
    with pytest.raises(ArgumentError, match=r"no Ray cluster answers at '127\.0\.0\.1:1': .*refused"):
        run(folder, tmp_path / "out", Cluster("127.0.0.1:1"))


@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",), ("--num-clips", "2", "--jsonl")])
def test_classify(form: tuple[str, ...], folder: Path, ray: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    Path("some.txt").write_text(f"3.mp4\n\n{folder}/4.mp4\ngone.mp4\n")
    command = ["classify", "some.txt", "0.mp4", "5.mp4", "7.mp4", "--model", "tiny.xml", *form]
    alone, shared = (CliRunner().invoke(main, [*command, *more]) for more in ((), ("--cluster", "local")))
    assert (alone.exit_code, alone.stdout.count(".mp4")) == (1, 4 if not form else 8), alone.output
    assert (shared.exit_code, shared.stdout) == (1, alone.stdout)
    said = [{*answer.stderr.splitlines()} for answer in (shared, alone)]
    [other] = [line for line in said[0] - said[1] if not line.startswith("model")]  # how long it was compiled
    refused = CliRunner().invoke(main, [*command, "--cluster", "local", "--threads", "1"])
    assert (refused.exit_code, "--threads cannot be used with --cluster" in refused.stderr) == (2, True)
    assert other == f"machine {socket.gethostname()} takes part"


def test_explaining(folder: Path, ray: FakeRay, tmp_path: Path) -> None:
    ir = write_small_ir(tmp_path / "small.xml")
    command = ["classify", str(folder / "0.mp4"), "--model", str(ir), "--inference-precision", "f32", "--maps"]
    for name, more in (("alone.npy", []), ("shared.npy", ["--cluster", "local"])):
        answer = CliRunner().invoke(main, [*command, str(tmp_path / name), *more])
        assert answer.exit_code == 0, answer.output
    assert np.array_equal(np.load(tmp_path / "alone.npy"), np.load(tmp_path / "shared.npy"))


def test_classify_shows_what_workers_saw(folder: Path, ray: FakeRay, tmp_path: Path) -> None:
    model, pages = write_small_ir(tmp_path / "small.xml"), tmp_path / "pages"
    command = ["classify", str(folder / "8.mp4"), str(folder / "9.mp4"), "--model", str(model), "--cluster", "local"]
    done = CliRunner().invoke(main, [*command, "--html", f"{pages}/", "--by-likeness", "--explain"])
    assert done.exit_code == 0, done.output
    assert {path.name for path in pages.iterdir()} == {"8.html", "9.html", "index.html"}


def test_features(folder: Path, ray: FakeRay, tmp_path: Path) -> None:
    command = [
        "features",
        str(folder / "8.mp4"),
        str(folder / "5.mp4"),
        "--model",
        str(write_small_ir(tmp_path / "small.xml")),
    ]
    for name, more in (("alone", []), ("shared", ["--cluster", "local"])):
        answer = CliRunner().invoke(main, [*command, "--stride", "2", "-o", str(tmp_path / name), *more])
        assert answer.exit_code == 1, answer.output
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["8.json", "8.npy"]
    for name in ("8.json", "8.npy"):
        assert (tmp_path / "shared" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_features_of_another_model_are_refused(
    folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = [{"models": 1}, {"models": 2}]
    monkeypatch.setattr(FeatureExtractor, "_describe", lambda *_: {**settings.pop(0), "crops": [0]})
    ir = write_small_ir(tmp_path / "small.xml")
    with FeatureExtractor([ir]) as extractor, pytest.raises(DeviceError, match="model files, precision or device"):
        list(extractor.write([folder / "8.mp4"], tmp_path / "out", cluster=Cluster(num_workers=1)))


def test_classify_what_ends_its_worker(
    folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Video.open.__func__

    def opening(cls: type[Video], path: Path, **options: Any) -> Video:
        if path.name == "2.mp4":
            raise Died
        return opened(cls, path, **options)

    monkeypatch.setattr(Video, "open", classmethod(opening))
    answers = dict(classify_videos([folder / "2.mp4", folder / "3.mp4"], folder / "tiny.xml", cluster=LOCAL))
    assert [type(answer) for answer in answers.values()] == [VideoDecodeError, Classification]
    assert str(answers[f"{folder}/2.mp4"]) == (
        f"cannot use video '{folder}/2.mp4': WorkerDied: its worker died, for the second time"
    )
    hashes = iter("12")
    monkeypatch.setattr(ir, "ir_sha256", lambda _: next(hashes))
    with pytest.raises(DeviceError, match="its model files are others"):
        list(classify_videos([folder / "3.mp4"], folder / "tiny.xml", cluster=Cluster(num_workers=1)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_on_ray_itself(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs i3d-edge[cluster-tests]")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).resolve().parents[2]), *sys.path]))
    run(folder, tmp_path / "out", Cluster(num_workers=2))
    assert timeless(tmp_path / "out") == timeless(folder / "one")
