"""A small H.264 stream whose frames come as two pictures each, one a field: no encoder at hand makes one."""

from __future__ import annotations

START = b"\0\0\0\1"


def _ue(value: int) -> str:
    """Exp-Golomb code of the standard, 9.1."""
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def _nal(kind: int, bits: str, body: bytes = b"") -> bytes:
    bits += "0" * (-len(bits) % 8) if body else ""
    tail = "1" if body else bits + "1"
    tail += "0" * (-len(tail) % 8)
    head = bits if body else ""
    return START + bytes([kind]) + _bytes(head) + body + _bytes(tail)


def _bytes(bits: str) -> bytes:
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def field_coded(frames: int) -> bytes:
    """Return an Annex B stream of 16x32 pixels, each field a gray macroblock of raw samples."""
    sets = _nal(0x67, f"{77:08b}{0:08b}{30:08b}" + _ue(0) * 2 + _ue(0) + _ue(4) + _ue(1) + "0"
                + _ue(0) + _ue(0) + "0" + "0" + "1" + "0" + "0")  # fmt: skip
    sets += _nal(0x68, _ue(0) * 2 + "0" + "0" + _ue(0) * 3 + "000" + "111" + "100")
    stream = b""
    for number in range(frames):
        for bottom in (0, 1):
            first = number == 0 and not bottom
            header = _ue(0) + _ue(7) + _ue(0) + f"{number % 16:04b}" + f"1{bottom}"
            header += _ue(0) if first else ""
            header += f"{(2 * number + bottom) % 256:08b}" + ("00" if first else "0")
            header += "1" + _ue(1) + _ue(25)
            gray = bytes([32 + (number * 7 + bottom * 60) % 180]) * 256 + bytes([128]) * 128
            stream += (sets if first else b"") + _nal(0x65 if first else 0x61, header, gray)
    return stream
