"""The command `vidstyle`: its subcommands, and the one place where errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from vidstyle import __version__
from vidstyle.cli.along import paint_along
from vidstyle.cli.bench import bench
from vidstyle.cli.cache import cache_app
from vidstyle.cli.doctor import doctor
from vidstyle.cli.export import export_app
from vidstyle.cli.frame import frame
from vidstyle.cli.live import live
from vidstyle.cli.metrics import metrics
from vidstyle.cli.mistakes import Commands
from vidstyle.cli.options import Command, HeadedCommand
from vidstyle.cli.paint import paint
from vidstyle.cli.probe import probe
from vidstyle.cli.reconstruct import reconstruct
from vidstyle.cli.run import run
from vidstyle.cli.sheet import sheet
from vidstyle.cli.spelling import spelled
from vidstyle.cli.styles import styles
from vidstyle.cli.terminal import open_streams, printable, say
from vidstyle.cli.train import train_app
from vidstyle.cli.web import web
from vidstyle.errors import ClosedPipeError, VidstyleError
from vidstyle.shortage import shortage

EXIT_CODES = """
Exit codes: 0 done; 1 a bug in vidstyle; 2 wrong use, an input that cannot be read, too little memory;
3 done, but the input was damaged; 4 the output could not be written;
130, 143 stopped by a signal; 141 nobody reads the pipe that is written to.
"""

app = typer.Typer(
    name="vidstyle",
    cls=Commands,
    help="Make a video look like a painting.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", cls=HeadedCommand, epilog=EXIT_CODES)(run)
app.command("sheet", cls=Command, epilog=EXIT_CODES)(sheet)
app.command("frame", cls=Command, epilog=EXIT_CODES)(frame)
app.command("paint-along", cls=HeadedCommand, epilog=EXIT_CODES)(paint_along)
app.command("live", cls=HeadedCommand, epilog=EXIT_CODES)(live)
app.command("web", cls=Command, epilog=EXIT_CODES)(web)
app.command("paint", cls=Command, epilog=EXIT_CODES)(paint)
app.command("reconstruct", cls=Command, epilog=EXIT_CODES)(reconstruct)
app.command("styles", cls=Command, epilog=EXIT_CODES)(styles)
app.command("probe", cls=Command, epilog=EXIT_CODES)(probe)
app.command("doctor", cls=Command, epilog=EXIT_CODES)(doctor)
app.command("bench", cls=Command, epilog=EXIT_CODES)(bench)
app.command("metrics", cls=Command, epilog=EXIT_CODES)(metrics)
app.add_typer(export_app, name="export")
app.add_typer(cache_app, name="cache")
app.add_typer(train_app, name="train")


class _Spelled(logging.Formatter):
    """One line that calls fields as the command line does."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(spelled(super().format(record)))


def _show_version(requested: bool) -> None:
    if requested:
        print(f"vidstyle {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
) -> None:
    """Make a video look like a painting."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Spelled("vidstyle: %(message)s"))
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, handlers=[handler], force=True)


def main() -> None:
    """Run the command and exit with its code."""
    open_streams()
    code = _exit_code(app)
    code = _exit_code(sys.stdout.flush) or code
    # Not sys.exit: a native thread that is still asleep must not hold up the end.
    os._exit(code)


def _exit_code(function: Callable[[], object]) -> int:
    """Call a function and return how it ended; errors are told."""
    try:
        function()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    except VidstyleError as error:
        if not isinstance(error, ClosedPipeError):  # filters end quietly
            say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except Exception as error:
        if said := shortage(error):
            say(
                "memory, threads or open files do not suffice; "
                f"take a smaller size, or fewer at once ({said})"
            )
            return 2
        traceback.print_exc()
        say("this is a bug, please report it with the lines above")
        return 1
    return 0
