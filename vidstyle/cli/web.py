"""`vidstyle web`: the whole job in a page of this computer's browser."""

from __future__ import annotations

import shlex
import threading
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from vidstyle.cli.commandline import live_command, option, run_command
from vidstyle.cli.fieldoption import FieldOption
from vidstyle.cli.options import command, only
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.spelling import spelled
from vidstyle.cli.terminal import say
from vidstyle.errors import Interrupted, MissingPackageError
from vidstyle.runtime.compute import Compute


@dataclass(frozen=True)
class _Spoken:
    """See `vidstyle.web.session.Language`."""

    def spelled(self, text: str) -> str:
        return spelled(text)

    def command(self, source: str, style: str, output: str, parts: Sequence[Any]) -> str:
        return run_command(source, style, output, parts)

    def live_command(self, style: str, parts: Sequence[Any]) -> str:
        return live_command(style, parts)

    def meaning(self, owner: type, name: str) -> str:
        return FieldOption(name, {"": owner}, limited=False).describe()

    def option(self, part: Any, name: str) -> str:
        return shlex.join(option(part, name))


@command
def web(
    *,
    port: Annotated[
        int,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            metavar="N",
            help="Port to listen at; 0: any free one.",
        ),
    ] = 0,
    open: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    compute: Annotated[Compute, only("device", "precision")],
) -> None:
    """Open a page in the browser for the whole job: choose a clip and a style, preview, paint, download.

    It serves this computer alone, and the address that is shown admits one browser. Nothing is sent anywhere else. Ctrl-C
    ends it, and removes the clips and results that were not downloaded; your own style pictures are kept.
    """
    stop = StopOnSignal()
    try:
        from vidstyle.web.server import Server
    except ImportError as error:
        raise MissingPackageError(
            "the page needs aiohttp, and aiortc for the camera by WebRTC: pip install 'vidstyle[web]'"
        ) from error
    from vidstyle.web.pictures import user_folder

    told: list[str] = []

    def show(address: str) -> None:
        if told:
            say(f"for another browser: {address}")
        else:
            say(f"the page is at {address}")
            if open:
                # A browser of the terminal would hold the server up.
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        told.append(address)

    server = Server(user_folder(), _Spoken(), show, stop, port, compute)
    try:
        server.serve()
    except Interrupted:
        say("ended; what was uploaded and painted is removed")
