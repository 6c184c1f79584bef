"""A page that paints in the visitor's own browser: a folder for any web server. It imports torch when it is called."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from vidstyle.disk.leftovers import Hidden
from vidstyle.disk.replacing import already_there, followed
from vidstyle.errors import InputError, MissingPackageError, OutputError, UsageError
from vidstyle.export.networks import check_network, style_net
from vidstyle.export.ortweb import PACKAGE, runtime_files
from vidstyle.fields import documented
from vidstyle.selection import StyleSource, model_for, several_of
from vidstyle.stylize.style import StyleOptions
from vidstyle.zoo import catalog

_FACTS = "styles.json"
"""The list of the styles, and what a page of ours is known by."""

_MADE_BY = "vidstyle export web"


@documented
@dataclass(frozen=True)
class WebOptions:
    """What the page paints by."""

    runtime: Path | None = None
    """The package onnxruntime-web, as a folder or the .tgz of `npm pack`. None: npm fetches it, once, into the user's cache."""
    webgpu: bool = True
    """Let the page use the visitor's graphics card if the browser supports it: 27 MB more in the folder."""


@dataclass(frozen=True)
class PageStyle:
    """A style of a page."""

    name: str
    """In addresses and file names."""
    title: str
    """On its button."""
    source: StyleSource


def export_web(
    style: StyleSource | Sequence[StyleSource],
    output: str | Path,
    *,
    style_scale: float = 1.0,
    runtime: str | Path | None = None,
    webgpu: bool = True,
    overwrite: bool = False,
) -> Path:
    """Write a folder with a page that paints a camera, a clip or a photo in the visitor's own browser.

    Any web server can serve it; it asks no other one for anything.

    Args:
        style: see `StyleSource`; of several, the page has a button for each.
        output: the folder to write, whole or not at all.
        style_scale: see `Model.style`; of pictures alone.
        runtime: the package onnxruntime-web, as a folder or the .tgz of `npm pack`; None: npm fetches it, once, into the user's
            cache.
        webgpu: let the page use the visitor's graphics card where the browser can.
        overwrite: replace the folder, where it is a page that was written before.

    Returns:
        The path of the folder.

    Raises:
        UsageError: a style has no network, or the output exists.
        InputError: a style or the runtime cannot be read, or npm cannot fetch that.
        MissingPackageError: torch, onnx or npm is missing.
        OutputError: the folder cannot be written.
    """
    options = WebOptions(Path(runtime) if runtime else None, webgpu)
    how = StyleOptions(style_scale)
    return write_web(several_of(style), Path(output), options, how, overwrite=overwrite)


def write_web(
    styles: Sequence[StyleSource],
    output: Path,
    options: WebOptions,
    how: StyleOptions,
    *,
    overwrite: bool,
) -> Path:
    """Write the folder; see `export_web`."""
    output = output.absolute()  # of "." no name could be made
    listed = page_styles(styles)
    for each in listed:
        check_network(model_for(each.source)[0])
    _check_folder(output, overwrite=overwrite)
    try:
        from vidstyle.export.pagegraph import canvas_onnx
    except ImportError as error:
        raise MissingPackageError(
            "an export needs torch and onnx: pip install 'vidstyle[onnx]'"
        ) from error
    files = {}
    for each in listed:
        net, vector = style_net(*model_for(each.source), how)
        files[_network_of(each)] = canvas_onnx(net, vector, {"style": each.title})
    for name, data in runtime_files(options.runtime, webgpu=options.webgpu).items():
        # Many servers do not know that .mjs is JavaScript, and browsers then refuse it.
        files[f"runtime/{name.replace('.mjs', '.js')}"] = data
    files[_FACTS] = _facts(listed, webgpu=options.webgpu)
    files |= {file.name: file.read_bytes() for file in _assets()}
    _write(output, files, overwrite=overwrite)
    return output


def page_styles(styles: Sequence[StyleSource]) -> list[PageStyle]:
    """Return how the styles of a page are called: by their files, or what the shipped ones are."""
    listed: list[PageStyle] = []
    for source in styles:
        stem = Path(source).stem if isinstance(source, str | Path) else "picture"
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_") or "style"
        taken = {each.name.lower() for each in listed}
        name = next(
            one
            for one in (name, *(f"{name}_{n}" for n in range(2, len(styles) + 2)))
            if one.lower() not in taken
        )
        shipped = catalog.styles().get(str(source)) if isinstance(source, str) else None
        title = shipped.title if shipped else stem.replace("_", " ").strip() or name
        listed.append(PageStyle(name, title, source))
    return listed


def _network_of(style: PageStyle) -> str:
    return f"styles/{style.name}.onnx"


def _facts(styles: Sequence[PageStyle], *, webgpu: bool) -> bytes:
    listed = [{"name": s.name, "title": s.title, "file": _network_of(s)} for s in styles]
    facts = {"made_by": _MADE_BY, "runtime": PACKAGE, "webgpu": webgpu, "styles": listed}
    return json.dumps(facts, indent=1, ensure_ascii=False).encode()


def _assets() -> list[Traversable]:
    """Return the files of the page that are the same for all."""
    return list((resources.files("vidstyle.export") / "page").iterdir())


def _check_folder(output: Path, *, overwrite: bool) -> None:
    """Refuse a folder that must not be replaced.

    Raises:
        UsageError: it is no folder, or one that is no page of ours or may not be replaced.
        OutputError: it cannot be looked at.
    """
    try:
        target = followed(output)
        if not target.parent.is_dir():
            raise UsageError(f"cannot write {output}: the folder {target.parent} does not exist")
        if not target.exists():
            return
        if not target.is_dir():
            raise UsageError(f"cannot write {output}: expected a folder, and it is a file")
        if not any(target.iterdir()):
            return
        if not _is_page(target):
            raise UsageError(
                f"cannot write {output}: it has files of its own; choose a new folder as `output`"
            )
        if not overwrite:
            raise already_there(output)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {output}: {error.strerror}") from error


def _is_page(folder: Path) -> bool:
    try:
        facts = json.loads((folder / _FACTS).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(facts, dict) and facts.get("made_by") == _MADE_BY


def _write(output: Path, files: dict[str, bytes], *, overwrite: bool) -> None:
    """Write a folder, which appears when it is whole."""
    try:
        target = followed(output)
        made = Hidden(target, folder=True)
        try:
            for name, data in files.items():
                file = made.path / name
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(data)
            _check_folder(output, overwrite=overwrite)  # it may have come meanwhile
            if target.exists():
                older = Hidden(target, folder=True)
                target.rename(older.path / "older")
                try:
                    made.path.rename(target)
                except OSError:
                    (older.path / "older").rename(target)
                    raise
                finally:
                    older.remove()
            else:
                made.path.rename(target)
            made.release()
        except BaseException:
            made.remove()
            raise
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {output}: {error.strerror}") from error


def folder_size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    try:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}") from error
