import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(name: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return {line for line in lines if line and not line.startswith("-r")}


def test_requirements_and_project_state_the_same_ranges() -> None:
    assert requirements("requirements-runtime.txt") == set(PROJECT["dependencies"])
    extras = PROJECT["optional-dependencies"]
    assert requirements("requirements.txt") == {*extras["freeze"], *extras["convert"], *extras["quantize"]}
    assert "-r requirements-runtime.txt" in (ROOT / "requirements.txt").read_text()


def test_every_dependency_has_its_line_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [re.split(r"[<>=\[]", item)[0] for item in (*requirements("requirements.txt"), *PROJECT["dependencies"])]
    for name in [*names, "openvino-dev"]:
        assert f"`{name}`" in readme, name


def test_the_wheel_holds_the_packages_and_their_data(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(source)], check=True)
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in tracked.stdout.decode().splitlines():  # the work tree, not the last commit
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([*command, "-w", str(tmp_path), str(source)], check=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packages = {"accuracy", "convert", "freeze", "i3d_edge", "runtime"}
    expected = {
        str(path.relative_to(source))
        for package in packages
        for path in (source / package).rglob("*")
        if path.suffix in (".py", ".txt", ".typed", ".css")
    }
    assert expected <= names
    assert {name.partition("/")[0] for name in names} == {*packages, f"i3d_edge-{PROJECT['version']}.dist-info"}
    assert any(name.endswith("licenses/NOTICE") for name in names)
