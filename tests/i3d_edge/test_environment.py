from pathlib import Path

import pytest

from i3d_edge.environment import ROOMS, Installed, Problem, find_problems

ROOT = Path("/env")
HERE = {name: ROOT / name for name in ROOMS}
VERSIONS = {"i3d-edge": "0.1.0", "openvino": "2026.4.1", "numpy": "2.4.6"}
REQUIREMENTS = {
    "i3d-edge": ["numpy<3,>=2.1", "openvino<2027,>=2026.2", 'nncf<4,>=3; extra == "quantize"'],
    "openvino": ["numpy<2.6.0,>=1.16.6"],
}


def installed(**changes: object) -> Installed:
    fields = {"versions": VERSIONS, "requirements": REQUIREMENTS, "locations": HERE, "root": ROOT}
    return Installed(**{**fields, **changes})


def test_a_sound_environment_has_no_problems() -> None:
    owners = {"freeze": ["i3d-edge"], "numpy": ["numpy"]}
    assert find_problems(installed(owners=owners)) == []


def test_one_thing_is_wrong(subtests: pytest.Subtests) -> None:
    for changes, problem in [
        (
            {"locations": {**HERE, "convert": Path("/site/convert")}, "owners": {"convert": ["convert", "i3d_edge"]}},
            Problem(
                "`import convert` must find i3d-edge's; it finds /site/convert",
                "pip uninstall convert",
                stops_work=True,
            ),
        ),
        (
            {"locations": {**HERE, "runtime": Path("/work/runtime.py")}},
            Problem(
                "`import runtime` must find i3d-edge's; it finds /work/runtime.py",
                "rename it, or start where it is not",
                stops_work=True,
            ),
        ),
        (
            {"locations": {name: HERE[name] for name in ROOMS if name != "freeze"}},
            Problem(
                "`import freeze` must find i3d-edge's; it finds nothing",
                "rename it, or start where it is not",
                stops_work=True,
            ),
        ),
        (
            {"owners": {"accuracy": ["accuracy", "i3d-edge"]}},
            Problem(
                "accuracy installed a package 'accuracy' too: of files with the same name, the one installed last "
                "remains",
                "pip uninstall accuracy, then pip install --force-reinstall --no-deps i3d-edge",
                stops_work=False,
            ),
        ),
        (
            {"versions": {**VERSIONS, "openvino": "2024.6.0"}},
            Problem(
                "i3d-edge needs openvino<2027,>=2026.2; 2024.6.0 is installed",
                "pip install 'openvino<2027,>=2026.2'",
                stops_work=True,
            ),
        ),
        (
            {"versions": {"i3d-edge": "0.1.0", "openvino": "2026.4.1", "numpy": "2.6.0"}},
            Problem(
                "openvino needs numpy<2.6.0,>=1.16.6; 2.6.0 is installed",
                "pip install 'numpy<2.6.0,>=1.16.6'",
                stops_work=False,
            ),
        ),
        (
            {"requirements": {"i3d-edge": ["av>=18"]}},
            Problem("i3d-edge needs av>=18; it is not installed", "pip install 'av>=18'", stops_work=True),
        ),
        (
            {"versions": {**VERSIONS, "openvino-dev": "2024.6.0"}},
            Problem(
                "openvino-dev 2024.6.0 is installed: it pins openvino to its own version and numpy below 2",
                "keep it in an environment of its own, see requirements-openvino-dev.txt",
                stops_work=False,
            ),
        ),
        (
            {
                "versions": {
                    **VERSIONS,
                    "opencv-python": "4.12.0.88",
                    "opencv-contrib-python-headless": "4.12.0.88",
                }
            },
            Problem(
                "2 OpenCV wheels are installed and overwrite each other's files: opencv-contrib-python-headless, "
                "opencv-python",
                "pip uninstall opencv-contrib-python-headless opencv-python, then pip install "
                "opencv-contrib-python-headless",
                stops_work=False,
            ),
        ),
    ]:
        with subtests.test(problem=problem.text):
            assert find_problems(installed(**changes)) == [problem]


def test_versions(subtests: pytest.Subtests) -> None:
    for requirement, version, is_met in [
        ("a>=1.2", "1.10", True),
        ("a>=1.2", "1.2.0rc1", True),
        ("a<3", "3.0", False),
        ("a==2024.6.0", "2024.6.0", True),
        ("a==2024.6.0", "2024.6.1", False),
        ("a!=2.1", "2.1.0", False),
        ("a[extra]<=2,>1", "2.0.0", True),
        ("a (>=2)", "1.9", False),
        ("a==1.*", "2.0", True),
        ("a", "0", True),
    ]:
        with subtests.test(requirement=requirement, version=version):
            own = installed(versions={"a": version}, requirements={"i3d-edge": [requirement]})
            assert (find_problems(own) == []) is is_met


def test_what_stops_work_comes_first() -> None:
    own = installed(versions={**VERSIONS, "openvino-dev": "2024.6.0"}, locations={})
    assert [problem.stops_work for problem in find_problems(own)] == [True] * 4 + [False]


def test_this_environment() -> None:
    own = Installed.here()
    assert own.versions["numpy"]
    assert own.locations["runtime"].name == "runtime"
    assert own.root == Path(__file__).resolve().parents[2]
