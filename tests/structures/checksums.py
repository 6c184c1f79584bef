"""Checksums that demuxers look at."""

from __future__ import annotations


def crc32_big(data: bytes | bytearray, start: int) -> int:
    """Return the CRC-32 of MPEG (start: all ones) and NUT (start: 0), highest bit first."""
    value = start
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value >> 31 else value << 1) & 0xFFFFFFFF
    return value
