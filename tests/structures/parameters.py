"""Parameter sets of H.264 and HEVC, and the sequence header of MPEG-2: where the sizes stand."""

from __future__ import annotations

import itertools
import re

from tests.structures.anatomy import Anatomy, Code, plain_bits

_SPS264 = """profile:8 constraints:8 level:8 id:ue"""
_HIGH264 = """chroma:ue luma_depth:ue chroma_depth:ue bypass:1 matrices:1"""
_TAIL264 = """frame_num_bits:ue order_type:ue order_bits:ue references:ue gaps:1 width:ue height:ue
    frames_only:1 direct:1 cropped:1"""
_CROP = """left:ue right:ue top:ue bottom:ue"""
_SPS265 = """vps:4 sub_layers:3 nesting:1 profile:8 compatibility:32 source:48 level:8 id:ue chroma:ue
    width:ue height:ue cropped:1"""
_TAIL265 = """luma_depth:ue chroma_depth:ue order_bits:ue ordering:1 pictures:ue reordered:ue latency:ue
    block:ue blocks:ue transform:ue transforms:ue inter_depth:ue intra_depth:ue"""
_VPS265 = """id:4 base:2 layers:6 sub_layers:3 nesting:1 reserved:16 profile:8 compatibility:32 source:48
    level:8 ordering:1 pictures:ue reordered:ue latency:ue last_layer:6 layer_sets:ue timing:1"""
_TIMING = """tick:32 scale:32"""


def find_parameters(found: Anatomy, data: bytes, first: int, last: int) -> None:
    """Find parameter sets behind start codes."""
    ends = [m.start() for m in re.finditer(b"\0\0\1", data[first:last])] + [last - first]
    for begin, end in itertools.pairwise(ends):
        read_parameters(found, data, first + begin + 3, first + end)


def read_parameters(found: Anatomy, data: bytes, first: int, last: int) -> None:
    """Add the codes of a NAL unit, if it is a parameter set of one of the two codecs."""
    head = data[first : first + 2]
    if head[:1] in {b"\x67", b"\x27"}:
        reader = _Reader(found, data, first, last, "sps264", 8)
        reader.read(_SPS264)
        if reader.values["profile"] in {100, 110, 122, 244}:
            reader.read(_HIGH264)
        reader.read(_TAIL264)
        if reader.values["cropped"]:
            reader.read(_CROP)
    elif head == b"\x42\x01":
        reader = _Reader(found, data, first, last, "sps265", 16)
        reader.read(_SPS265)
        if reader.values["cropped"]:
            reader.read(_CROP)
        reader.read(_TAIL265)
    elif head == b"\x40\x01":
        reader = _Reader(found, data, first, last, "vps265", 16)
        reader.read(_VPS265)
        if reader.values["timing"]:
            reader.read(_TIMING)
    elif head[:1] == b"\xb3":
        found.bits(first + 1, ("mpeg2 width", 12), ("mpeg2 height", 12))
        found.bits(first + 4, ("mpeg2 aspect", 4), ("mpeg2 rate", 4), ("mpeg2 bit rate", 18))


class _Reader:
    def __init__(
        self, found: Anatomy, data: bytes, first: int, last: int, name: str, bit: int
    ) -> None:
        self._found, self._place, self._name, self._bit = found, (first, last), name, bit
        self._bits = plain_bits(data[first:last])
        self.values: dict[str, int] = {}

    def read(self, fields: str) -> None:
        for each in fields.split():
            name, kind = each.split(":")
            if kind == "ue":
                zeros = self._bits.index("1", self._bit) - self._bit
                bits = 2 * zeros + 1
            else:
                bits = int(kind)
            code = Code(f"{self._name} {name}", *self._place, self._bit, bits, kind == "ue")
            self.values[name] = int(self._bits[self._bit : self._bit + bits], 2) - (kind == "ue")
            self._found.numbers.append(code)
            self._bit += bits
