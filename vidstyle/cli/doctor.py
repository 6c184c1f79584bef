"""`vidstyle doctor`: what was chosen on this machine, why, and what would be faster."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from vidstyle.machine.doctor import examine


def doctor(
    device: Annotated[str, typer.Option(help="As for run.")] = "auto",
    precision: Annotated[str, typer.Option(help="As for run.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what vidstyle would paint with on this machine, why, and what would be faster."""
    found = examine(device, precision)
    if as_json:
        print(json.dumps(asdict(found), indent=1))
        return
    cores = f"{found.cores} core" + "s" * (found.cores != 1)
    print(f"system      {found.system}")
    print(f"processor   {', '.join([found.processor, cores, *found.instructions])}")
    print(f"packages    {', '.join(f'{n} {v}' for n, v in found.packages.items())}")
    print(f"paints on   {found.engine}")
    for reason in found.reasons:
        print(f"  because   {reason}")
    print(f"hardware    {', '.join(found.encoders) or 'no encoder'}")
    for number, advice in enumerate(found.faster):
        print(f"{'' if number else 'faster':11} {advice}")
    print("measure it  vidstyle bench")
