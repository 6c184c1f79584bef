"""Numbers and parts of a file, and how they are changed in place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Number:
    """An unsigned number of some bits that lies in the file as it is."""

    name: str
    bit: int
    """The first of its bits, from the beginning of the file."""
    bits: int
    little: bool = False

    @property
    def top(self) -> int:
        """The greatest value that fits."""
        return (1 << self.bits) - 1

    def get(self, data: bytes | bytearray) -> int:
        if self.little:
            return int.from_bytes(data[self.bit // 8 : (self.bit + self.bits) // 8], "little")
        first, last = self.bit // 8, (self.bit + self.bits + 7) // 8
        spare = last * 8 - self.bit - self.bits
        return int.from_bytes(data[first:last], "big") >> spare & self.top

    def put(self, data: bytearray, value: int) -> None:
        if self.little:
            first, last = self.bit // 8, (self.bit + self.bits) // 8
            data[first:last] = value.to_bytes(self.bits // 8, "little")
            return
        first, last = self.bit // 8, (self.bit + self.bits + 7) // 8
        spare = last * 8 - self.bit - self.bits
        word = int.from_bytes(data[first:last], "big")
        word = word & ~(self.top << spare) | value << spare
        data[first:last] = word.to_bytes(last - first, "big")


@dataclass(frozen=True)
class Code:
    """A number in a parameter set, where a longer code moves all that follows it.

    The set keeps its length in the file: bits that no longer fit are lost.
    """

    name: str
    first: int
    last: int
    """The bytes of the set in the file, with its emulation prevention."""
    bit: int
    """The first bit of the code, from the beginning of the set without emulation prevention."""
    bits: int
    golomb: bool

    @property
    def top(self) -> int:
        """The greatest value that a decoder may read."""
        return 2**32 - 2 if self.golomb else (1 << self.bits) - 1

    def get(self, data: bytes | bytearray) -> int:
        code = _bits(data[self.first : self.last])[self.bit : self.bit + self.bits]
        return max(0, int(code or "0", 2) - self.golomb)

    def put(self, data: bytearray, value: int) -> None:
        code = f"{value + 1:b}" if self.golomb else f"{value:0{self.bits}b}"
        code = "0" * (len(code) - 1) * self.golomb + code
        old = _bits(data[self.first : self.last])
        new = old[: self.bit] + code + old[self.bit + self.bits :]
        new = new.ljust(len(new) + -len(new) % 8, "0")
        raw = int(new, 2).to_bytes(len(new) // 8, "big")
        escaped = re.sub(b"\0\0(?=[\0-\3])", b"\0\0\3", raw)
        length = self.last - self.first
        data[self.first : self.last] = escaped[:length].ljust(length, b"\x80")


@dataclass(frozen=True)
class Text:
    """Bytes that a subtitle is written in."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Part:
    """A whole box, element, chunk or packet."""

    name: str
    first: int
    last: int
    sizes: tuple[Number, ...] = ()
    """Sizes of what encloses it."""


@dataclass
class Anatomy:
    """All that is known of a file."""

    numbers: list[Number | Code] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def number(self, name: str, start: int, size: int, *, little: bool = False) -> Number:
        """Add a number of whole bytes."""
        made = Number(name, start * 8, size * 8, little)
        self.numbers.append(made)
        return made

    def row(self, start: int, *fields: tuple[str, int], little: bool = False) -> int:
        """Add numbers of so many bytes that follow each other; return where they end."""
        for name, size in fields:
            self.number(name, start, size, little=little)
            start += size
        return start

    def bits(self, start: int, *fields: tuple[str, int]) -> None:
        """Add numbers of so many bits that follow each other."""
        bit = start * 8
        for name, bits in fields:
            self.numbers.append(Number(name, bit, bits))
            bit += bits

    def words(self, name: str, start: int, end: int, *, little: bool = False) -> None:
        """Add what is not known more closely as words of four bytes, and bytes."""
        whole = start + (end - start) // 4 * 4
        for place in range(start, min(whole, start + 64), 4):
            self.number(f"{name} word", place, 4, little=little)
        for place in range(whole, end):
            self.number(f"{name} byte", place, 1)


def _bits(escaped: bytes | bytearray) -> str:
    raw = re.sub(b"\0\0\3", b"\0\0", bytes(escaped))
    return f"{int.from_bytes(raw, 'big'):0{len(raw) * 8}b}"


def plain_bits(escaped: bytes) -> str:
    """Return the bits of a parameter set without its emulation prevention."""
    return _bits(escaped)
