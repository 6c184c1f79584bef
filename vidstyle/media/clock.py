"""Times of frames as an output counts them, in units that may be coarser than the input's."""

from __future__ import annotations

from fractions import Fraction

from vidstyle.errors import UsageError
from vidstyle.frame import Frame
from vidstyle.media.containers import Container


class OutputClock:
    """Gives the frames of one output their times, in order."""

    def __init__(self, container: Container, time_base: Fraction, even_rate: Fraction) -> None:
        """Take the output's time base and frame rate.

        Args:
            container: of the output.
            time_base: seconds per unit.
            even_rate: frames a second of a container that holds one even rate only.
        """
        self._container = container
        self._time_base = time_base
        self._even_rate = even_rate
        self._last: int | None = None
        self._phase = Fraction(0)

    def pts(self, frame: Frame) -> int:
        """Return the next frame's time.

        Raises:
            UsageError: it cannot be told from the last one's, or lies beside the even rate.
        """
        exact = frame.pts * frame.time_base / self._time_base
        pts = round(exact)
        format_name = self._container.format
        if not self._container.variable_rate:
            if self._last is None:
                self._phase = exact % 1  # the grid may begin anywhere
            exact -= self._phase
            pts = round(exact)
        if self._last is not None and pts <= self._last:
            raise UsageError(
                f"{format_name} cannot hold frames that close together; choose a lower `fps`"
            )
        if not self._container.variable_rate and abs(exact - pts) > Fraction(1, 5):
            raise UsageError(
                f"{format_name} holds frames at one even rate only; choose `fps` "
                f"{float(self._even_rate):g} or an output name that ends in .mkv"
            )
        self._last = pts
        return pts

    def duration(self, frame: Frame) -> int | None:
        """Return the duration of a frame, in units of the output's time base, 1 at least; None where it is not known."""
        if not frame.duration:
            return None
        return max(1, round(frame.duration * frame.time_base / self._time_base))
