from i3d_edge.core.environment import OPENCV_WHEELS, find_problems, versions
from i3d_edge.core.finding import Finding


def test_opencv_wheels_that_overwrite_each_other() -> None:
    ours = {OPENCV_WHEELS[0]: "4.12.0.88"}
    assert find_problems({"numpy": "2.4.6"}) == find_problems(ours) == []
    assert find_problems({**ours, "opencv-python": "4.12.0.88"}) == [
        Finding(
            "warning",
            "2 OpenCV wheels are installed and overwrite each other's files: opencv-contrib-python-headless, "
            "opencv-python",
            "pip uninstall opencv-contrib-python-headless opencv-python, then pip install "
            "opencv-contrib-python-headless",
        )
    ]


def test_this_environment() -> None:
    assert list(versions(("numpy", "no-such-package"))) == ["python", "numpy"]
