"""Jobs whose files lie in stores: they are painted from and to files of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from vidstyle.errors import OutputError, VidstyleError
from vidstyle.files import Job
from vidstyle.media.address import Stored
from vidstyle.media.stores import ELSEWHERE, fetch, send


@contextmanager
def staged(job: Job, stop: Callable[[], None] | None = None) -> Iterator[Job]:
    """Read what a job needs of a store, give the job on this machine, and send what it has made, unless there was an error.

    The files lie in a folder for temporary files, as long as the context is open.

    Args:
        job: given as it is where its files are here.
        stop: called during transfers; raises to end them.

    Raises:
        VidstyleError: see `media.stores`.
    """
    source, output = job.source, job.output
    if not isinstance(source, Stored) and not isinstance(output, Stored):
        yield job
        return
    with TemporaryDirectory(prefix="vidstyle-") as folder:
        taken, made = (Path(folder, name) for name in ("in", "out"))
        names: dict[str, Stored] = {}
        if isinstance(source, Stored):
            taken.mkdir()
            names[str(taken / source.name)] = source
            fetch(source, taken / source.name, stop)
            source = taken / source.name
        if isinstance(output, Stored):
            made.mkdir()
            names[str(made / output.name)] = output
            output = made / output.name
        try:
            yield replace(job, source=source, output=output)
        except VidstyleError as error:
            text = str(error)
            for name, address in names.items():
                text = text.replace(name, str(address))
            if isinstance(error, OutputError) and isinstance(job.output, Stored):
                text += f"; it is made in {made} before it is sent: {ELSEWHERE}"
            error.args = (text,)
            raise
        if isinstance(job.output, Stored) and isinstance(output, Path):
            send(output, job.output, overwrite=job.overwrite, stop=stop)
