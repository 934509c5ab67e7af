"""MQTT: events, states and statistics for a broker, which may be away for a while."""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.json_text import parse_json
from i3d_edge.core.messages import Say
from i3d_edge.core.text import short_reason, some
from i3d_edge.core.timing import percentiles
from i3d_edge.runtime.live.answer import WindowAnswer
from i3d_edge.runtime.live.event import iso_time
from i3d_edge.runtime.live.report import Sink, SourceState
from i3d_edge.runtime.live.statistics import Statistics
from i3d_edge.runtime.outbox.delivery import Delivery
from i3d_edge.runtime.outbox.home_assistant import PREFIX, WHOLE, discovery, node_of
from i3d_edge.runtime.outbox.journal import Journal
from i3d_edge.runtime.outbox.unread import Unread

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

    from i3d_edge.runtime.settings.cameras import MqttConfig, TlsConfig


FIRST_DELAY_S, LONGEST_DELAY_S = 1, 30  # between attempts to connect: doubled each time
KEEPALIVE_S = 30
"""A broker that says nothing for so long is asked, and is taken for gone if it does not answer in the same time."""


@dataclass(slots=True)
class _Camera:
    """What the topic of a camera's state says."""

    state: SourceState = "connecting"
    reason: str | None = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_json(self) -> str:
        fields = {"state": self.state, "reason": self.reason, "since": iso_time(self.since), "actions": self.actions}
        return json.dumps(fields, ensure_ascii=False)


class Mqtt(Sink):
    """A sink that tells a broker what happens.

    Events go out from the journal, in order, each until the broker has acknowledged it. States are retained by the
    broker; all of them are sent again with each connection. Nothing here makes a caller wait.
    """

    def __init__(
        self,
        options: MqttConfig,
        journal: Journal,
        cursor_path: Path,
        cameras: Mapping[str, Iterable[str | None]],
        *,
        statistics: Callable[[], Mapping[str, Sequence[Statistics]]],
        say: Say,
    ) -> None:
        """Connect as soon as the broker is there; `cursor_path` remembers which events it has.

        Raises:
            ArgumentError: If a file for TLS cannot be used.
            DependencyError: If paho-mqtt is not installed.
            OutputError: If the cursor's folder cannot be written.
        """
        with needed_for("MQTT"):
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion

        self._options, self._statistics, self._say = options, statistics, say
        self._broker = f"MQTT broker {options.host}:{options.port}"
        self._available = f"{options.topic}/available"
        self._cameras: dict[str, _Camera] = {}
        self._retained: dict[str, str] = {}
        self._told: set[str] = set()
        self._is_given_up = False
        self._lock, self._closing = threading.RLock(), threading.Event()
        self._client = client = Client(CallbackAPIVersion.VERSION2, client_id=options.client_id)
        client.will_set(self._available, "offline", qos=1, retain=True)
        client.username_pw_set(options.user, options.password)
        if options.tls:
            client.tls_set_context(_context(options.tls))
            client.tls_insecure_set(options.tls.insecure)
        client.reconnect_delay_set(FIRST_DELAY_S, LONGEST_DELAY_S)
        client.on_connect, client.on_connect_fail = self._on_connect, self._on_connect_fail
        client.on_disconnect, client.on_message = self._on_disconnect, self._on_message
        self.show(cameras)
        client.connect_async(options.host, options.port, KEEPALIVE_S)
        unread = Unread(journal, cursor_path, say=say)
        client.loop_start()
        self.delivery = Delivery(self._broker, unread, self._deliver, say=say)
        if options.stats_every_s:
            threading.Thread(target=self._send_stats, name="mqtt statistics", daemon=True).start()

    def show(self, cameras: Mapping[str, Iterable[str | None]]) -> None:
        """Take the names of all cameras, each with its regions, None for the whole picture; forget all others."""
        with self._lock:
            self._cameras = {name: self._cameras.get(name, _Camera()) for name in cameras}
            shown = {self._topic(name, "state"): state.to_json() for name, state in self._cameras.items()}
            if self._options.home_assistant:
                for name, regions in cameras.items():
                    state_topic = self._topic(name, "state")
                    shown |= dict(discovery(self._options.topic, name, tuple(regions), state_topic))
            for topic in [*shown, *(self._retained.keys() - shown.keys())]:
                self._retain(topic, shown.get(topic, ""))

    def answered(self, answer: WindowAnswer) -> None:
        """Tell which action is the most probable one, if it is another one than before."""
        best = answer.smoothed[0]
        with self._lock:
            if answer.camera is None or (state := self._cameras.get(answer.camera)) is None:
                return
            name = answer.region or WHOLE
            # Where nothing moves, all are equally improbable.
            shown = {"label": best.label, "probability": round(best.prob, 4)} if best.prob else {}
            if state.actions.get(name, {}).get("label") != shown.get("label"):
                state.actions[name] = shown
                self._retain(self._topic(answer.camera, "state"), state.to_json())

    def changed(self, camera: str, state: SourceState, reason: str | None) -> None:
        """Tell whether a camera is there; actions that were seen before are over."""
        with self._lock:
            if (old := self._cameras.get(camera)) is None:
                return
            since = old.since if old.state == state else datetime.now(UTC)
            self._cameras[camera] = _Camera(state, reason, since)
            self._retain(self._topic(camera, "state"), self._cameras[camera].to_json())

    def close(self) -> None:
        """Deliver what waits, for a few seconds if the broker is there, and say goodbye."""
        self._closing.set()
        is_connected = self._client.is_connected()
        self.delivery.close(5.0 if is_connected else 0.0)
        self._is_given_up = True
        if is_connected:
            with suppress(RuntimeError):  # the connection broke off just now
                self._client.publish(self._available, "offline", qos=1, retain=True).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _topic(self, camera: str, what: str) -> str:
        return f"{self._options.topic}/{camera}/{what}"

    def _retain(self, topic: str, payload: str) -> None:
        """Have the broker keep a message; "" removes it. Without a connection, the next one brings it."""
        with self._lock:
            if self._retained.get(topic, "") == payload:
                return
            if payload:
                self._retained[topic] = payload
            else:
                del self._retained[topic]
            if self._client.is_connected():
                self._client.publish(topic, payload, retain=True)

    def _deliver(self, line: str) -> None:
        """Publish an event, and wait until the broker has acknowledged it; raises OSError if that is given up."""
        from paho.mqtt.enums import MQTTErrorCode

        sent = self._client.publish(self._topic(parse_json(line).get("camera"), "events"), line, qos=1)
        if sent.rc == MQTTErrorCode.MQTT_ERR_NO_CONN:
            # The client keeps it; with the next connection it sends whatever is not acknowledged.
            sent.rc = MQTTErrorCode.MQTT_ERR_SUCCESS
        while not sent.is_published():
            sent.wait_for_publish(0.5)
            if self._is_given_up:
                raise ConnectionError("closed")

    def _send_stats(self) -> None:
        figures = Figures()
        while not self._closing.wait(self._options.stats_every_s):
            together, each = figures.take(self._statistics())
            self._client.publish(f"{self._options.topic}/stats", json.dumps(together))
            for camera, fields in each.items():
                self._client.publish(self._topic(camera, "stats"), json.dumps(fields))

    # What follows is called in the client's thread.

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._fail("refuses us", str(reason).lower().replace("not authorized", "wrong user or password"))
            return
        if self._closing.is_set():
            client.disconnect()
            return
        with self._lock:
            if self._told:
                self._say(f"{self._broker} answers again")
            self._told.clear()
            client.publish(self._available, "online", qos=1, retain=True)
            for topic, payload in self._retained.items():
                client.publish(topic, payload, retain=True)
        # The broker also keeps what we said of cameras that are gone since.
        client.subscribe(f"{self._options.topic}/+/state")
        client.subscribe(f"{PREFIX}/+/{node_of(self._options.topic)}/+/config")

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        with self._lock:
            if message.retain and message.payload and message.topic not in self._retained:
                client.publish(message.topic, "", retain=True)

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        error = sys.exception()  # the client calls this while it handles it
        if isinstance(error, ssl.SSLCertVerificationError):
            self._fail("cannot be trusted", error.verify_message)
        elif isinstance(error, ssl.SSLError):
            self._fail("does not answer", f"TLS: {(error.reason or 'failed').replace('_', ' ').lower()}")
        elif error:
            self._fail("does not answer", short_reason(error))

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        if not self._told and not self._closing.is_set():
            self._fail("does not answer", "the connection broke off")

    def _fail(self, what: str, why: str) -> None:
        """Say what is wrong, once until all is well again."""
        if what not in self._told:
            self._say(f"{self._broker} {what} ({why}); events are kept")
        self._told.add(what)


def _context(options: TlsConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.ca)
        if options.cert:
            context.load_cert_chain(options.cert, options.key)
    except OSError as error:  # those of ssl are some, too
        names = some([str(path) for path in (options.ca, options.cert, options.key) if path])
        raise ArgumentError(f"cannot use {names} for MQTT over TLS: {short_reason(error)}") from error
    if options.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Figures:
    """Turns statistics into figures, each frame rate since the time before."""

    def __init__(self) -> None:
        self._taken_s = time.monotonic()
        self._frames: dict[str, int] = {}

    def take(self, cameras: Mapping[str, Sequence[Statistics]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Return the figures of all cameras together, and of each by name, from those of their regions."""
        now_s = time.monotonic()
        elapsed_s, self._taken_s = max(now_s - self._taken_s, 1e-9), now_s
        # All regions of a camera look at the same frames; a camera that came anew counts from 0.
        frames = {name: max((lane.num_frames for lane in lanes), default=0) for name, lanes in cameras.items()}
        rates = {name: max(0, number - self._frames.get(name, 0)) / elapsed_s for name, number in frames.items()}
        self._frames = frames
        each = {name: _figures(lanes, rates[name]) for name, lanes in cameras.items()}
        return _figures([lane for lanes in cameras.values() for lane in lanes], sum(rates.values())), each


def _figures(lanes: Sequence[Statistics], rate_fps: float) -> dict[str, Any]:
    latencies = [latency for lane in lanes for latency in lane.latencies_ms.copy()]  # others append meanwhile
    p50, p95 = (round(value, 1) for value in percentiles(latencies, 50, 95)) if latencies else (None, None)
    return {
        "windows": sum(lane.num_windows for lane in lanes),
        "dropped": sum(lane.num_dropped for lane in lanes),
        "latency_p50_ms": p50,
        "latency_p95_ms": p95,
        "fps": round(rate_fps, 2),
    }
