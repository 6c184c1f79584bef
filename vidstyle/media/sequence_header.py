"""The header of an MPEG sequence in a packet: where it says another size, the decoder drops what it holds back."""

from __future__ import annotations

from typing import Any

_LOOKED_AT = 1024
"""Bytes of a packet in which its header begins."""

_SEQUENCE = b"\x00\x00\x01\xb3"
"""The start code of MPEG-1 and MPEG-2; 12 bits each of width and height follow."""

_START = b"\x00\x00\x01"


def header_of(codec: str, packet: Any) -> bytes | None:
    """Return what differs where a packet begins a sequence of another size.

    Args:
        codec: FFmpeg's name.
        packet: as the demuxer gives it.

    Returns:
        For MPEG-1 and MPEG-2 the size, for MPEG-4 its whole layer's header; None where there is none, and for codecs
        whose decoders drop nothing.
    """
    if codec not in {"mpeg1video", "mpeg2video", "mpeg4"} or not packet.size:
        return None
    data = bytes(memoryview(packet)[:_LOOKED_AT])
    if codec != "mpeg4":
        at = data.find(_SEQUENCE)
        return data[at + 4 : at + 7] if at >= 0 else None
    at = data.find(_START)
    while at >= 0:
        behind = data.find(_START, at + 3)
        if data[at + 3 : at + 4] and 0x20 <= data[at + 3] <= 0x2F:
            return data[at + 4 : behind if behind >= 0 else None]
        at = behind
    return None
