"""What we use of fsspec, with objects in memory and failures as they are asked for."""

from __future__ import annotations

import sys
from io import BytesIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class FakeStore:
    """A stand-in for fsspec and its kinds of storage.

    Attributes:
        objects: Content by address.
        fails: By address, what the next openings raise.
        sizes: By address, a size that is stated wrongly.
        asked: The addresses that were opened, in order.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.objects: dict[str, bytes] = {}
        self.fails: dict[str, list[Exception]] = {}
        self.sizes: dict[str, int] = {}
        self.asked: list[str] = []
        for name in ("fsspec", "fsspec.core", "aiohttp", "s3fs", "gcsfs"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        vars(sys.modules["fsspec.core"])["url_to_fs"] = lambda address, **_options: (self, address)
        vars(sys.modules["aiohttp"])["ClientTimeout"] = SimpleNamespace

    def open(self, address: str, _mode: str, **_options: Any) -> BytesIO:
        self.asked.append(address)
        if self.fails.get(address):
            raise self.fails[address].pop(0)
        if address not in self.objects:
            raise not_found(address, 404)
        stream = _Sized(self.objects[address])
        stream.size = self.sizes.get(address, len(self.objects[address]))
        return stream


class _Sized(BytesIO):
    size: int | None = None


class StatusError(Exception):
    """What a store's library raises where HTTP has a status that is no success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status}, message='...'")
        self.status = status


def not_found(address: str, status: int) -> Exception:
    """Return what fsspec makes of whatever status it meets first."""
    error = FileNotFoundError(address)
    error.__cause__ = StatusError(status)
    return error
