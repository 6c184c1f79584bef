"""`vidstyle styles`: the shipped networks of one style."""

from __future__ import annotations

import json
from dataclasses import asdict

from vidstyle.cli.common import Json
from vidstyle.zoo import catalog


def styles(
    as_json: Json = False,
) -> None:
    """List the networks of one style: faster than a picture as the style, and nearer to it."""
    entries = catalog.styles().values()
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=1))
        return
    wide = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        print(f"{entry.name:{wide}}  {entry.artist}, {entry.title}, {entry.year}")
