"""What a service manager is told, as systemd's sd_notify does it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def tell_manager(state: str) -> None:
    """Send a state, for instance "READY=1", to the manager that started this process; without one, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:  # it may be gone, or busy
        sender.setblocking(False)  # whoever tells must not hang with it
        sender.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
