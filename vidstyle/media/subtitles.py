"""Subtitles made of text, from the packets of one codec to those of another.

PyAV cannot encode subtitles, but a packet of text is little more than the text.
"""

from __future__ import annotations

import re

TEXT_CODECS = frozenset({"subrip", "ass", "ssa", "webvtt", "mov_text", "text"})
"""Codecs whose packets this file can read."""

_ASS_FIELDS = 8
"""Fields before the text in an ASS packet of Matroska: ReadOrder, Layer, Style, ..., Effect."""

_OVERRIDE = re.compile(r"\{[^}]*\}")
_TAG = re.compile(r"</?(?:[a-z]+)(?:[ .=][^>]*)?>", re.IGNORECASE)
_KEPT_TAG = re.compile(r"</?[bius]>", re.IGNORECASE)


def to_text(codec: str, packet: bytes) -> str:
    """Return a packet's text, lines ended by line feeds; bold, italic and underline as in SubRip."""
    if codec == "mov_text":
        # Two bytes of length, the text, then boxes of styling.
        length = int.from_bytes(packet[:2], "big")
        return _decode(packet[2 : 2 + length]).strip("\r\n")
    text = _decode(packet)
    if codec in {"ass", "ssa"}:
        text = text.split(",", _ASS_FIELDS)[-1]
        for switch, tag in (("i", "i"), ("b", "b"), ("u", "u"), ("s", "s")):
            text = re.sub(rf"\{{\\{switch}1\}}", f"<{tag}>", text)
            text = re.sub(rf"\{{\\{switch}0\}}", f"</{tag}>", text)
        text = _OVERRIDE.sub("", text)
        text = text.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", "\N{NO-BREAK SPACE}")
    return text.replace("\r\n", "\n").strip("\n\0")


def from_text(codec: str, text: str) -> bytes:
    """Return the packet of one codec, mov_text, subrip or webvtt, that holds a text."""
    if codec == "mov_text":
        # Styling would need boxes of its own: the words matter.
        plain = _TAG.sub("", text).encode()
        return len(plain).to_bytes(2, "big") + plain
    if codec == "webvtt":
        text = re.sub(r"-->", "->", text)
        text = _TAG.sub(lambda tag: tag[0] if _KEPT_TAG.fullmatch(tag[0]) else "", text)
        text = re.sub(r"\n{2,}", "\n", text)  # an empty line would end the cue
    return text.encode()


def _decode(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8", "replace")
