"""`i3d stream` as a user runs it, with a function in the place of the network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from live import SPEC, Received, brightness, grey, webhook
from synthetic import write_video

from i3d_edge.cli import main


class FakeEngine(SimpleNamespace):
    def __init__(self, ir_path: Path, **_options: object) -> None:
        really = {"device": "CPU", "mode": "latency", "num_streams": 1, "num_threads": 2, "is_cached": False}
        super().__init__(spec=SPEC, precision="f32", compile_s=0.1, parts=(), **really)

    def session(self) -> SimpleNamespace:
        return SimpleNamespace(feed=brightness, reset=lambda: None)


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.live.answers.Engine", FakeEngine)
    monkeypatch.setattr("i3d_edge.runtime.inference.ir.read_ir", lambda _path, **_options: (None, SPEC))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", grey((0, 50), (255, 50), (0, 25)))


def stream(*args: object) -> Result:
    fixed = ["--model", "m.xml", "--smooth", "none", "--hop", "5", "--label", "bright"]
    return CliRunner().invoke(main, ["stream", *map(str, args), *fixed], catch_exceptions=False)


def test_events_go_to_stdout_a_file_and_a_webhook(film: Path, tmp_path: Path) -> None:
    events, predictions = tmp_path / "new" / "events.jsonl", tmp_path / "predictions.jsonl"
    received = Received(statuses=[503])
    with webhook(received):
        url = received.url.replace("//", "//user:secret@")
        result = stream(film, "--events", events, "--predictions", predictions, "--webhook", url)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [(row["type"], row["label"], row["start_s"], row["end_s"]) for row in map(json.loads, lines)] == [
        ("start", "bright", 1.8, None),
        ("end", "bright", 1.8, 4.2),
    ]
    assert events.read_text().splitlines() == lines == received.bodies
    rows = [json.loads(line) for line in predictions.read_text().splitlines()]
    assert [row["end_s"] for row in rows[:2]] == [0.4, 0.6]
    assert rows[0]["predictions"][0]["label"] == "dark"
    assert len(rows) == 24
    notes = result.stderr.splitlines()
    shown = url.replace("user:secret", "***").replace("/hook", "/***")
    assert notes[0] == (
        "model m.xml: I3D rgb, 2 classes (light), 10 frames, weights unknown; runs in f32 on CPU, latency mode, "
        "1 stream, 2 threads, compiled in 0.10 s"
    )
    assert notes[1] == f"watching {film}"
    assert notes[-1] == f"webhook {shown}: 2 sent, 0 lost, 1 failed attempt"
    [summary] = [line for line in notes if "of stream in" in line]
    assert summary.startswith("5.0 s of stream in ")
    assert "125 frames, 24 windows" in summary
    assert "1 action started, 1 ended, 0 gaps" in summary
    assert "secret" not in result.output


def test_recorded_answers_give_the_same_lines_and_are_scored(film: Path, tmp_path: Path) -> None:
    predictions, told, truth = tmp_path / "answers.jsonl", tmp_path / "events.jsonl", tmp_path / "truth.json"
    rules = ["--label", "bright", "--update-every", "0.4", "--cooldown", "1", "--longest", "1", "--on", "0.6"]
    result = stream(film, "--camera", "door", "--predictions", predictions, "--top", 1, *rules)
    assert {json.loads(line)["type"] for line in result.stdout.splitlines()} == {"start", "update", "end"}
    replayed = CliRunner().invoke(main, ["events", "replay", str(predictions), *rules])
    assert replayed.exit_code == 0, replayed.output
    assert replayed.stdout == result.stdout
    stricter = CliRunner().invoke(main, ["events", "replay", str(predictions), "--label", "bright"])
    told.write_text(stricter.stdout)
    video = {"duration": 5, "annotations": [{"label": "bright", "segment": [2, 4]}]}
    truth.write_text(json.dumps({"database": {"door": video}}))
    scored = CliRunner().invoke(main, ["events", "score", str(told), str(truth), "--json"])
    scores = json.loads(scored.stdout)
    assert (scores["schema_version"], scores["num_matched"]) == (1, 1)
    assert scores["metrics"]["f1"]["value"] == 1
    assert scores["metrics"]["onset_p50_s"]["value"] == pytest.approx(-0.2)
    truth.write_text(json.dumps({"database": {"yard": video}}))
    scored = CliRunner().invoke(main, ["events", "score", str(told), str(truth)])
    assert (scored.exit_code, scored.stderr) == (
        0,
        "not in the ground truth, so what was found there is wrong: 'door'\n",
    )
    assert "1 found, 1 true, 0 matched at tIoU 0.5; 1 video, 0.1 minutes" in scored.stdout
    predictions.write_text(predictions.read_text()[:-20])
    broken = CliRunner().invoke(main, ["events", "replay", str(predictions)])
    assert broken.exit_code == 1
    assert f"RecordError: record '{predictions}', line 24 is not JSON" in broken.stderr


def test_a_webhook_that_is_down_does_not_keep_the_command(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["i3d_edge.cli.stream"], "FLUSH_S", 0.3)
    monkeypatch.setenv("I3D_WEBHOOK", "http://user:secret@127.0.0.1:9/hook")
    monkeypatch.setenv("I3D_SOURCE", str(film))
    result = stream()
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2
    shown = "webhook http://***@127.0.0.1:9/***"
    notes = result.stderr.splitlines()
    assert f"{shown} does not answer (connection refused); events are kept" in notes
    assert notes[-2] == f"{shown}: 2 events left; trying for up to 0.3 s"
    assert notes[-1].startswith(f"{shown}: 0 sent, 2 lost, ")


@pytest.mark.parametrize("before", ['{"before": 1}\n', '{"cut of'])
@pytest.mark.parametrize("option", ["--events", "--predictions"])
def test_lines_are_appended(option: str, before: str, film: Path, tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(before)
    assert stream(film, option, path).exit_code == 0
    first, *later = path.read_text().splitlines()
    assert first == before.strip()
    assert [json.loads(line)["start_s"] for line in later][:1] == [1.8 if option == "--events" else 0]


def test_a_place_that_cannot_be_written(film: Path, tmp_path: Path) -> None:
    result = stream(film, "--events", tmp_path)
    assert result.exit_code == 1
    assert result.stderr == f"OutputError: cannot write '{tmp_path}': Is a directory\n"


def test_wrong_usage(film: Path, subtests: pytest.Subtests) -> None:
    for options, message in [
        (["--hop", "0"], "Invalid value for '--hop': '0' is not a number above 0 or 'auto'."),
        (["--hop", "fast"], "Invalid value for '--hop': 'fast' is not a number above 0 or 'auto'."),
        (["--reconnect", "-1"], "Invalid value for '--reconnect': '-1' is not a number above 0 or 'forever'."),
        (["--on", "0.2"], "thresholds must be 0 < off <= on <= 1; got off 0.3, on 0.2"),
        (["--smooth", "x"], "smoothing must be none, exponential:SECONDS or mean:WINDOWS, above 0; got 'x'"),
        (["--webhook", "ftp://u:p@h"], "webhook must be an http:// or https:// URL; got 'ftp://***@h'"),
    ]:
        with subtests.test(options=options):
            result = CliRunner().invoke(main, ["stream", str(film), "--model", "m.xml", *options])
            assert result.exit_code == 2
            assert message in result.stderr


def test_only_files_begin_again() -> None:
    result = stream("camera:0", "--loop")
    assert result.exit_code == 2
    assert "--loop is for files only" in result.stderr


def test_a_source_that_is_not_there_is_a_message_and_a_code(tmp_path: Path) -> None:
    result = stream(tmp_path / "no.mp4")
    assert result.exit_code == 1
    assert result.stderr == f"StreamOpenError: cannot open stream '{tmp_path / 'no.mp4'}': no such file or directory\n"


def test_a_dead_source_fails_before_the_model_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.live.answers.Engine", None)
    result = stream("rtsp://u:secret@127.0.0.1:9/x")
    assert result.exit_code == 1
    assert result.stderr == "StreamOpenError: cannot open stream 'rtsp://***@127.0.0.1:9/x': connection refused\n"


def test_auto_and_forever(film: Path) -> None:
    result = stream(film, "--hop", "auto", "--reconnect", "forever", "--quiet")
    assert result.exit_code == 0


ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)])}
PROGRAM = """
import sys
from test_cli_stream import FakeEngine
from i3d_edge.runtime.inference import ir
from i3d_edge.runtime.live import answers
from live import SPEC
answers.Engine = FakeEngine
ir.read_ir = lambda _path, **_options: (None, SPEC)
from i3d_edge.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["Ctrl-C", "SIGTERM"])
def test_signals_end_what_goes_on(number: int, code: int, tmp_path: Path) -> None:
    path = write_video(tmp_path / "bright.mp4", grey((255, 30)))
    args = ["stream", str(path), "--model", "m.xml", "--real-time", "--loop", "--smooth", "none", "--hop", "2"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["type"] == "start"
    assert first["start_time"].endswith("Z")
    time.sleep(0.2)
    process.send_signal(number)
    rest, notes = process.communicate(timeout=20)
    assert process.returncode == code, notes
    last = json.loads(rest)
    assert (last["type"], last["label"]) == ("end", "bright")
    assert last["end_s"] > first["start_s"]
    assert "of stream in" in notes


def test_a_pipe(film: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.ts", grey((0, 30), (255, 30)))
    args = ["stream", "-", "--model", "m.xml", "--smooth", "none", "--hop", "2", "--label", "bright"]
    with path.open("rb") as file:
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, *args],
            stdin=file,
            capture_output=True,
            text=True,
            check=True,
            env=ENVIRONMENT,
        )
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["type"], row["source"]) for row in rows] == [("start", "standard input"), ("end", "standard input")]
