"""Commands, options and numbers that are not taken, answered by those that are."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from vidstyle.cli.parsing import KINDS
from vidstyle.cli.spelling import flags
from vidstyle.errors import UsageError
from vidstyle.fields import Between

_COMMANDS = {
    **dict.fromkeys(("stylize", "stylise", "transfer", "convert", "render", "video"), "run"),
    **dict.fromkeys(("optimize", "optimise", "gatys", "picture", "image"), "paint"),
    **dict.fromkeys(("webcam", "camera", "screen", "stream"), "live"),
    **dict.fromkeys(("serve", "server", "gui", "ui", "page", "browser", "app"), "web"),
    **dict.fromkeys(("info", "inspect", "identify"), "probe"),
    **dict.fromkeys(("evaluate", "measure", "compare"), "metrics"),
    **dict.fromkeys(("benchmark", "speed"), "bench"),
    **dict.fromkeys(("list", "models"), "styles"),
    **dict.fromkeys(("check", "devices"), "doctor"),
}
"""What other programs, and people, call a command."""

_OPTIONS = {
    **dict.fromkeys(("--style-image", "--style-images", "--styles", "--model"), "--style"),
    **dict.fromkeys(("--output-image", "--out", "--output-path"), "--output"),
    **dict.fromkeys(("--iterations", "--num-iterations", "--max-iterations", "--iters"), "--steps"),
    **dict.fromkeys(("--image-size", "--width", "--max-size", "--scale"), "--size"),
    **dict.fromkeys(("--content-weight", "--style-weight"), "--ratio"),
    **dict.fromkeys(("--style-blend-weights", "--style-imgs-weights"), "--style-weights"),
    **dict.fromkeys(("--tv-weight", "--smoothness"), "--variation"),
    **dict.fromkeys(("--initial", "--init-image", "--init-img-type"), "--init"),
    **dict.fromkeys(("--original-colors", "--preserve-colors", "--keep-colors"), "--colors"),
    **dict.fromkeys(("--gpu", "--cuda"), "--device"),
    **dict.fromkeys(("--save-iter", "--checkpoint-iterations", "--preview"), "--save-every"),
    **dict.fromkeys(("--backbone", "--vgg", "--model-file"), "--features"),
    **dict.fromkeys(("--style-mask-imgs", "--masks"), "--mask"),
    **dict.fromkeys(("--start-frame", "--from-time", "--ss"), "--start"),
    **dict.fromkeys(("--end-frame", "--to-time"), "--end"),
    **dict.fromkeys(("--force", "--yes"), "--overwrite"),
    **dict.fromkeys(("--resolution",), "--size"),
}
"""What other programs call an option."""

_INPUTS = {"-i", "--input", "--content", "--content-image", "--content-img", "--source"}
"""Options by which other programs are given the input, which is an argument here."""

_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif"}


class Commands(TyperGroup):
    """A group of commands that answers what it has not in a line."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what stands before the command."""
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            option = getattr(error, "option_name", None)
            names = [name for name, it in self.commands.items() if option in _options(it)]
            if not names or not hasattr(error, "possibilities"):
                if words and (answer := wrong_use(error, ctx)):
                    raise answer from error
                raise
            raise UsageError(
                f"expected a command before {option}; did you mean: "
                f"{_called(ctx)} {names[0]} {shlex.join(words)}"
            ) from error

    def invoke(self, ctx: Any) -> Any:
        """Call the command; that there is none behind the options is told in a line."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if answer := wrong_use(error, ctx):
                raise answer from error
            raise

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is called.

        Raises:
            UsageError: there is none of that name; it names the one that is meant.
        """
        if args[0] not in self.commands and not args[0].startswith("--"):
            raise _no_command(_called(ctx), list(self.commands), args)
        return super().resolve_command(ctx, args)


def _called(ctx: Any) -> str:
    """Return how a command is called, however Python was started."""
    return f"{_called(ctx.parent)} {ctx.info_name}" if ctx.parent else "vidstyle"


def _no_command(path: str, commands: list[str], args: list[str]) -> UsageError:
    word, rest = args[0], shlex.join(args)
    if word == "-" or "/" in word or "." in word or Path(word).exists():
        run = f"vidstyle run {rest}"
        if not any(a.startswith(("-s", "--style")) for a in args):
            run += " --style PICTURE"
        if "run" in commands:
            return UsageError(f"expected a command, got {word}; to paint it: {run}")
        picture = Path(word).suffix.lower() in _PICTURES
        learn = f"{path} style {rest if picture else 'PICTURE'}"
        if "--content" not in args:
            learn += f" --content {word if Path(word).is_dir() else 'PHOTOS'}"
        others = "" if picture or Path(word).is_dir() else f"; to paint it: {run}"
        return UsageError(
            f"expected one of {', '.join(commands)}, got {word}; to learn a style: {learn}{others}"
        )
    near = [_COMMANDS[word.lower()]] if word.lower() in _COMMANDS else []
    near = [n for n in near if n in commands] or difflib.get_close_matches(word, commands)
    said = f"did you mean {' or '.join(near)}?" if near else f"expected {', '.join(commands)}"
    return UsageError(f"no command is called {word}; {said}")


def no_option(
    error: Exception, command: Any, ctx: Any, words: Collection[str]
) -> UsageError | None:
    """Return the answer to an option that a command has not: the one that is meant, or the commands that have it.

    Args:
        error: what the parser raised.
        command: which was called.
        ctx: its context.
        words: behind its name.

    Returns:
        None: it is another error.
    """
    option = getattr(error, "option_name", None)
    if option is None or not hasattr(error, "possibilities"):
        return None
    said = f"{_called(ctx)} has no option {option}"
    own = _options(command)
    meant = _OPTIONS.get(option.replace("_", "-"))
    if option == "--preview" and _is_of_a_video(words):
        meant = None  # it is that of vidstyle run, which shows a timeline
    if meant:
        if meant in own:
            return UsageError(f"{said}; it is {meant} here")
    elif option in _INPUTS and (taken := _argument(command)):
        return UsageError(f"{said}: {taken} stands by itself")
    everything = list(_all(ctx.find_root().command, "vidstyle"))
    for name in (option, meant):
        if path := next((path for path, it in everything if name in _options(it)), None):
            called = "" if name == option else f", as {name}"
            return UsageError(f"{said}; it is one of {path}{called}")
    if near := difflib.get_close_matches(option, own, n=2, cutoff=0.7):
        return UsageError(f"{said}; did you mean {' or '.join(near)}?")
    return UsageError(f"{said}; {_called(ctx)} --help lists them")


def no_number(error: Exception, words: Sequence[str]) -> UsageError | None:
    """Return the answer to a number that an option of the parser's own does not take; those of fields are read elsewhere.

    Args:
        error: what the parser raised.
        words: behind the command's name.

    Returns:
        None: it is another error.
    """
    param: Any = getattr(error, "param", None)
    bounds = param if hasattr(param, "min") else getattr(param, "type", None)  # as of the version
    low, high = getattr(bounds, "min", None), getattr(bounds, "max", None)
    if low is None and high is None and "integer" not in str(error):
        return None
    given = _given(param.opts, words)
    try:
        Between(low, high).check(param.name, KINDS[int].read(param.name, given))
    except UsageError as answer:
        return answer
    return None


def _given(names: Collection[str], words: Sequence[str]) -> str:
    """Return the last value that an option was given."""
    given = ""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in names:
            given = value if equals else following
    return given


def wrong_use(error: Exception, ctx: Any) -> UsageError | None:
    """Return in a line what the parser tells in four: what is missing, too much, or no value of an option.

    Args:
        error: what the parser raised.
        ctx: of the command.

    Returns:
        None: it is another error.
    """
    if not hasattr(error, "format_message"):
        return None
    said = error.format_message().rstrip(".")
    return UsageError(f"{said[:1].lower()}{said[1:]}; {_called(ctx)} --help lists what it takes")


def check_method(method: str | None) -> None:
    """Refuse the methods of `vidstyle paint`, and what is none, in a command that paints a video frame by frame; None: it is not given.

    Raises:
        UsageError: it names the command that has the method.
    """
    from vidstyle.selection import METHODS

    if method is not None and method not in METHODS:
        raise no_method(method, METHODS)


def no_method(method: str, own: Collection[str]) -> UsageError:
    """Return the answer to a method that a command has not: the command that has it.

    Args:
        method: as `method` names it.
        own: the methods of the command.
    """
    from vidstyle.cli import paint
    from vidstyle.selection import METHODS

    if method in METHODS:
        return UsageError(f"`method` {method} is one of vidstyle run")
    if method == "video":
        return UsageError(
            f"`method` {method} is one of vidstyle paint, which paints a video by optimization"
        )
    if method in paint.METHODS:
        return UsageError(
            f"`method` {method} is one of vidstyle paint, for pictures; for a video it has `method` video"
        )
    return UsageError(f"no method is called {method}; expected {', '.join(own)}")


def with_commands(text: str, ctx: Any) -> str:
    """Return a message in which a field that a command has no option for stands behind a command that has it: vidstyle run `hdr`.

    Args:
        text: of the library, which does not know who calls it.
        ctx: of the command.
    """
    own = {param.name for param in ctx.command.params}
    called = set(_options(ctx.command))  # sheet has `at_times`, and calls it --at

    def behind(match: re.Match[str]) -> str:
        if match[1] or match[2] in own or flags(match[2])[0] in called:
            return match[0]
        everything = _all(ctx.find_root().command, "vidstyle")
        having = (path for path, it in everything if match[2] in {p.name for p in it.params})
        return f"{path} {match[0]}" if (path := next(having, None)) else match[0]

    return re.sub(r"(vidstyle [a-z -]+)?`([a-z][a-z0-9_]*)(?:=False)?`", behind, text)


def _is_of_a_video(words: Collection[str]) -> bool:
    """Return whether the words of a command are about a video, or its timeline."""
    flags = {word.partition("=")[0] for word in words}
    return bool(flags & {"--at", "--timeline"}) or "video" in words or "--method=video" in words


def _options(command: Any) -> list[str]:
    """Return the flags of a command."""
    return [
        flag
        for param in command.params
        if param.param_type_name == "option"
        for flag in (*param.opts, *param.secondary_opts)
    ]


def _argument(command: Any) -> str | None:
    """Return what the help calls the first argument of a command."""
    return next((p.metavar for p in command.params if p.param_type_name == "argument"), None)


def _all(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield all commands below one, with their paths."""
    for name, inner in getattr(command, "commands", {}).items():
        yield f"{path} {name}", inner
        yield from _all(inner, f"{path} {name}")
