"""Protocol buffers, read and written field by field: what little is needed of them, without a schema.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from dataclasses import dataclass, field

_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Message:
    """One message's fields, by their numbers: integers (the last of each counts), and messages or texts, in order."""

    numbers: dict[int, int] = field(default_factory=dict)
    parts: dict[int, list[memoryview]] = field(default_factory=dict)

    def text(self, number: int) -> str:
        """Return a text field, or "" where there is none."""
        parts = self.parts.get(number)
        return bytes(parts[-1]).decode() if parts else ""

    def messages(self, number: int) -> list[Message]:
        """Return the messages in a field; raises ValueError as `read_message`."""
        return [read_message(part) for part in self.parts.get(number, ())]


def read_message(data: bytes | memoryview) -> Message:
    """Read the fields of a message; raises ValueError if it is cut off, or has a field of an unknown kind."""
    view = memoryview(data)
    message = Message()
    position = 0
    while position < len(view):
        tag, position = read_varint(view, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            message.numbers[number], position = read_varint(view, position)
            continue
        if kind == _LENGTH:
            size, position = read_varint(view, position)
        elif kind in (_FIXED_64, _FIXED_32):
            size = 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError(f"a field of wire type {kind}")
        part = view[position : position + size]
        if len(part) < size:
            raise ValueError("a field that is cut off")
        position += size
        if kind == _LENGTH:
            message.parts.setdefault(number, []).append(part)
        else:
            message.numbers[number] = int.from_bytes(part, "little")
    return message


def read_varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return a number of variable length, and where the next one starts; raises ValueError if it is cut off."""
    value = shift = 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("a number that is cut off")


def write_part(number: int, content: bytes) -> bytes:
    """Return a field of a message that holds a text or a message."""
    return _write_varint(number << 3 | _LENGTH) + _write_varint(len(content)) + content


def _write_varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + _write_varint(value >> 7)
