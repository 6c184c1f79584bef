"""`vidstyle cache list|clear`: the fitted networks that are kept."""

from __future__ import annotations

import json
import time

import typer

from vidstyle.cli.common import Json
from vidstyle.cli.mistakes import Commands
from vidstyle.cli.options import Command
from vidstyle.cli.terminal import say, tell
from vidstyle.zoo import fits

app = typer.Typer(
    name="cache",
    cls=Commands,
    help="The cached networks of run --fit.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """The cached networks of run --fit."""


@app.command("list", cls=Command)
def listed(
    as_json: Json = False,
) -> None:
    """List the fitted networks, the newest first; each is a style for run."""
    found = fits.kept()
    if as_json:
        rows = [
            {
                **fit.facts,
                "network": str(fit.weights),
                "picture": str(fit.strip),
                "bytes": fit.bytes,
            }
            for fit in found
        ]
        print(json.dumps(rows, indent=1))
        return
    for fit in found:
        facts = fit.facts
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(facts.get("made", 0)))
        tell(
            f"{made}  {_mib(fit.bytes)}  {facts.get('style')} on {facts.get('clip')}, "
            f"{facts.get('seconds', 0):.0f} s: {fit.weights}"
        )
    size = sum(fit.bytes for fit in found)
    count = "1 fit" if len(found) == 1 else f"{len(found)} fits"
    say(f"{count}, {_mib(size)}, in {fits.cache_folder()}")


@app.command("clear", cls=Command)
def cleared() -> None:
    """Remove all of them."""
    say(f"{_mib(fits.clear())} given back in {fits.cache_folder()}")


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
