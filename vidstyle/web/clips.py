"""A clip or photo that was uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vidstyle.media.facts import duration_of
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video
from vidstyle.moments import find_moments


@dataclass(frozen=True)
class Clip:
    """A file in a folder of its own, and what is known of it."""

    id: str
    path: Path
    width: int
    """Pixels, as it is shown."""
    height: int
    seconds: float
    """0: a photo, or not known."""
    still: bool
    """A photo."""
    time: float
    """Seconds; a moment that shows something."""
    sound: bool

    @classmethod
    def of(cls, name: str, path: Path) -> Clip:
        """Read the facts of a file.

        Raises:
            InputError: it is no video and no picture, or one that is refused.
        """
        with Video.open(path, Reading(hdr="tonemap")) as video:
            info = video.info
            moments = find_moments(video, 2)
            still = (
                moments[0].time is None
            )  # a picture does not say so otherwise: it has no duration
            frame = moments[0].frame
            seconds = Fraction(0) if still else duration_of(video.container)
            return cls(
                name,
                path,
                round(info.width * info.sample_aspect_ratio),
                info.height,
                float(seconds),
                still,
                0 if still else float(frame.pts * frame.time_base),
                bool(video.container.streams.audio),
            )

    @property
    def facts(self) -> dict[str, object]:
        """For the page."""
        return {
            "id": self.id,
            "name": self.path.name,
            "width": self.width,
            "height": self.height,
            "seconds": self.seconds,
            "still": self.still,
            "time": self.time,
            "sound": self.sound,
        }
