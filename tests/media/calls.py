"""Recordings of calls: their pictures change their size on the way."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

SIZES = [(64, 48), (32, 24), (128, 96), (48, 36), (64, 48)]
"""Of a call whose sender follows the line: one shape, several sizes."""

PIECE = 4
"""Frames of each size."""


def ramp(width, height):
    """A picture (H, W, 3) that is the same in every size: red grows to the right, green downwards."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([(x + 0.5) * 255 / width, (y + 0.5) * 255 / height, np.full_like(x, 90)], -1)


def call(path, sizes, codec):
    """Write packets of encoders of several sizes into one stream, as browsers record calls."""
    base, time = Fraction(1, 25), 0
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height = sizes[0]
        stream.pix_fmt = "yuv420p"
        for width, height in sizes:
            encoder = av.CodecContext.create(codec, "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base, encoder.bit_rate = base, 2_000_000
            encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
            if codec == "libx264":
                encoder.options = {"preset": "ultrafast", "bf": "0", "x264-params": "annexb=1"}
            shown: list = []
            for _ in range(PIECE):
                picture = ramp(width, height).astype(np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                shown.append(frame.reformat(format="yuv420p"))
                shown[-1].pts, shown[-1].time_base = time, base
                time += 1
            for picture in (*shown, None):
                for packet in encoder.encode(picture):
                    packet.stream, packet.time_base = stream, base
                    output.mux(packet)
    return path
