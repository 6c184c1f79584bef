"""A video file as a source of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from vidstyle.frame import Frame, StreamInfo
from vidstyle.media.address import Location
from vidstyle.media.passthrough import Passthrough
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video


class FileSource:
    """The frames of a video, upright, in presentation order; see `pipeline.Source`.

    Use it as a context manager: nothing of it may be touched once it is closed.
    """

    def __init__(
        self,
        path: Location,
        reading: Reading | None = None,
        *,
        stop: Callable[[], None] | None = None,
    ) -> None:
        """Open a video; see `Video.open`.

        Raises:
            InputError: no such file, no video in it, or one that is refused.
        """
        self.video = Video.open(path, reading, stop=stop)

    @property
    def path(self) -> Location:
        """The name by which the video was opened."""
        return self.video.path

    @property
    def info(self) -> StreamInfo:
        """The facts that are known before the first frame."""
        return self.video.info

    @property
    def passthrough(self) -> Passthrough:
        """The streams and metadata that go to the output beside the frames."""
        return self.video.passthrough

    @property
    def accelerated(self) -> bool:
        """True where hardware decodes the video."""
        return self.video.accelerated

    @property
    def damage(self) -> int:
        """Places so far where something of the file was lost."""
        return self.video.damage

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, once."""
        return self.video.frames

    def give_up(self) -> None:
        """End a read that waits for a pipe; from another thread."""
        self.video.give_up()

    def close(self) -> None:
        """Close the video."""
        self.video.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
