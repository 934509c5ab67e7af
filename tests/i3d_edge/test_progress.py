import pytest

from i3d_edge.core import progress


@pytest.fixture(autouse=True)
def _enabled() -> None:
    progress.set_enabled(True)


def run(monkeypatch: pytest.MonkeyPatch, seconds_per_item: float) -> list[int]:
    clock = iter(seconds_per_item * tick for tick in range(100))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    return list(progress.track(range(5), total=5, title="scoring", unit="video"))


def test_elsewhere_than_on_a_terminal_a_line_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, 4.0) == [0, 1, 2, 3, 4]
    captured = capsys.readouterr()
    assert captured.err == "scoring: 3/5  4.00s/video left 00:08\n"
    assert captured.out == ""


def test_quick_work_says_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, 0.1) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(progress.track("abc", total=3, title="scoring", unit="video")) == ["a", "b", "c"]
    shown = capsys.readouterr().err
    assert "scoring:   0%" in shown
    assert not shown.rpartition("\r")[0].rpartition("\r")[2].strip()  # nothing of it stays


@pytest.mark.parametrize("quiet", ["switch", "NO_COLOR"])
def test_no_bar_when_not_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    if quiet == "switch":
        progress.set_enabled(False)
    else:
        monkeypatch.setenv("NO_COLOR", "1")
    assert list(progress.track("abc", total=3, title="scoring", unit="video")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""
