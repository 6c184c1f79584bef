"""What several programs' tests ask for."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def gstreamer():
    """GStreamer with a loader of elements in Python, of this Python's version."""
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("gst-launch-1.0 is not installed: apt install gstreamer1.0-tools")
    found = subprocess.run(["gst-inspect-1.0", "python"], capture_output=True, text=True)
    if found.returncode:
        pytest.skip(
            "GStreamer loads no elements in Python: apt install gstreamer1.0-python3-plugin-loader python3-gst-1.0"
        )
    (loader,) = (line.split()[-1] for line in found.stdout.splitlines() if "Filename" in line)
    linked = subprocess.run(["ldd", loader], capture_output=True, text=True).stdout
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if f"libpython{version}." not in linked:
        pytest.skip(f"GStreamer's Python is not {version}, as the one with vidstyle is")
