"""The public names, both ways, and what an import costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import vidstyle
from vidstyle.stylize.style import StyleOptions

INVENTORY = [
    "ColorTags",
    "Cue",
    "DamagedInputError",
    "Encoding",
    "Frame",
    "InputError",
    "Interrupted",
    "Look",
    "Masks",
    "Metrics",
    "MissingPackageError",
    "Model",
    "Outcome",
    "OutputError",
    "Painted",
    "Probe",
    "Progress",
    "Reading",
    "Report",
    "Result",
    "State",
    "StreamInfo",
    "Style",
    "Summary",
    "Timeline",
    "TrainingError",
    "UsageError",
    "VidstyleError",
    "__version__",
    "export_onnx",
    "export_web",
    "load",
    "measure",
    "mix",
    "paint",
    "probe",
    "sheet",
    "stylize",
    "stylize_frames",
    "stylize_many",
    "train_style",
]
"""What is promised. To take a name away, or to change what it means, is a change for users: tell it in the CHANGELOG."""

METHODS = {
    "Model": "bit_depths close device expect fit learn multiple name precision step stream style takes_pictures video",
    "Style": "load made_by save values",
    "Look": "blend colors flow stability strength stroke style",
    "Masks": "check_count feather files fingerprint invert keep live mask open",
}
"""Public attributes of what users hold in their hands."""


def test_the_inventory_is_what_is_exported():
    assert vidstyle.__all__ == sorted(vidstyle.__all__)
    assert set(vidstyle.__all__) == set(INVENTORY)


def test_what_the_type_checker_sees_is_exported():
    tree = ast.parse(Path(vidstyle.__file__).read_text())
    (seen,) = (n for n in tree.body if isinstance(n, ast.If))
    homes = {
        a.name: n.module for n in ast.walk(seen) if isinstance(n, ast.ImportFrom) for a in n.names
    }
    assert homes == vidstyle._HOME
    assert {*homes, "__version__"} == set(vidstyle.__all__)
    for name in vidstyle.__all__:
        assert inspect.getdoc(getattr(vidstyle, name)), f"{name} has no docstring"


def test_the_methods_are_those_of_the_inventory():
    for owner, names in METHODS.items():
        kind = getattr(vidstyle, owner)
        public = {n for n in (*dir(kind), *kind.__annotations__) if not n.startswith("_")}
        assert public == set(names.split()), owner


def test_the_types_in_public_signatures_are_public():
    """Whoever reads a signature can import what it names, or it is a type of the language."""
    for name in ("load", "mix", "stylize", "stylize_frames", "measure", "probe"):
        signature = inspect.signature(getattr(vidstyle, name))
        said = {*signature.parameters.values()}
        result = str(signature.return_annotation).split("[")[0].split("|")[0].strip()
        assert result in {*vidstyle.__all__, "Iterator"}, f"{name} returns {result}"
        assert all(p.annotation is not p.empty for p in said), name


def test_one_call_takes_what_a_look_has():
    """`stylize` and `stylize_frames` list the fields that `Look` and `StyleOptions` declare, with their defaults.

    Regions are layers with masks, which frames alone have not.
    """
    options = (*fields(vidstyle.Look), *fields(StyleOptions))
    for function, others in (
        (vidstyle.stylize, {"style"}),
        (vidstyle.stylize_frames, {"style", "regions"}),
    ):
        parameters = inspect.signature(function).parameters
        for field in options:
            if field.name not in others:
                assert parameters[field.name].default == field.default, field.name


def test_a_room_hides_no_function():
    code = "import vidstyle.stylize.look, vidstyle; print(vidstyle.stylize.__module__)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "vidstyle.api"


def test_the_names_bring_no_torch_and_no_openvino():
    code = "import sys; from vidstyle import stylize; print([m for m in ('torch', 'openvino') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_import_brings_no_library():
    libraries = {"av", "cv2", "numpy", "openvino", "torch", "typer"}
    code = f"import vidstyle, sys; print(sorted({libraries} & {{*sys.modules}}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
