import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("freeze", "convert", "runtime", "accuracy")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(name: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return {line for line in lines if line and not line.startswith("-r")}


def test_requirements_and_project_state_the_same_ranges() -> None:
    assert requirements("requirements-runtime.txt") == set(PROJECT["dependencies"])
    extras = PROJECT["optional-dependencies"]
    assert requirements("requirements.txt") == {*extras["freeze"], *extras["quantize"]}
    assert "-r requirements-runtime.txt" in (ROOT / "requirements.txt").read_text()


def test_every_dependency_has_its_line_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    needed = *requirements("requirements.txt"), *PROJECT["dependencies"], *PROJECT["optional-dependencies"]["watch"]
    names = [re.split(r"[<>=\[]", item)[0] for item in needed]
    for name in [*names, "openvino-dev"]:
        assert f"`{name}`" in readme, name


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the work tree, with its symlinks, to build in."""
    folder = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in tracked.stdout.decode().splitlines():
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def build(source: Path, kind: str, folder: Path) -> Path:
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, check=True)
    [path] = folder.iterdir()
    return path


def test_the_wheel_holds_one_package_and_its_data(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(build(source, "wheel", tmp_path)) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    expected = {
        str(Path(*place, path.relative_to(source)))
        for package, place in (("i3d_edge", ()), *((room, ("i3d_edge",)) for room in ROOMS))
        for path in (source / package).rglob("*")
        if path.suffix in (".py", ".txt", ".typed", ".j2", ".css", ".csv", ".index", ".js", ".json", ".toml")
    }
    assert expected <= names
    assert {name.partition("/")[0] for name in names} == {"i3d_edge", f"i3d_edge-{PROJECT['version']}.dist-info"}
    assert any(name.endswith("licenses/NOTICE") for name in names)

    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}); from importlib.util import find_spec\n"
        f"print(*(name for room in {ROOMS} for name in (room, 'i3d_edge.' + room) if find_spec(name)))"
    )
    found = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [f"i3d_edge.{room}" for room in ROOMS]


def test_the_source_distribution_holds_no_file_twice(source: Path, tmp_path: Path) -> None:
    with tarfile.open(build(source, "sdist", tmp_path)) as archive:
        names = [Path(item.name) for item in archive if item.name.endswith(".py")]
        assert not any(item.issym() for item in archive)
    inside = [Path(*name.parts[1:]) for name in names]
    in_rooms = [path for path in inside if path.parts[0] in ROOMS]
    assert len(in_rooms) > 100
    assert not [path for path in inside if path.parts[:2] in {("i3d_edge", room) for room in ROOMS}]
