"""Tags: the metadata of a file and of its streams."""

from __future__ import annotations

_OF_THE_FILE = {
    "encoder",
    "major_brand",
    "minor_version",
    "compatible_brands",
    "rotate",
    "duration",
    "alpha_mode",
    "stereo_mode",
    "timecode",
}
"""Tags that describe the input file or its encoding, not its content; timecode is carried apart."""


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Leave out what mkvmerge and muxers write about the packets of the old video."""
    return {
        key: value
        for key, value in tags.items()
        if key.lower() not in _OF_THE_FILE
        and not key.startswith(("_STATISTICS", "BPS", "NUMBER_OF_", "DURATION"))
    }
