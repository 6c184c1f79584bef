"""The command `vidstyle`: its subcommands, and the one place where errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Annotated

import typer

from vidstyle import __version__
from vidstyle.cli.bench import bench
from vidstyle.cli.doctor import doctor
from vidstyle.cli.live import live
from vidstyle.cli.metrics import metrics
from vidstyle.cli.options import Command
from vidstyle.cli.paint import paint
from vidstyle.cli.probe import probe
from vidstyle.cli.reconstruct import reconstruct
from vidstyle.cli.run import run
from vidstyle.cli.spelling import spelled
from vidstyle.cli.styles import styles
from vidstyle.cli.train import train_app
from vidstyle.errors import ClosedPipeError, VidstyleError

EXIT_CODES = """
Exit codes: 0 done; 1 a bug in vidstyle; 2 wrong use, an input that cannot be read, too little memory;
3 done, but the input was damaged; 4 the output could not be written;
130, 143 stopped by a signal; 141 nobody reads the pipe that is written to.
"""

app = typer.Typer(
    name="vidstyle",
    help="Make a video look like a painting.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", cls=Command, epilog=EXIT_CODES)(run)
app.command("live", cls=Command, epilog=EXIT_CODES)(live)
app.command("paint", cls=Command, epilog=EXIT_CODES)(paint)
app.command("reconstruct", cls=Command, epilog=EXIT_CODES)(reconstruct)
app.command("styles", cls=Command, epilog=EXIT_CODES)(styles)
app.command("probe", cls=Command, epilog=EXIT_CODES)(probe)
app.command("doctor", cls=Command, epilog=EXIT_CODES)(doctor)
app.command("bench", cls=Command, epilog=EXIT_CODES)(bench)
app.command("metrics", cls=Command, epilog=EXIT_CODES)(metrics)
app.add_typer(train_app, name="train")


class _Spelled(logging.Formatter):
    """Calls fields as the command line does."""

    def format(self, record: logging.LogRecord) -> str:
        return spelled(super().format(record))


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


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that the memory of the CPU or of a GPU was full; torch and OpenCV word it differently."""
    said = str(error).lower()
    full = ("defaultcpuallocator", "out of memory", "insufficient memory")
    return isinstance(error, MemoryError) or any(words in said for words in full)


def main() -> None:
    """Run the command and exit with its code."""
    code: object
    try:
        app()
        code = 0
    except SystemExit as end:
        code = end.code
    except ClosedPipeError as error:
        code = error.exit_code  # quietly, as filters end
    except VidstyleError as error:
        print(f"vidstyle: {spelled(str(error))}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("vidstyle: interrupted", file=sys.stderr)
        code = 130
    except Exception as error:
        if _is_out_of_memory(error):
            print(
                "vidstyle: the memory does not suffice; take a smaller size, or fewer at once "
                f"({str(error).splitlines()[0] if str(error) else 'no more is known'})",
                file=sys.stderr,
            )
            code = 2
        else:
            traceback.print_exc()
            print("vidstyle: this is a bug, please report it with the lines above", file=sys.stderr)
            code = 1
    sys.stderr.flush()
    sys.stdout.flush()
    # Not sys.exit: a native thread that is still asleep must not hold up the end.
    os._exit(code if isinstance(code, int) else 1 if code else 0)
