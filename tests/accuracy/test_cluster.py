"""A run on a cluster ends as a run in one process does, whatever happens to workers."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_ray import Died, FakeRay, Hangs, RayActorError
from killing import timeless
from synthetic import write_numbered
from tiny import LABELS, write_tiny_ir

from i3d_edge import run_accuracy
from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.schema import Result
from i3d_edge.accuracy.run import cluster
from i3d_edge.accuracy.run.runner import Scored
from i3d_edge.core.errors import ArgumentError, DependencyError, DeviceError, NotFiniteError

score, open_models = cluster.Worker.score, cluster.Worker.open
Worker = cluster.Worker


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
    run(path, path / "one", address=None)
    return path


def run(folder: Path, output: Path, address: str | None = "local", **options: object) -> Result:
    models = [str(folder / "tiny.xml")]
    return run_accuracy(folder / "list.csv", models, output, cluster=address, num_clips=2, **options)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(cluster, "time", SimpleNamespace(monotonic=lambda: fake.clock_s))
    return fake


def scoring(monkeypatch: pytest.MonkeyPatch, trouble: Callable[[str], None]) -> None:
    """Let something happen to a worker before it scores a video, which is given by its path."""

    def troubled(self: Worker, video: ListedVideo) -> Scored:
        trouble(video.path)
        return score(self, video)

    monkeypatch.setattr(Worker, "score", troubled)


def dropped(result: Result) -> dict[str, str]:
    return {item["path"]: item["reason"] for item in result["counts"]["dropped"] if item["path"] != "5.mp4"}


@pytest.mark.parametrize("num_workers", [None, 1, 7])
def test_the_same_files(num_workers: int | None, folder: Path, ray: FakeRay, tmp_path: Path) -> None:
    run(folder, tmp_path / "out", num_workers=num_workers)
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


def test_preempted_workers_are_no_fault_of_the_video(
    folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [3]

    def trouble(path: str) -> None:
        if path == "2.mp4" and left[0]:
            left[0] -= 1
            raise Died

    monkeypatch.setattr(RayActorError, "preempted", True)
    scoring(monkeypatch, trouble)
    run(folder, tmp_path / "out")
    assert timeless(tmp_path / "out") == timeless(folder / "one")


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
    assert (result["counts"]["decoded"], sorted(told)) == (
        6,
        [f"a worker died in '{number}.mp4', which another one tries again" for number in (0, 3)],
    )
    assert run(folder, tmp_path / "out", address=None)["time"]["num_new"] == 0  # and nothing is taken for changed


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

    def opening(self: Worker, sample: Path | None) -> object:
        opened.append(self)
        machine, found = open_models(self, Path("gone") if bad == "no videos" and len(opened) <= num_bad else sample)
        if len(opened) > num_bad or bad == "no videos":
            return machine, found
        if bad == "no model":
            return machine, DeviceError("no model there")
        return machine, {name: {**info, "weights_sha256": "1"} for name, info in found.items()}

    monkeypatch.setattr(Worker, "open", opening)
    why = {
        "no model": "no model there",
        "another model": "its model files are others than here",
        "no videos": "it does not have the videos: no 'gone'",
    }[bad]
    told: list[str] = []
    if num_bad == 2:
        with pytest.raises(DeviceError, match=f"no machine of the cluster can score; .*: {why}"):
            run(folder, tmp_path / "out")
        return
    run(folder, tmp_path / "out", say=told.append)
    assert [text.partition(": a worker on ")[2].partition(" takes no part: ")[2] for text in told] == [why]
    assert timeless(tmp_path / "out") == timeless(folder / "one")


def test_workers_that_never_open(folder: Path, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(self: Worker, sample: Path | None) -> object:
        raise Died

    monkeypatch.setattr(Worker, "open", opening)
    with pytest.raises(DeviceError, match="workers of the cluster keep dying while they load the models"):
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
    with pytest.raises(ArgumentError, match="the cluster has fewer than 1 CPUs"):
        run(folder, tmp_path / "out")
    with pytest.raises(ArgumentError, match="a frozen graph is scored on one machine only"):
        run(folder, tmp_path / "out", graph="graph.pb")

    def refuse(**_options: object) -> None:
        raise ConnectionError("nobody there\nand more")

    monkeypatch.setattr(fake, "init", refuse)
    with pytest.raises(ArgumentError, match=r"no Ray cluster answers at 'auto': nobody there\n"):
        run(folder, tmp_path / "out", address="auto")
    with pytest.raises(ArgumentError, match=r"no Ray cluster answers at '127\.0\.0\.1:1': .*refused"):
        run(folder, tmp_path / "out", address="127.0.0.1:1")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_on_ray_itself(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'i3d-edge[cluster]'")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).resolve().parents[2]), *sys.path]))
    run(folder, tmp_path / "out", num_workers=2)
    assert timeless(tmp_path / "out") == timeless(folder / "one")
