import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import jinja2
import numpy as np
import pytest
from brokers import Message, Mosquitto, SmallBroker, free_port, wait_for
from live import hanging

from i3d_edge.core.errors import ArgumentError, DependencyError
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.outbox import Journal, Mqtt, mqtt
from i3d_edge.runtime.outbox.mqtt import Figures
from i3d_edge.runtime.prediction import Prediction
from i3d_edge.runtime.settings.cameras import MqttConfig, TlsConfig

Broker = SmallBroker | Mosquitto


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "FIRST_DELAY_S", 0.05)
    monkeypatch.setattr(mqtt, "LONGEST_DELAY_S", 0.1)


@pytest.fixture
def small() -> Iterator[SmallBroker]:
    broker = SmallBroker()
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(params=["small", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "small":
        yield request.getfixturevalue("small")
        return
    real = Mosquitto(tmp_path / "mosquitto")
    real.start()
    real.subscribe()
    yield real
    real.close()


class Sink:
    """A sink with its journal, and what both said."""

    def __init__(self, folder: Path, port: int, **options: object) -> None:
        self.said: list[str] = []
        self.statistics: dict[str, list[Statistics]] = {}
        self.cameras: dict[str, list[str | None]] = {"door": [None]}
        self.folder = folder
        self.options = MqttConfig(**{"host": "127.0.0.1", "port": port, **options})  # type: ignore[arg-type]

    @contextmanager
    def open(self) -> Iterator[Mqtt]:
        with closing(Journal(self.folder / "events", say=self.said.append)) as self.journal:
            sink = Mqtt(
                self.options,
                self.journal,
                self.folder / "cursors" / "mqtt.json",
                self.cameras,
                statistics=lambda: self.statistics,
                say=self.said.append,
            )
            with closing(sink):
                yield sink


def event(number: int, camera: str = "door") -> str:
    return json.dumps({"type": "start", "id": str(number), "camera": camera})


def answer(camera: str, region: str | None, label: str, prob: float = 0.9) -> WindowAnswer:
    best = (Prediction(label=label, index=1, prob=prob),)
    probabilities = np.zeros(2, np.float32)
    return WindowAnswer(
        camera=camera,
        region=region,
        start_s=0,
        end_s=1,
        predictions=best,
        smoothed=best,
        probabilities=probabilities,
        latency_ms=1.0,
    )


def without_repeats(events: list[str]) -> list[str]:
    return list(dict.fromkeys(events))


def test_all_events_arrive_in_order_although_the_broker_stops_three_times(broker: Broker, tmp_path: Path) -> None:
    sink = Sink(tmp_path, broker.port)
    events = [event(number) for number in range(200)]
    with sink.open():
        for number, line in enumerate(events):
            if number in (50, 100, 150):
                broker.stop()
            if number in (60, 110, 160):
                broker.start()
            sink.journal.append(line)
            time.sleep(0.002)
        wait_for(lambda: len(without_repeats(broker.events())) == 200)
    got = broker.events()
    assert without_repeats(got) == events
    assert len(got) - len(events) <= 6  # what a stop kept from being acknowledged comes again, from paho and from us
    name = f"MQTT broker 127.0.0.1:{broker.port}"
    away, back = f"{name} does not answer (the connection broke off); events are kept", f"{name} answers again"
    assert sink.said == [away, back] * 3


def test_a_killed_process_loses_no_event_and_repeats_at_most_one(broker: Broker, tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "support" / "outbox_process.py"

    def start(first: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, script, tmp_path, str(broker.port), str(first), "200"])

    process = start(0)
    wait_for(lambda: len(broker.events()) > 50)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    wait_for(lambda: any(message == offline(broker) for message in broker.received))
    [path] = (tmp_path / "events").iterdir()
    num_written = len(path.read_text().splitlines())
    assert 50 < num_written < 200
    assert start(num_written).wait(30) == 0
    wait_for(lambda: len(without_repeats(broker.events())) == 200)
    got = broker.events()
    assert without_repeats(got) == [event(number) for number in range(200)]
    assert len(got) <= 201


def offline(broker: Broker) -> Message:
    """The last will, as a publisher marks it and as a subscriber who was there gets it."""
    return Message("i3d/available", "offline", 1, isinstance(broker, SmallBroker))


def test_an_event_is_delivered_when_it_is_acknowledged(small: SmallBroker, tmp_path: Path) -> None:
    small.acknowledges = False
    sink = Sink(tmp_path, small.port)
    with sink.open() as opened:
        sink.journal.append(event(0))
        sink.journal.append(event(1))
        wait_for(small.events)
        time.sleep(0.1)
        assert (small.events(), opened.delivery.num_sent) == ([event(0)], 0)
        small.acknowledges = True
        small.break_off()
        wait_for(lambda: opened.delivery.num_sent == 2)
    assert small.events() == [event(0), event(0), event(1)]


def test_what_the_broker_is_told_of_us(small: SmallBroker, tmp_path: Path) -> None:
    sink = Sink(tmp_path, small.port, home_assistant=False)
    with sink.open():
        wait_for(lambda: len(small.retained) == 2)
        assert small.retained["i3d/available"] == "online"
        small.break_off()  # as if we had crashed: the broker publishes the last will
        wait_for(lambda: small.received.count(Message("i3d/available", "online", 1, True)) == 2)
        assert Message("i3d/available", "offline", 1, True) in small.received
    assert small.retained["i3d/available"] == "offline"


def test_states_are_retained_and_told_on_change(small: SmallBroker, tmp_path: Path) -> None:
    sink = Sink(tmp_path, small.port, home_assistant=False, topic="home/i3d")
    sink.cameras = {"door-1": [None], "yard": ["left", "right"]}

    def state(camera: str) -> dict[str, object]:
        fields = json.loads(small.retained[f"home/i3d/{camera}/state"])
        assert fields.pop("since").endswith("Z")
        return fields  # type: ignore[no-any-return]

    with sink.open() as opened:
        wait_for(lambda: len(small.retained) == 3)
        assert state("door-1") == {"state": "connecting", "reason": None, "actions": {}}
        opened.changed("door-1", "up", None)
        opened.answered(answer("door-1", None, "knocking"))
        opened.answered(answer("door-1", None, "knocking", 0.7))
        opened.answered(answer("yard", "left", "digging", 0.123456))
        opened.answered(answer("yard", "right", "raking"))
        opened.answered(answer("gone", None, "raking"))
        opened.changed("gone", "up", None)
        small.break_off()
        opened.changed("yard", "down", "no answer")
        opened.answered(answer("yard", "left", "raking"))
        wait_for(lambda: state("yard")["state"] == "down" and state("yard")["actions"])
        assert state("door-1") == {
            "state": "up",
            "reason": None,
            "actions": {"picture": {"label": "knocking", "probability": 0.9}},
        }
        left = {"left": {"label": "raking", "probability": 0.9}}
        assert state("yard") == {"state": "down", "reason": "no answer", "actions": left}
        sent = [message for message in small.received if message.topic == "home/i3d/door-1/state"]
        assert len({message.payload for message in sent}) <= 3
        opened.show({"yard": [None]})
        wait_for(lambda: len(small.retained) == 2)


def test_home_assistant_finds_cameras_and_forgets_those_that_are_gone(small: SmallBroker, tmp_path: Path) -> None:
    small.retained["homeassistant/sensor/i3d/old_action/config"] = "{}"
    small.retained["homeassistant/sensor/another/old_action/config"] = "{}"
    small.retained["i3d/old/state"] = "{}"
    sink = Sink(tmp_path, small.port)
    sink.cameras = {"door": [None], "yard-2": ["left"]}
    topics = {
        "homeassistant/sensor/another/old_action/config",
        "homeassistant/sensor/i3d/door_action_picture/config",
        "homeassistant/binary_sensor/i3d/door_source/config",
        "homeassistant/sensor/i3d/yard-2_action_left/config",
        "homeassistant/binary_sensor/i3d/yard-2_source/config",
        "i3d/available",
        "i3d/door/state",
        "i3d/yard-2/state",
    }
    with sink.open() as opened:
        wait_for(lambda: small.retained.keys() == topics)
        found = {topic: json.loads(text) for topic, text in small.retained.items() if topic.endswith("config")}
        sensor = found["homeassistant/sensor/i3d/yard-2_action_left/config"]
        source = found["homeassistant/binary_sensor/i3d/yard-2_source/config"]
        assert sensor["unique_id"] == "i3d_yard-2_action_left"
        assert sensor["state_topic"] == source["state_topic"] == "i3d/yard-2/state"
        assert source["availability_topic"] == sensor["availability"][0]["topic"] == "i3d/available"
        assert sensor["device"] == source["device"]
        shown: Callable[[str], str] = lambda text: (  # noqa: E731
            jinja2.Template(text).render(value_json=json.loads(small.retained["i3d/yard-2/state"]))
        )
        assert [shown(one["value_template"]) for one in (sensor, source)] == ["None", "OFF"]
        opened.changed("yard-2", "up", None)
        opened.answered(answer("yard-2", "left", "knocking"))
        wait_for(lambda: "knocking" in small.retained["i3d/yard-2/state"])
        assert [shown(one["value_template"]) for one in (sensor, source)] == ["knocking", "ON"]
        assert shown(sensor["availability"][1]["value_template"]) == "online"
        opened.answered(answer("yard-2", "left", "abseiling", 0.0))  # of a window in which nothing moves
        wait_for(lambda: "knocking" not in small.retained["i3d/yard-2/state"])
        assert shown(sensor["value_template"]) == "None"
        opened.show({"door": [None]})
        wait_for(lambda: not any("yard" in topic for topic in small.retained))
        assert len(small.retained) == 5


def test_statistics_are_sent(small: SmallBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Sink(tmp_path, small.port, stats_every_s=1, home_assistant=False)
    lane = Statistics(0.0, num_frames=100, num_dropped=1)
    lane.answered(5.0)
    sink.statistics = {"door": [lane]}
    with sink.open():
        wait_for(lambda: sum("stats" in message.topic for message in small.received) >= 2)
    got = {message.topic: json.loads(message.payload) for message in small.received if "stats" in message.topic}
    assert got.keys() == {"i3d/stats", "i3d/door/stats"}
    assert got["i3d/stats"].pop("fps") > 0
    assert got["i3d/stats"] == {"windows": 1, "dropped": 1, "latency_p50_ms": 5.0, "latency_p95_ms": 5.0}


def test_figures_are_of_the_time_since_the_last_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    figures = Figures()
    left, right = Statistics(0.0, num_frames=100), Statistics(0.0, num_frames=90)
    left.answered(10.0)
    right.answered(20.0)
    now[0] = 10.0
    together, each = figures.take({"door": [left, right], "new": []})
    assert each["door"] == {"windows": 2, "dropped": 0, "latency_p50_ms": 15.0, "latency_p95_ms": 19.5, "fps": 10.0}
    assert each["new"]["latency_p50_ms"] is None
    left.num_frames, now[0] = 130, 12.0
    again, _ = figures.take({"door": [left, right]})
    assert (together["fps"], again["fps"]) == (10.0, 15.0)
    assert figures.take({"door": [Statistics(0.0)]})[0]["fps"] == 0


def test_a_broker_that_is_not_there_at_first(tmp_path: Path) -> None:
    broker = SmallBroker()
    sink = Sink(tmp_path, broker.port)
    with sink.open():
        sink.journal.append(event(0))
        wait_for(lambda: sink.said)
        broker.start()
        wait_for(broker.events)
    broker.stop()
    name = f"MQTT broker 127.0.0.1:{broker.port}"
    assert sink.said == [f"{name} does not answer (connection refused); events are kept", f"{name} answers again"]


def test_closing_does_not_wait_for_a_broker_that_is_away(tmp_path: Path) -> None:
    sink = Sink(tmp_path, free_port())
    with sink.open():
        sink.journal.append(event(0))
        wait_for(lambda: sink.said)
        started = time.monotonic()
    assert time.monotonic() - started < 2
    assert len(sink.said) == 1


def test_a_wrong_password_is_said_once(small: SmallBroker, tmp_path: Path) -> None:
    small.login = ("i3d", "right")
    sink = Sink(tmp_path, small.port, user="i3d", password="wrong")
    with sink.open():
        wait_for(lambda: sink.said)
        time.sleep(0.5)
        small.login = ("i3d", "wrong")
        wait_for(lambda: len(sink.said) == 2)
    name = f"MQTT broker 127.0.0.1:{small.port}"
    assert sink.said == [f"{name} refuses us (wrong user or password); events are kept", f"{name} answers again"]
    assert "wrong" not in repr(sink.options)


def test_a_wrong_password_at_mosquitto(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    maker = shutil.which("mosquitto_passwd")
    if maker is None:
        pytest.skip("mosquitto_passwd is not on PATH")
    subprocess.run([maker, "-b", "-c", passwords, "i3d", "right"], check=True, capture_output=True)
    os.chmod(passwords, 0o700)
    real = Mosquitto(tmp_path / "mosquitto", f"password_file {passwords}", "allow_anonymous false")
    real.start()
    try:
        wrong = Sink(tmp_path / "wrong", real.port, user="i3d", password="wrong")
        with wrong.open():
            wait_for(lambda: wrong.said)
        assert wrong.said == [f"MQTT broker 127.0.0.1:{real.port} refuses us (wrong user or password); events are kept"]
        right = Sink(tmp_path / "right", real.port, user="i3d", password="right")
        with right.open() as opened:
            right.journal.append(event(0))
            wait_for(lambda: opened.delivery.num_sent == 1)
        assert right.said == []
    finally:
        real.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, and a certificate of it for 127.0.0.1 with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca",
        "req -newkey rsa:2048 -nodes -keyout own.key -out own.csr -subj /CN=localhost",
        "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out own.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")  # left so by the client
def test_tls(certificates: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    ca, cert, key = (certificates / name for name in ("ca.pem", "own.pem", "own.key"))
    real = Mosquitto(
        tmp_path / "mosquitto",
        *(f"cafile {ca}", f"certfile {cert}", f"keyfile {key}", "require_certificate true", "allow_anonymous true"),
    )
    real.start()
    name = f"MQTT broker 127.0.0.1:{real.port}"
    cases: list[tuple[TlsConfig | None, list[str]]] = [
        (TlsConfig(ca=ca, cert=cert, key=key), []),
        (TlsConfig(cert=cert, key=key, insecure=True), []),
        (
            TlsConfig(cert=cert, key=key),
            [f"{name} cannot be trusted (self-signed certificate in certificate chain); events are kept"],
        ),
        (None, [f"{name} does not answer (the connection broke off); events are kept"]),
    ]
    try:
        for number, (options, said) in enumerate(cases):
            with subtests.test(options=options):
                sink = Sink(tmp_path / str(number), real.port, tls=options)
                with sink.open() as opened:
                    sink.journal.append(event(0))
                    wait_for(lambda sink=sink, opened=opened: sink.said or opened.delivery.num_sent)
                assert sink.said == said
    finally:
        real.close()


@pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")  # likewise
def test_tls_with_a_broker_that_does_not_speak_it(small: SmallBroker, tmp_path: Path) -> None:
    sink = Sink(tmp_path, small.port, tls=TlsConfig())
    with sink.open():
        wait_for(lambda: sink.said)
        small.stop()
    assert len(sink.said) == 1
    assert sink.said[0].startswith(f"MQTT broker 127.0.0.1:{small.port} does not answer (")


def test_files_for_tls_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    sink = Sink(tmp_path, 1, tls=TlsConfig(ca=tmp_path / "no.pem"))
    with pytest.raises(ArgumentError, match="no.pem' for MQTT over TLS: "), sink.open():  # noqa: RUF043
        pass


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "paho":
                raise ModuleNotFoundError(name=name)

    for name in [name for name in sys.modules if name.partition(".")[0] == "paho"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Absent, *sys.meta_path])
    with pytest.raises(DependencyError) as caught, Sink(tmp_path, 1).open():
        pass
    assert caught.value.message == "MQTT needs the package paho, which is not installed"
    assert caught.value.hint == "pip install 'i3d-edge[watch]'"


def test_a_broker_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "KEEPALIVE_S", 1)
    with hanging() as host:
        sink = Sink(tmp_path, int(host.partition(":")[2]))
        with sink.open():
            sink.journal.append(event(0))
            wait_for(lambda: sink.said)
    assert len(sink.said) == 1
    assert sink.said[0].endswith("does not answer (the connection broke off); events are kept")
