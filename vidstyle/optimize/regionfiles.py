"""The files that say where each style is painted, known without torch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from vidstyle.errors import UsageError
from vidstyle.fields import Between, OneOf, any_file, documented
from vidstyle.masks import Masks
from vidstyle.media.inputs import fingerprint
from vidstyle.optimize.config import Config, DoodleConfig, PhotorealConfig
from vidstyle.optimize.pictures import check_picture

log = logging.getLogger(__name__)

AUTO, NAMED, NONE = "auto", "names", "none"
"""Regions that are found, by likeness or by what they show, and none."""


@documented
@dataclass(frozen=True)
class FoundRegions:
    """The regions that are found, and what is known of them.

    Raises:
        UsageError: the values do not go together.
    """

    regions: str | None = None
    """names finds sky, person, vegetation, water, building, ground and other, and paints each like its own of the style; auto finds regions
    without names; none uses no regions."""
    style_regions: Path | None = None
    """A picture with the regions of the style, in the same colors; by default starry_sem.png for starry.jpg, or what `regions`
    names finds."""
    region_count: Annotated[int | None, Between(2, 24)] = None
    """Largest number of regions that auto finds, 4 by default: by k-means, of content and styles together."""

    def __post_init__(self) -> None:
        if self.regions == "":
            raise UsageError("expected names, auto, none or a map for `regions`, got nothing")
        if self.regions == NONE and (self.style_regions or self.region_count):
            raise UsageError("`regions` none has none of the style, and none to find or to save")
        if self.regions == AUTO and self.style_regions is not None:
            raise UsageError("`regions` auto finds those of the style, too: no `style_regions`")
        if self.region_count and (self.regions not in (None, AUTO) or self.style_regions):
            raise UsageError("`region_count` is for `regions` auto: a map has as many as it has")

    @property
    def found(self) -> str | None:
        """How they are found, `AUTO` or `NAMED`; None: they are not."""
        if self.region_count:
            return AUTO
        return self.regions if self.regions in (AUTO, NAMED) else None

    def check_clip(self, styles: int = 1) -> None:
        """Refuse what does not go with a clip that is painted like so many styles.

        Raises:
            UsageError: a map of the content, or one of a style without names, or of several styles.
        """
        if self.regions not in (None, AUTO, NAMED, NONE):
            raise UsageError(
                f"expected `regions` names, auto or none for a clip, got {self.regions}"
            )
        if self.style_regions and self.regions != NAMED:
            raise UsageError("`style_regions` of a clip go with `regions` names")
        if self.style_regions and styles > 1:
            raise UsageError(f"expected one style with `style_regions`, got {styles}")

    def settings(self) -> dict[str, str]:
        """Return all that decides which are found, by name; nothing where none are."""
        if self.found is None:
            return {}
        settings = {"regions": self.found, "region_count": str(self.region_count)}
        if self.style_regions:
            settings["style_regions"] = fingerprint(self.style_regions)
        return settings


@documented
@dataclass(frozen=True)
class RegionFiles(FoundRegions):
    """The files that say where each style is painted: masks, or regions.

    Raises:
        UsageError: the files do not go together.
    """

    regions: Annotated[str | None, OneOf(NAMED, AUTO, NONE, is_file=any_file)] = None
    """A picture with a color for each region of the content, a semantic map; names finds sky, person, vegetation, water, building,
    ground and other, and paints each like its own of the style; auto finds regions without names; none uses no regions. By default
    photo_sem.png and starry_sem.png for photo.jpg and starry.jpg, where both exist; for doodle the content is the map; and
    photoreal takes names, or auto where they distinguish nothing."""
    mask: tuple[Path, ...] = ()
    """One for each style, white where it is painted; by default everywhere."""
    style_mask: tuple[Path, ...] = ()
    """One for each style, white for the part that is used; by default all of it."""
    save_regions: tuple[Path, ...] = ()
    """Write the regions to this picture, with a color for each: those of the content; and, if given again, those of each style."""

    def __post_init__(self) -> None:
        super().__post_init__()
        by_regions = self.regions not in (None, NONE) or self.style_regions is not None
        if (self.mask or self.style_mask) and (
            by_regions or self.region_count or self.save_regions
        ):
            raise UsageError("take either masks or regions")
        if self.regions == NONE and self.save_regions:
            raise UsageError("`regions` none has none of the style, and none to find or to save")
        if self.regions == NAMED and self.style_regions and len(self.save_regions) > 1:
            raise UsageError(
                "the regions of the style are there already: save those of the content"
            )

    @property
    def files(self) -> tuple[Path, ...]:
        """All that are read."""
        found = self.regions in (None, AUTO, NAMED, NONE)
        named = () if found else (Path(str(self.regions)),)
        of_style = () if self.style_regions is None else (self.style_regions,)
        return (*self.mask, *self.style_mask, *named, *of_style)

    def check_saved(self, target: Path | None, inputs: Sequence[Path], *, overwrite: bool) -> None:
        """Refuse maps to write that are no pictures, exist, or are another file of the run, before any work is done."""
        others = [*inputs, *([target] if target else [])]
        for file in self.save_regions:
            check_picture(file, inputs, overwrite=overwrite, named="save_regions")
            if file in others:
                raise UsageError(
                    f"{file} is another file of the run; choose another `save_regions`"
                )
            others.append(file)

    def resolved(
        self, config: Config, content: Path | None, styles: Sequence[Path | None]
    ) -> RegionFiles:
        """Return the files that a method is run with, those found by their names among them.

        Args:
            config: the method.
            content: the picture's file; None: it is none.
            styles: the styles' files, likewise.

        Raises:
            UsageError: one map is there, and the other is missing; maps with several styles; or a doodle without regions.
        """
        if self.regions == NONE and isinstance(config, DoodleConfig):
            raise UsageError(
                "a doodle is nothing but its regions, got `regions` none; a texture has a size, such as 640x360, in its place"
            )
        if self.mask or self.style_mask or self.regions in (NAMED, NONE):
            return self
        if self.region_count or self.regions == AUTO:
            return replace(self, regions=AUTO)
        beside = _beside(styles[0]) if len(styles) == 1 else None
        style_map = self.style_regions or beside
        if isinstance(config, DoodleConfig):
            own = self.regions or (None if content is None else str(content))
            if own is None:
                raise UsageError(
                    "a doodle is a map in a file: expected `regions`, or a file to paint"
                )
        elif self.regions is None and (found := _beside(content)) and style_map:
            own = str(found)
        else:
            own = self.regions
        _check_both(own, style_map if own else self.style_regions, styles)
        if own is None:
            if isinstance(config, PhotorealConfig):
                return replace(self, regions=NAMED)
            if self.save_regions:
                raise UsageError("there are no regions to save: take `regions`, such as auto")
            return self
        by_name = [str(m) for m in (Path(own), style_map) if m not in (*self.files, content)]
        if by_name:
            way_out = "" if isinstance(config, DoodleConfig) else "; `regions` none paints without"
            log.warning("maps found by name: %s%s", ", ".join(by_name), way_out)
        return replace(self, regions=own, style_regions=style_map)


@documented
@dataclass(frozen=True)
class ClipPlaces(Masks, FoundRegions):
    """Where a clip is painted, and the regions in which it is painted like those of the styles.

    Raises:
        UsageError: a value is out of its range, or values do not go together.
    """

    def __post_init__(self) -> None:
        Masks.__post_init__(self)
        FoundRegions.__post_init__(self)
        self.check_clip()

    @property
    def files(self) -> list[Path]:
        """See `Masks`; and the map of the style."""
        return [*super().files, *([self.style_regions] if self.style_regions else [])]


def _check_both(own: str | None, style_map: Path | None, styles: Sequence[Path | None]) -> None:
    """Refuse one map of the two, and maps with several styles."""
    if own and not style_map:
        if len(styles) > 1:
            raise UsageError(f"expected one style with maps of regions, got {len(styles)}")
        expected = f"{styles[0].stem}_sem.png beside {styles[0].name}, or " if styles[0] else ""
        raise UsageError(
            f"regions of the content and of the style need each other: expected {expected}`style_regions`"
        )
    if style_map and not own:
        raise UsageError("regions of the content and of the style need each other")


def _beside(picture: Path | None) -> Path | None:
    """Return the map that a picture's file has by its name, if it is there."""
    found = picture.with_name(f"{picture.stem}_sem.png") if picture and picture.name else None
    return found if found and found.is_file() else None
