"""Protocol buffers as they stand in a file: fields by their numbers, and only what is asked for.

A file of weights is long and what a table needs of it is short: a field that is not asked for is
stepped over, not read. Source: Protocol Buffers, Encoding, the sections on varints, on
length-delimited records and on packed fields.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from cnnref.errors import CnnrefError

__all__ = ["DamagedError", "Field", "Span", "Wire"]

VARINT, LONG, BYTES, SHORT = 0, 1, 2, 5
# a varint of 64 bits has ten bytes of seven
LONGEST_VARINT = 10
# of a text, a list of numbers or the values of a tensor, in bytes
MOST = 1 << 20
MOST_FIELDS = 5_000_000
CHUNK = 1 << 16


class DamagedError(CnnrefError):
    """A file that ends too early, or whose bytes are none of the format."""


class Span(NamedTuple):
    """Bytes of a file, from the first to before the end."""

    start: int
    end: int


class Field(NamedTuple):
    """A field of a message: its number, and a whole number or where its bytes are."""

    number: int
    value: int | Span

    @property
    def span(self) -> Span:
        """Where its bytes are.

        Raises:
            DamagedError: it is a number.
        """
        if isinstance(self.value, int):
            raise DamagedError(f"field {self.number} is a number where text or a message belongs")
        return self.value

    @property
    def whole(self) -> int:
        """Its number, signed.

        Raises:
            DamagedError: it has bytes.
        """
        if not isinstance(self.value, int):
            raise DamagedError(f"field {self.number} has bytes where a number belongs")
        return self.value - (1 << 64) if self.value >> 63 else self.value


class Wire:
    """A file that can be read from any place, a chunk at a time."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size
        self._start, self._chunk = 0, b""
        self._fields = 0

    def bytes(self, span: Span) -> bytes:
        """The bytes of a span.

        Raises:
            DamagedError: the span is longer than what a table needs, or the file is shorter.
        """
        start, end = span
        if end - start > MOST:
            raise DamagedError(f"{end - start:,} bytes stand where a name or a few numbers belong")
        if not (self._start <= start and end <= self._start + len(self._chunk)):
            self._file.seek(start)
            self._start, self._chunk = start, self._file.read(max(CHUNK, end - start))
        found = self._chunk[start - self._start : end - self._start]
        if len(found) < end - start:
            raise DamagedError("the file ends too early")
        return found

    def text(self, field: Field) -> str:
        """A text; bytes that are none become question marks."""
        return self.bytes(field.span).decode("utf-8", "replace")

    def fields(self, span: Span) -> Iterator[Field]:
        """The fields of a message, in their order.

        Raises:
            DamagedError: the bytes are none of a message.
        """
        place, end = span
        while place < end:
            key, place = self._varint(place, end)
            number, kind = key >> 3, key & 7
            self._fields += 1
            if self._fields > MOST_FIELDS:
                raise DamagedError(f"it has more than {MOST_FIELDS:,} fields")
            if kind == VARINT:
                value, place = self._varint(place, end)
                yield Field(number, value)
                continue
            size = {LONG: 8, SHORT: 4}.get(kind, 0)
            if kind == BYTES:
                size, place = self._varint(place, end)
            if not number or kind not in (LONG, SHORT, BYTES) or size > end - place:
                raise DamagedError(
                    "a field is longer than what it stands in, or of no kind that exists"
                )
            yield Field(number, Span(place, place + size))
            place += size

    def wholes(self, field: Field) -> list[int]:
        """The whole numbers of a repeated field, which may be packed or stand alone.

        Raises:
            DamagedError: the bytes are none of such numbers.
        """
        if isinstance(field.value, int):
            return [field.whole]
        place, end = field.value
        self.bytes(field.value)
        found = []
        while place < end:
            value, place = self._varint(place, end)
            found.append(Field(field.number, value).whole)
        return found

    def unpacked(self, field: Field, form: str) -> list[float]:
        """The numbers of a field whose bytes are of a form that `struct` knows."""
        return list(unpacked(self.bytes(field.span), form))

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = shift = 0
        for byte in self.bytes(Span(place, min(end, place + LONGEST_VARINT))):
            value |= (byte & 127) << shift
            shift += 7
            place += 1
            if byte < 128:
                return value & ((1 << 64) - 1), place
        raise DamagedError("the file ends too early, or is none of this format")


def unpacked(found: bytes, form: str) -> tuple[float, ...]:
    """The numbers that bytes are, the lowest byte first.

    Raises:
        DamagedError: the bytes are no whole number of them.
    """
    if len(found) % struct.calcsize(form):
        raise DamagedError("a list of numbers ends within one")
    return struct.unpack(f"<{len(found) // struct.calcsize(form)}{form}", found)
