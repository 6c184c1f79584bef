"""Modules that are run as scripts: `python -m vidstyle.training.NAME`."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from typing import Any

from vidstyle.errors import VidstyleError


def run_script(main: Callable[..., None]) -> None:
    """Call a function with the arguments of the command line, by position, each of the type of its parameter.

    Arguments that are wrong, and errors, end the process with one line and the exit code of the command.
    """
    module = inspect.getmodule(main)
    name = module.__spec__.name if module and module.__spec__ else ""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=main.__doc__)
    for parameter in inspect.signature(main, eval_str=True).parameters.values():
        kinds = getattr(parameter.annotation, "__args__", (parameter.annotation,))
        optional: dict[str, Any] = {}
        if parameter.default is not parameter.empty:
            optional = {"nargs": "?", "default": parameter.default}
        parser.add_argument(
            parameter.name, type=kinds[0], metavar=parameter.name.upper(), **optional
        )
    try:
        main(**vars(parser.parse_args()))
    except VidstyleError as error:
        parser.exit(error.exit_code, f"{error}\n")
