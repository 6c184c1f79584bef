"""Changes of a file's own numbers and parts: the same for the same seeds of chance."""

from __future__ import annotations

import collections
import math
import random
from collections.abc import Callable

from tests.structures import chunks, ebml, mp4, nut, ts
from tests.structures.anatomy import Anatomy, Code, Number, Part, Text

Walker = Callable[[Anatomy, bytes], None]
Repair = Callable[[bytearray], None]

_WALKERS: dict[str, tuple[Walker, Repair | None]] = {
    ".mp4": (mp4.walk, None),
    ".mkv": (ebml.walk, None),
    ".webm": (ebml.walk, None),
    ".ts": (ts.walk, ts.repair),
    ".avi": (chunks.riff, None),
    ".webp": (chunks.riff, None),
    ".gif": (chunks.gif, None),
    ".png": (chunks.png, chunks.repair_png),
    ".apng": (chunks.png, chunks.repair_png),
    ".nut": (nut.walk, nut.repair),
}
SAID = (b"Hello <i>world</i>", b"Hello {\\i1}world{\\i0}", b"Hello world", b"Second")
"""What the subtitles of the seeds say, in their several ways of marking."""

_BYTES = (b"\0", b"\xff\xfe", b"\xc3", b"\x1b[2J", b"<font size=", b"{\\", b",,,,,,,,,", b"\n\n9\n")


def anatomy(data: bytes, ending: str) -> Anatomy:
    """Find the numbers, parts and texts of a seed."""
    found = Anatomy()
    _WALKERS[ending][0](found, data)
    for said in SAID:
        place = data.find(said)
        while place >= 0:
            found.texts.append(Text("subtitle", place, place + len(said)))
            if ending == ".mp4":
                found.number("mov_text length", place - 2, 2)
                found.words("mov_text style", place + len(said), place + len(said) + 12)
            place = data.find(said, place + 1)
    return found


def mutate(
    data: bytes, found: Anatomy, ending: str, chance: random.Random
) -> tuple[bytes, list[str]]:
    """Return changed bytes, and what was changed."""
    changed = bytearray(data)
    kind = chance.choices(("numbers", "parts", "texts"), (14, 4, 2 * bool(found.texts)))[0]
    if kind == "numbers":
        done = [
            _change_number(changed, found, chance) for _ in range(chance.choice((1, 1, 1, 2, 3, 8)))
        ]
    elif kind == "parts":
        done = [_change_part(changed, found.parts, chance)]
    else:
        done = [_change_text(changed, text, chance) for text in found.texts]
    if _WALKERS[ending][1] and chance.random() < 0.75:
        done.append("checksums made right")
        return repaired(changed, ending), done
    return bytes(changed), done


def repaired(data: bytearray, ending: str) -> bytes:
    """Return a file with the checksums that its format has made right."""
    repair = _WALKERS[ending][1]
    if repair:
        repair(data)
    return bytes(data)


def _change_number(changed: bytearray, found: Anatomy, chance: random.Random) -> str:
    """Change one number; those of long tables are no more than four times as likely as others."""
    names = sorted(collections.Counter(number.name for number in found.numbers).items())
    weights = [min(4, math.sqrt(count)) for _, count in names]
    name, _ = chance.choices(names, weights)[0]
    alike = [number for number in found.numbers if number.name == name]
    number = chance.choice(alike)
    old = number.get(changed)
    new = _other_value(old, number.top, chance.choice(alike).get(changed), chance)
    number.put(changed, new)
    return f"{name} {_place(number)}: {old} -> {new}"


def _place(number: Number | Code) -> str:
    first = number.first if isinstance(number, Code) else number.bit // 8
    return f"at {first}"


def _other_value(old: int, top: int, other: int, chance: random.Random) -> int:
    """Return another value up to `top`: a near one, one at an end, a random one, or a neighbor's."""
    value = old
    while value == old:
        near = (old + 1, old - 1, old * 2, old // 2, old + chance.randrange(-99, 100))
        ends = (0, 1, top, top - 1, top // 2, top // 2 + 1)
        wild = (chance.randrange(top + 1), old ^ 1 << chance.randrange(top.bit_length()), other)
        value = chance.choice(chance.choice((near, ends, wild))) % (top + 1)
    return value


def _change_part(changed: bytearray, parts: list[Part], chance: random.Random) -> str:
    """Drop, repeat, cut or exchange a part, and make the sizes around it right, or not."""
    name = chance.choice(sorted({part.name for part in parts}))
    part, other = (chance.choice([p for p in parts if p.name == name]) for _ in range(2))
    how = chance.choice(("drop", "repeat", "cut", "exchange"))
    body = bytes(changed[part.first : part.last])
    put = {
        "drop": b"",
        "repeat": body * chance.choice((2, 2, 3, 50)),
        "cut": body[: chance.randrange(len(body))],
        "exchange": bytes(changed[other.first : other.last]),
    }[how]
    changed[part.first : part.last] = put
    fits = chance.random() < 0.5
    for size in part.sizes if fits else ():
        grown = size.get(changed) + len(put) - len(body)
        size.put(changed, max(0, grown) & (1 << size.bits) - 1)
    return f"{how} {name} at {part.first}{', sizes made right' * fits}"


def _change_text(changed: bytearray, text: Text, chance: random.Random) -> str:
    """Write other bytes over a subtitle's text, which keeps its length."""
    length = text.last - text.first
    put = b"".join(chance.choices(_BYTES, k=length))[:length]
    changed[text.first : text.last] = put
    return f"{text.name} at {text.first}: {put!r}"
