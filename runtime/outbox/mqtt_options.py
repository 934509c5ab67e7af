"""Where an MQTT broker is, and what is told to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.reading import require_file
from i3d_edge.core.schema import Line, Positive
from i3d_edge.core.text import short_reason, some


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSOptions:
    """How a connection is encrypted.

    Attributes:
        ca: Certificates of those who may vouch for the broker, as PEM; None for those of the system.
        cert, key: Our own certificate and its key, as PEM, for a broker that asks for one.
        insecure: Take any certificate, of anybody.
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False

    def context(self) -> ssl.SSLContext:
        """Return what Python's ssl needs.

        Raises:
            ArgumentError: If a file is absent or is not what it should be.
        """
        paths = [path for path in (self.ca, self.cert, self.key) if path]
        try:
            for path in paths:
                require_file(path)
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert:
                context.load_cert_chain(self.cert, self.key)
        except OSError as error:
            raise ArgumentError(
                f"cannot use {some([str(path) for path in paths])} for TLS: {short_reason(error)}"
            ) from error
        if self.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOptions:
    """Where a broker is, and what is told to it.

    Attributes:
        host, port: Of the broker.
        user, password: None for a broker that asks for none.
        topic: What all topics begin with; each watch at a broker needs its own.
        client_id: Who we are to the broker; each watch needs its own.
        tls: None for a connection in the clear.
        home_assistant: Whether Home Assistant is told what there is to see.
        stats_every_s: How often statistics are sent.
    """

    host: Line = "localhost"
    port: Positive = 1883
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    topic: Line = "i3d"
    client_id: Line = "i3d"
    tls: TLSOptions | None = None
    home_assistant: bool = True
    stats_every_s: Positive = 60
