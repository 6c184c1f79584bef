"""Looks ahead in a file: what a shot will show, before its first frame is painted."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

from vidstyle.frame import Frame, Pixels, StreamInfo
from vidstyle.media.filters import FilterChain
from vidstyle.media.inputs import open_input
from vidstyle.media.source import FileSource

log = logging.getLogger(__name__)

_STEP = Fraction(1, 2)
"""Seconds at least between frames that are shown of what comes."""

_REACH = 4
"""Seconds that are looked ahead at most."""

_MOST = 600
"""Pictures that are decoded for that at most: a file that cannot be sought in begins far before."""

_TICK = Fraction(1, 1000)
"""Seconds by which rounding may put the asked frame before its time."""


class Foresight:
    """The source of a file's frames, which can also be asked what comes after one of them."""

    def __init__(self, source: FileSource) -> None:
        """Take the source, one that can be read twice: no pipe."""
        self._source = source
        self._times = array("d")  # seconds: eight bytes a frame, however long the file

    @property
    def info(self) -> StreamInfo:
        """See `pipeline.Source`."""
        return self._source.info

    @property
    def damage(self) -> int:
        """See `pipeline.Source`."""
        return self._source.damage

    def give_up(self) -> None:
        """See `pipeline.Source`."""
        self._source.give_up()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the source's frames."""
        for frame in self._source:
            self._times.append(float(frame.pts * frame.time_base))
            yield frame

    def after(self, index: int) -> Iterator[Pixels]:
        """Yield some two frames (H, W, 3) a second, from about the one with an index on.

        It must have been read. What cannot be read ends it: that is told where frames are painted.
        """
        try:
            yield from self._glance(Fraction(self._times[index]).limit_denominator(10**6))
        except Exception as error:
            log.debug("cannot look ahead in %s: %s", self._source.path, error)

    def _glance(self, begin: Fraction) -> Iterator[Pixels]:
        """Decode the file once more, quickly: only frames that others refer to, fields together."""
        source, chain = self._source, None
        # Another one, since the source's is used in another thread.
        converter = replace(source.converter, alpha=False)
        origin = source.passthrough.origin
        start, end = source.reading.start or 0, source.reading.end
        last = begin + _REACH if end is None else min(begin + _REACH, end - start)
        due = begin - _TICK
        # On the CPU: a hardware decoder would be set up anew at every cut.
        with open_input(source.path, replace(source.reading, hwaccel=None)) as container:
            stream = container.streams[source.video.index]
            stream.thread_type = "AUTO"
            stream.codec_context.skip_frame = "NONREF"
            if begin or start:
                container.seek(int((begin + origin) / stream.time_base), stream=stream)
            for picture in islice(container.decode(stream), _MOST):
                if picture.pts is None:
                    return
                time = picture.pts * Fraction(picture.time_base or 0) - origin
                if time >= last:
                    return
                if picture.is_corrupt or time < due:
                    continue
                due = time + _STEP
                if source.reading.size:
                    scale = [step for step in source.steps(picture) if step[0] == "scale"]
                    chain = chain or FilterChain(picture, Fraction(picture.time_base or 1), scale)
                yield converter.convert(next(chain.push(picture)) if chain else picture)[0]
