"""What a page has until the server ends: clips and results in a folder of its own, and the queue of renders."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from vidstyle.disk.leftovers import Hidden
from vidstyle.errors import OutputError, UsageError
from vidstyle.runtime.compute import Compute
from vidstyle.web.clips import Clip
from vidstyle.web.engine import RENDER, Engine
from vidstyle.web.names import numbered, safe_name
from vidstyle.web.pictures import Pictures
from vidstyle.web.previews import Previews
from vidstyle.web.renders import CANCELLED, WAITING, Render, output_name
from vidstyle.web.settings import Settings, dials
from vidstyle.zoo import catalog

SAMPLE = "sample"
"""The id of a photo that is there from the beginning, so that the styles can be seen on something."""


class Language(Protocol):
    """How the command line says something: the page shows it, and so may learn nothing else."""

    def spelled(self, text: str) -> str:
        """Return a text of the library with fields as options."""
        ...

    def command(self, source: str, style: str, output: str, parts: Sequence[Any]) -> str:
        """Return the command that does the same as the page."""
        ...

    def live_command(self, style: str, parts: Sequence[Any]) -> str:
        """Return the command that paints a camera as the page does."""
        ...

    def meaning(self, owner: type, name: str) -> str:
        """Return the help of a field of a dataclass."""
        ...

    def option(self, part: Any, name: str) -> str:
        """Return the option of a field of a dataclass, with the value that it has there."""
        ...


@dataclass(frozen=True)
class Limits:
    """What is taken of a client at most."""

    upload: int = 8 << 30
    """Bytes of one file."""
    picture: int = 64 << 20
    """Bytes of a style picture, or a mask."""
    spare: int = 512 << 20
    """Bytes of the disk that uploads leave free."""
    clips: int = 100
    masks: int = 100
    renders: int = 200
    sockets: int = 32
    """Open at once."""
    cameras: int = 3
    """Painted live at once."""
    silence: float = 60
    """Seconds after which an upload or a camera of which nothing comes is given up."""


class Session:
    """The state of the server. All but `Render.paint` and what the engine is given runs in the server's thread."""

    def __init__(
        self,
        pictures: Path,
        language: Language,
        compute: Compute,
        limits: Limits,
        changed: Callable[[], None],
    ) -> None:
        """Make the folder, and remove those of servers that were killed.

        Args:
            pictures: the folder of one's own style pictures.
            language: how the command line says something.
            compute: where networks are computed.
            limits: what is taken of a client.
            changed: called in any thread when there is something new to tell.

        Raises:
            OutputError: there is no room for it.
        """
        self.language, self.limits, self.changed = language, limits, changed
        try:
            self._hidden = Hidden(Path(tempfile.gettempdir()) / "vidstyle-web", folder=True)
            self.folder = self._hidden.path
            self.folder.chmod(0o700)
        except OSError as error:
            raise OutputError(
                f"cannot make a folder in {tempfile.gettempdir()}: {error.strerror}"
            ) from error
        self.pictures = Pictures(pictures)
        self.clips: dict[str, Clip] = {}
        self.masks: dict[str, Path] = {}
        self.renders: dict[str, Render] = {}
        self.engine = Engine()
        self.previews = Previews(compute)
        self._compute = compute
        with resources.as_file(resources.files("vidstyle.web") / "page" / "sample.jpg") as sample:
            self.sample = Clip(SAMPLE, sample, 640, 360, 0, still=True, time=0, sound=False)

    def close(self) -> None:
        """End what is being painted and remove the folder."""
        self.engine.close()
        self.previews.close()
        self._hidden.remove()

    def said(self, text: str) -> str:
        """Return a text of the library for the page, which knows files by their names alone."""
        folders = rf"{re.escape(str(self.folder))}/[0-9a-f]+/"
        return re.sub(folders, "", self.language.spelled(text))

    def place(self, name: str) -> Path:
        """Return where a new file is to be written, under a name like the given one: in a folder of its own."""
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir()
        return folder / safe_name(name, "clip")

    def clip(self, name: str) -> Clip:
        """Return a clip by its id.

        Raises:
            KeyError: there is none.
        """
        return self.sample if name == SAMPLE else self.clips[name]

    def style(self, name: str) -> str | Path:
        """Return the style of a name: that of a network, or the file of one's own picture.

        Raises:
            UsageError: there is none.
        """
        if name in catalog.styles():
            return name
        if name in self.pictures.by_name:
            return self.pictures.by_name[name]
        raise UsageError(f"no style is called {name[:80]}")

    def check_clips(self) -> None:
        """Refuse one more clip where there are as many as are allowed.

        Raises:
            UsageError: there are.
        """
        if len(self.clips) >= self.limits.clips:
            raise UsageError(f"expected {self.limits.clips} clips at most; remove some")

    def add_mask(self, received: Path) -> str:
        """Take a picture that has been uploaded for a mask.

        Returns:
            The name that it has from now on.

        Raises:
            UsageError: there are too many.
        """
        if len(self.masks) >= self.limits.masks:
            raise UsageError(f"expected {self.limits.masks} masks at most; remove some")
        name = numbered(received.name, set(self.masks))
        self.masks[name] = received
        self.changed()
        return name

    def remove_mask(self, name: str) -> Path:
        """Take a mask out, whose file is then to be removed.

        Raises:
            KeyError: there is none.
            UsageError: it is needed yet.
        """
        path = self.masks[name]
        if any(str(path) in r.masks.mask and not r.over for r in self.renders.values()):
            raise UsageError(f"a clip is being painted with {name}; cancel that first")
        del self.masks[name]
        self.changed()
        return path

    def add(self, clip: Clip) -> None:
        """Take a clip that has been uploaded."""
        self.clips[clip.id] = clip
        self.changed()

    def remove_clip(self, name: str) -> Clip:
        """Take a clip out, whose files are then to be removed.

        Raises:
            KeyError: there is none.
            UsageError: it is needed yet.
        """
        clip = self.clips[name]
        if any(r.clip is clip and not r.over for r in self.renders.values()):
            raise UsageError(f"{clip.path.name} is being painted; cancel that first")
        del self.clips[name]
        self.changed()
        return clip

    def command(self, clip: Clip, settings: Settings) -> str:
        """Return the command that makes the same file.

        Raises:
            UsageError: there is no such style, or mask.
        """
        style = self.style(settings.style)
        settings.masks.of(self.masks)  # or they are refused
        output = output_name(clip, style)
        return self.language.command(clip.path.name, str(style), output, settings.parts)

    def live_command(self, settings: Settings) -> str:
        """Return the command that paints a camera.

        Raises:
            UsageError: there is no such style.
        """
        return self.language.live_command(str(self.style(settings.style)), [settings.look])

    def options(self, settings: Settings) -> dict[str, str]:
        """Return of each dial the option that it stands for, with its value."""
        return {name: self.language.option(part, name) for part, name in settings.dials}

    def render(self, clip: Clip, settings: Settings) -> Render:
        """Put a render into the queue.

        Raises:
            UsageError: there is no such style or mask, or there are too many.
        """
        if len(self.renders) >= self.limits.renders:
            raise UsageError(f"expected {self.limits.renders} results at most; remove some")
        style, masks = self.style(settings.style), settings.masks.of(self.masks)
        name = secrets.token_hex(8)
        folder = self.folder / name
        folder.mkdir()
        taken = {render.output.name for render in self.renders.values()}
        output = folder / numbered(output_name(clip, style), taken)
        made = Render(name, clip, settings, style, masks, output, self.command(clip, settings))
        self.renders[name] = made
        self.engine.call(
            lambda: made.paint(self.engine, self._compute, self.said, self.changed),
            RENDER,
        )
        self.changed()
        return made

    def cancel(self, name: str) -> Render | None:
        """End a render; one that is over is taken out, and its files are then to be removed.

        Returns:
            The one that was taken out.

        Raises:
            KeyError: there is none.
        """
        render = self.renders[name]
        if not render.over:
            render.unwanted = True
            if render.status == WAITING:
                render.status = CANCELLED
            self.changed()
            return None
        self.changed()
        return self.renders.pop(name)

    def discard(self, path: Path) -> None:
        """Remove a file of the session with its folder."""
        if path.parent.parent == self.folder:
            with contextlib.suppress(OSError):
                shutil.rmtree(path.parent)

    @property
    def facts(self) -> dict[str, object]:
        """All that the page shows."""
        entries = catalog.styles().values()
        return {
            "clips": [clip.facts for clip in self.clips.values()],
            "renders": [render.facts for render in self.renders.values()],
            "styles": [
                {"name": e.name, "title": e.title, "artist": e.artist, "year": e.year}
                for e in entries
            ],
            "pictures": list(self.pictures.by_name),
            "masks": list(self.masks),
        }

    @property
    def constants(self) -> dict[str, object]:
        """What the page is told once."""
        return {
            "dials": dials(self.language.meaning),
            "upload": self.limits.upload,
            "picture": self.limits.picture,
            "sample": self.sample.facts,
        }
