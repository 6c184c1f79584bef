from __future__ import annotations

import pytest

from vidstyle.media.subtitles import from_text, to_text


@pytest.mark.parametrize(
    ("codec", "packet", "text"),
    [
        ("subrip", b"Hello <i>world</i>\r\nline\r\n", "Hello <i>world</i>\nline"),
        ("webvtt", b"Hello\nline", "Hello\nline"),
        ("mov_text", b"\x00\x05Hello\x00\x00\x00\x0cstyl1234", "Hello"),
        ("mov_text", b"\x00\x06\xff\xfeH\x00i\x00", "Hi"),
        (
            "ass",
            rb"3,0,Default,,0,0,0,,{\i1}One{\i0}, two\Nthree {\pos(1,2)}four",
            "<i>One</i>, two\nthree four",
        ),
        (
            "subrip",
            b"caf\xc3\xa9 \xff",
            "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{REPLACEMENT CHARACTER}",
        ),
    ],
)
def test_packets_become_text(codec, packet, text):
    assert to_text(codec, packet) == text


@pytest.mark.parametrize(
    ("codec", "text", "packet"),
    [
        ("mov_text", "<b>Hi</b> \N{LATIN SMALL LETTER E WITH ACUTE}", b"\x00\x05Hi \xc3\xa9"),
        ("subrip", "<i>Hi</i>\nthere", b"<i>Hi</i>\nthere"),
        ("webvtt", "a\n\n<font color=red>b</font> --> <i>c</i>", b"a\nb -> <i>c</i>"),
    ],
)
def test_text_becomes_packets(codec, text, packet):
    assert from_text(codec, text) == packet
