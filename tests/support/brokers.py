"""MQTT brokers for tests: a small one in this process, and Mosquitto where it is installed."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from paho.mqtt.client import Client, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion
from waiting import until


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


wait_for = partial(until, limit_s=15.0)


@dataclass(frozen=True)
class Message:
    topic: str
    payload: str
    qos: int = 0
    is_retained: bool = False


class SmallBroker:
    """MQTT 3.1.1 as far as our client speaks it, for one client at a time.

    Attributes:
        received: All that was published, wills too.
        retained: By topic.
        login: User and password that are asked for.
        acknowledges: Whether it answers to QoS 1.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.received: list[Message] = []
        self.retained: dict[str, str] = {}
        self.login: tuple[str, str] | None = None
        self.acknowledges = True
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening, and break off connections as a crash would."""
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.break_off()

    def break_off(self) -> None:
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def events(self) -> list[str]:
        return [message.payload for message in self.received if message.topic.endswith("/events")]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        will: Message | None = None
        with connection, connection.makefile("rb") as stream:
            try:
                while head := stream.read(1):
                    kind, flags = head[0] >> 4, head[0] & 15
                    body = stream.read(self._length(stream))
                    if kind == 1:
                        will, code = self._connect(body)
                        connection.sendall(bytes([0x20, 2, 0, code]))
                        if code:
                            return
                    elif kind == 3:
                        self._publish(connection, flags, body)
                    elif kind == 8:
                        filters = self._filters(body[2:])
                        connection.sendall(bytes([0x90, 2 + len(filters)]) + body[:2] + bytes(len(filters)))
                        for topic, payload in list(self.retained.items()):
                            if not any(topic_matches_sub(one, topic) for one in filters):
                                continue
                            name = topic.encode()
                            data = struct.pack("!H", len(name)) + name + payload.encode()
                            assert len(data) < 1 << 14
                            connection.sendall(bytes([0x31, len(data) & 127 | 128, len(data) >> 7]) + data)
                    elif kind == 12:
                        connection.sendall(b"\xd0\0")
                    elif kind == 14:
                        will = None
                        return
            except (OSError, struct.error, IndexError):
                pass
            finally:
                if will:
                    self._keep(will)

    def _connect(self, body: bytes) -> tuple[Message | None, int]:
        flags, fields, at = body[7], [], 10
        while at < len(body):
            [size] = struct.unpack_from("!H", body, at)
            fields.append(body[at + 2 : at + 2 + size].decode())
            at += 2 + size
        _client, *rest = fields
        will = Message(rest.pop(0), rest.pop(0), flags >> 3 & 3, bool(flags & 32)) if flags & 4 else None
        return will, 0 if self.login is None or tuple(rest) == self.login else 5

    def _publish(self, connection: socket.socket, flags: int, body: bytes) -> None:
        [size] = struct.unpack_from("!H", body)
        topic, rest, qos = body[2 : 2 + size].decode(), body[2 + size :], flags >> 1 & 3
        self._keep(Message(topic, rest[2:].decode() if qos else rest.decode(), qos, bool(flags & 1)))
        if qos and self.acknowledges:
            connection.sendall(b"\x40\x02" + rest[:2])

    def _keep(self, message: Message) -> None:
        self.received.append(message)
        if message.is_retained:
            self.retained[message.topic] = message.payload
            if not message.payload:
                del self.retained[message.topic]

    @staticmethod
    def _filters(body: bytes) -> list[str]:
        filters = []
        while body:
            [size] = struct.unpack_from("!H", body)
            filters.append(body[2 : 2 + size].decode())
            body = body[3 + size :]
        return filters

    @staticmethod
    def _length(stream: object) -> int:
        length = shift = 0
        while True:
            [byte] = stream.read(1)  # type: ignore[attr-defined]
            length |= (byte & 127) << shift
            if byte < 128:
                return length
            shift += 7


class Mosquitto:
    """The real one, with a subscriber whose session it keeps while it is stopped.

    Attributes:
        received, retained: As of a `SmallBroker`, as far as the subscriber gets them.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if not found:
            pytest.skip("mosquitto is not on PATH")
        folder.mkdir()
        self.port = free_port()
        self.received: list[Message] = []
        self._command = [found, "-c", str(folder / "mosquitto.conf")]
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\npersistence true\npersistence_location {folder}/\nuser root\n"
            f"max_queued_messages 0\nlog_dest file {folder}/log\n"
            + "\n".join(settings or ["allow_anonymous true"])
            + "\n"
        )
        self._subscriber: Client | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        wait_for(self._answers)

    def subscribe(self) -> None:
        self._subscriber = client = Client(CallbackAPIVersion.VERSION2, "subscriber", clean_session=False)
        client.reconnect_delay_set(0.05, 0.1)  # type: ignore[arg-type]
        subscribed = threading.Event()
        client.on_connect = lambda *_: client.subscribe("#", qos=1)
        client.on_subscribe = lambda *_: subscribed.set()
        client.on_message = lambda _client, _data, got: self.received.append(
            Message(got.topic, got.payload.decode(), got.qos, got.retain)
        )
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        assert subscribed.wait(5)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def close(self) -> None:
        if self._subscriber:
            self._subscriber.disconnect()
            self._subscriber.loop_stop()
        self.stop()

    def events(self) -> list[str]:
        return [message.payload for message in self.received if message.topic.endswith("/events")]

    def _answers(self) -> bool:
        assert self._process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True
