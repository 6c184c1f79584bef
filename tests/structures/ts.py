"""Transport streams: headers of packets, tables, and headers of what they carry."""

from __future__ import annotations

from tests.structures.anatomy import Anatomy, Part
from tests.structures.checksums import crc32_big
from tests.structures.parameters import find_parameters

SIZE = 188


def walk(found: Anatomy, data: bytes) -> None:
    """Find all packets."""
    maps = _maps(data)
    for start in range(0, len(data) - SIZE + 1, SIZE):
        found.parts.append(Part("ts packet", start, start + SIZE))
        found.number("ts sync", start, 1)
        fields = [("error", 1), ("begins", 1), ("priority", 1), ("pid", 13)]
        fields += [("scrambled", 2), ("adaptation", 2), ("continuity", 4)]
        found.bits(start + 1, *((f"ts {name}", bits) for name, bits in fields))
        pid, begins, body = _header(data, start)
        if data[start + 3] & 32:
            found.number("ts adaptation length", start + 4, 1)
            if data[start + 4]:
                found.number("ts adaptation flags", start + 5, 1)
                found.words("ts clock", start + 6, min(body, start + 12))
        if not begins:
            continue
        if pid == 0 or pid in maps:
            _section(found, data, body + 1 + data[body], "pat" if pid == 0 else "pmt")
        elif data[body : body + 3] == b"\0\0\1":
            found.row(body, ("pes start", 3), ("pes stream", 1), ("pes length", 2))
            found.row(body + 6, ("pes flags", 2), ("pes header length", 1))
            found.words("pes times", body + 9, body + 9 + data[body + 8])
            find_parameters(found, data, body + 9 + data[body + 8], start + SIZE)
            if data[body + 3] == 0xBD:
                _segments(found, data, body + 9 + data[body + 8], start + SIZE)


def repair(data: bytearray) -> None:
    """Make the checksums of the tables right."""
    maps = _maps(data)
    for start in range(0, len(data) - SIZE + 1, SIZE):
        pid, begins, body = _header(data, start)
        if begins and (pid == 0 or pid in maps) and body < start + SIZE:
            first = body + 1 + data[body]
            length = int.from_bytes(data[first + 1 : first + 3], "big") & 0xFFF
            last = first + 3 + length
            if length > 4 and last <= start + SIZE:
                sum_ = crc32_big(data[first : last - 4], 0xFFFFFFFF)
                data[last - 4 : last] = sum_.to_bytes(4, "big")


def _header(data: bytes | bytearray, start: int) -> tuple[int, bool, int]:
    pid = int.from_bytes(data[start + 1 : start + 3], "big") & 0x1FFF
    body = start + 4 + (1 + data[start + 4] if data[start + 3] & 32 else 0)
    return pid, bool(data[start + 1] & 64), body


def _maps(data: bytes | bytearray) -> set[int]:
    """Return the PIDs of the program maps, by the first table of programs."""
    for start in range(0, len(data) - SIZE + 1, SIZE):
        pid, begins, body = _header(data, start)
        if pid == 0 and begins and body < start + SIZE - 13:
            first = body + 1 + data[body]
            return {int.from_bytes(data[first + 10 : first + 12], "big") & 0x1FFF}
    return set()


def _section(found: Anatomy, data: bytes, start: int, name: str) -> None:
    found.number(f"{name} table", start, 1)
    found.bits(start + 1, (f"{name} flags", 4), (f"{name} length", 12), (f"{name} id", 16))
    found.row(start + 5, (f"{name} version", 1), (f"{name} number", 1), (f"{name} last", 1))
    end = start + 3 + (int.from_bytes(data[start + 1 : start + 3], "big") & 0xFFF) - 4
    if name == "pat":
        found.bits(start + 8, ("pat program", 16), ("pat reserved", 3), ("pat pid", 13))
        return
    found.bits(start + 8, ("pmt reserved", 3), ("pmt clock pid", 13), ("pmt reserved", 4))
    found.bits(start + 10, ("pmt reserved", 4), ("pmt info length", 12))
    place = start + 12 + (int.from_bytes(data[start + 10 : start + 12], "big") & 0xFFF)
    while place + 5 <= end:
        found.number("pmt stream type", place, 1)
        found.bits(place + 1, ("pmt reserved", 3), ("pmt stream pid", 13))
        found.bits(place + 3, ("pmt reserved", 4), ("pmt stream info length", 12))
        length = int.from_bytes(data[place + 3 : place + 5], "big") & 0xFFF
        found.words("pmt descriptor", place + 5, place + 5 + length)
        place += 5 + length


def _segments(found: Anatomy, data: bytes, start: int, end: int) -> None:
    """Add the segments of a DVB subtitle, as far as they lie in the first packet."""
    place = start + 2
    while place + 6 <= end and data[place] == 0x0F:
        names = ("dvb sync", 1), ("dvb segment", 1), ("dvb page", 2), ("dvb segment length", 2)
        body = found.row(place, *names)
        length = int.from_bytes(data[place + 4 : place + 6], "big")
        found.words(f"dvb {data[place + 1]:x}", body, min(body + length, end))
        place = body + length
