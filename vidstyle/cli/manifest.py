"""`vidstyle train manifest`: the pictures of a training."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.options import command
from vidstyle.errors import MissingPackageError

NEEDS_TORCH = "training needs torch: pip install 'vidstyle[torch]'"

Content = Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos.")]


@command
def manifest(
    content: Content,
    style: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of style pictures.")
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PREFIX",
            help="Hold out files of both folders whose names begin with this; repeatable.",
        ),
    ] = None,
) -> None:
    """Print a manifest of pictures, for --manifest of the trainings: names, digests, what is held out."""
    try:
        from vidstyle.training.manifest import Row, list_rows
    except ImportError as error:
        raise MissingPackageError(NEEDS_TORCH) from error

    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(Row._fields)
    for kind, folder in (("content", content), ("style", style)):
        if folder:
            lines.writerows(list_rows(kind, folder, tuple(hold or ())))
