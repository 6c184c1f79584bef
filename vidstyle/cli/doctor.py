"""`vidstyle doctor`: what was chosen on this machine, why, and what would be faster."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

from vidstyle.cli.common import Json
from vidstyle.cli.options import command, only
from vidstyle.cli.spelling import spelled
from vidstyle.cli.terminal import printable
from vidstyle.machine.doctor import examine
from vidstyle.runtime.compute import Compute


@command
def doctor(
    *,
    compute: Annotated[Compute, only("device", "precision")],
    as_json: Json = False,
) -> None:
    """Show the device and precision that vidstyle uses on this machine, why, and what would be faster."""
    found = examine(compute.device, compute.precision)
    if as_json:
        print(spelled(json.dumps(asdict(found), indent=1)))
        return
    cores = f"{found.cores} core" + "s" * (found.cores != 1)
    print(f"system      {found.system}")
    print(f"processor   {', '.join([found.processor, cores, *found.instructions])}")
    print(f"packages    {', '.join(f'{n} {v}' for n, v in found.packages.items())}")
    print(printable(f"paints on   {found.engine}"))
    for reason in found.reasons:
        print(printable(spelled(f"  because   {reason}")))
    print(f"hardware    {', '.join(found.encoders) or 'no encoder'}")
    for number, advice in enumerate(found.faster):
        print(printable(spelled(f"{'' if number else 'faster':11} {advice}")))
    print("measure it  vidstyle bench")
