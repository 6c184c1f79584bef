"""The public names, and what an import costs."""

from __future__ import annotations

import subprocess
import sys

import vidstyle


def test_all_is_sorted_and_complete():
    assert vidstyle.__all__ == sorted(vidstyle.__all__)
    assert all(hasattr(vidstyle, name) for name in vidstyle.__all__)


def test_import_brings_no_torch_and_no_openvino():
    code = "import vidstyle, sys; print([m for m in ('torch', 'openvino') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
