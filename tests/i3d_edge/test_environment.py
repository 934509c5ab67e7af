import pytest

from i3d_edge.core.environment import Installed, find_problems, versions
from i3d_edge.core.finding import Finding

VERSIONS = {"i3d-edge": "0.1.0", "openvino": "2026.4.1", "numpy": "2.4.6"}
REQUIREMENTS = {
    "i3d-edge": ["numpy<3,>=2.1", "openvino<2027,>=2026.2", 'nncf<4,>=3; extra == "quantize"'],
    "openvino": ["numpy<2.6.0,>=1.16.6"],
}


def installed(**changes: object) -> Installed:
    return Installed(**{"versions": VERSIONS, "requirements": REQUIREMENTS, **changes})


def test_a_sound_environment_has_no_problems() -> None:
    assert find_problems(installed()) == []


def test_one_thing_is_wrong(subtests: pytest.Subtests) -> None:
    for changes, problem in [
        (
            {"versions": {**VERSIONS, "openvino": "2024.6.0"}},
            Finding(
                "broken",
                "i3d-edge needs openvino<2027,>=2026.2; 2024.6.0 is installed",
                "pip install 'openvino<2027,>=2026.2'",
            ),
        ),
        (
            {"versions": {"i3d-edge": "0.1.0", "openvino": "2026.4.1", "numpy": "2.6.0"}},
            Finding(
                "warning",
                "openvino needs numpy<2.6.0,>=1.16.6; 2.6.0 is installed",
                "pip install 'numpy<2.6.0,>=1.16.6'",
            ),
        ),
        (
            {"requirements": {"i3d-edge": ["av>=18"]}},
            Finding(
                "broken",
                "i3d-edge needs av>=18; it is not installed",
                "pip install 'av>=18'",
            ),
        ),
        (
            {"versions": {**VERSIONS, "openvino-dev": "2024.6.0"}},
            Finding(
                "warning",
                "openvino-dev 2024.6.0 is installed; it needs another openvino, and numpy below 2",
                "install it in its own environment, with requirements-openvino-dev.txt",
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
            Finding(
                "warning",
                "2 OpenCV wheels are installed and overwrite each other's files: opencv-contrib-python-headless, "
                "opencv-python",
                "pip uninstall opencv-contrib-python-headless opencv-python, then pip install "
                "opencv-contrib-python-headless",
            ),
        ),
    ]:
        with subtests.test(problem=problem.text):
            assert find_problems(installed(**changes)) == [problem]


def test_a_prerelease_counts_and_another_extra_does_not() -> None:
    own = installed(versions={"a": "1.2.0rc1"}, requirements={"i3d-edge": ["a>=1.1", 'b; extra == "x"']})
    assert find_problems(own) == []


def test_what_stops_work_comes_first() -> None:
    own = installed(versions={**VERSIONS, "openvino-dev": "2024.6.0", "numpy": "1.0"})
    assert [problem.level for problem in find_problems(own)] == ["broken", "warning", "warning"]


def test_this_environment() -> None:
    assert Installed.here().versions["numpy"]
    assert list(versions(("numpy", "no-such-package"))) == ["python", "numpy"]
