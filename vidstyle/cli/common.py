"""Options that several commands have alike."""

from __future__ import annotations

from typing import Annotated

import typer

Overwrite = Annotated[
    bool, typer.Option("-y", "--overwrite", help="Replace an output that exists.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
