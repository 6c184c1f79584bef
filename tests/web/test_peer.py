"""WebRTC without a browser: what is heeded of an offer, and when a frame is whole."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

peer = pytest.importorskip("vidstyle.web.peer", reason="the extra web is not installed")


@pytest.mark.parametrize(
    ("address", "heeded"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
        ("5b7f0a7e-2d1c-4d6e-8f3a-1c2b3d4e5f60.local", False),
        ("evil.example", False),
    ],
)
def test_packets_go_to_this_computer_alone(address, heeded):
    line = f"a=candidate:1 1 udp 2113937151 {address} 50000 typ host"
    own = peer._own_addresses()
    assert peer._of_this_computer(line, own) is heeded
    assert peer._of_this_computer("a=mid:0", own)


def packet(number: int, time: int, marker: bool):
    data = bytes([number % 256])
    return SimpleNamespace(sequence_number=number, timestamp=time, marker=marker, _data=data)


@pytest.mark.parametrize("first", [100, 65534])
@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([0, 1, 2, 3, 4], {2: (0, 1, 2), 4: (3, 4)}),
        ([0, 2, 1, 3, 4], {1: (0, 1, 2), 4: (3, 4)}),
        ([0, 1, 3, 4, 2], {2: (0, 1, 2)}),
        ([0, 1, 3, 4], {}),
    ],
    ids=["in order", "swapped", "late", "lost"],
)
@pytest.mark.skipif(not peer._KNOWN, reason="another version of aiortc")
def test_a_frame_is_given_out_with_its_last_packet(first, order, found):
    """Packets 0 to 2 are a frame, 3 and 4 the next."""
    buffer = peer._PromptBuffer(capacity=512, is_video=True)
    got = {}
    for place in order:
        number = (first + place) % 65536
        _, frame = buffer.add(packet(number, 1000 + (place > 2), place in {2, 4}))
        if frame:
            got[place] = tuple(frame.data)
    assert got == {p: tuple((first + n) % 65536 % 256 for n in ns) for p, ns in found.items()}
