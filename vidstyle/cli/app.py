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
from vidstyle.cli.commands import EXIT_CODES, Program
from vidstyle.cli.spelling import spelled
from vidstyle.cli.terminal import open_streams, printable, say
from vidstyle.errors import ClosedPipeError, VidstyleError
from vidstyle.shortage import shortage

app = typer.Typer(
    name="vidstyle",
    cls=Program,
    help="Make a video look like a painting.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print more on stderr.")] = False,
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
