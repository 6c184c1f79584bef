"""`vidstyle bench`: how fast this machine paints."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.common import Json
from vidstyle.cli.options import command, only
from vidstyle.cli.parsing import SIZE
from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import UsageError
from vidstyle.runtime.compute import Compute


@command
def bench(
    *,
    sizes: Annotated[
        str, typer.Option(metavar="WxH,...", help="Frame sizes to measure.")
    ] = "640x360,1280x720,1920x1080",
    style: Annotated[
        Path | None,
        typer.Option("--style", "-s", metavar="PICTURE", help="A synthetic texture if not given."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Measurements of each kind.")] = 3,
    compute: Annotated[Compute, only("device", "precision")],
    as_json: Json = False,
) -> None:
    """Measure how many frames per second this machine paints, on synthetic clips.

    Close other programs first, since they reduce the speed.
    """
    stop = StopOnSignal()
    measured_sizes = []
    for text in sizes.split(","):
        size = SIZE.read("sizes", text)
        if min(size) < 16:
            raise UsageError(f"expected `sizes` of 16x16 or more, got {text}")
        measured_sizes.append(size)
    from vidstyle.machine.bench import measure
    from vidstyle.machine.doctor import examine

    machine = examine(compute.device, compute.precision)
    found = []
    if not as_json:
        print(f"{machine.processor}, {machine.cores} cores: {machine.engine}")
        print("frames a second; in brackets the interquartile range")
        print(f"{'size':>10}  {'network alone':>16}  {'files alone':>16}  {'whole run':>16}")
    for width, height in measured_sizes:
        speed = measure(
            width,
            height,
            style,
            repeats=repeats,
            device=compute.device,
            precision=compute.precision,
            stop=stop,
        )
        found.append(speed)
        if not as_json:
            columns = [
                f"{r.median:.1f} ({r.iqr:.1f})" for r in (speed.network, speed.files, speed.whole)
            ]
            print(
                "  ".join([f"{f'{width}x{height}':>10}", *(f"{c:>16}" for c in columns)]),
                flush=True,
            )
    if as_json:
        print(
            json.dumps({"machine": asdict(machine), "speeds": [asdict(s) for s in found]}, indent=1)
        )
