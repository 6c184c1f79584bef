"""The report on this machine: `vidstyle doctor`."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vidstyle.cores import cores
from vidstyle.media.codecs import HARDWARE_KINDS, hardware_encoder
from vidstyle.runtime.select import find_accelerator, select_engine

_INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "asimd")
"""Those of the processor's that make a network faster, as Linux names them."""

_PACKAGES = ("av", "numpy", "opencv-python-headless", "openvino", "torch")


@dataclass(frozen=True)
class Machine:
    """The hardware and software that are found, which of it is chosen, and why."""

    system: str
    processor: str
    cores: int
    """Number of cores that this process may use."""
    instructions: list[str]
    packages: dict[str, str]
    """Name -> version, of those that are installed."""
    engine: str
    """The engine that paints, for people."""
    reasons: list[str]
    """The reasons for that engine."""
    encoders: list[str]
    """Hardware encoders that can be opened."""
    faster: list[str]
    """Advice that would make it faster."""


def processor() -> tuple[str, list[str]]:
    """Return the processor's name and those of its instructions that matter, where the system reports them."""
    facts = Path("/proc/cpuinfo")
    text = facts.read_text() if facts.exists() else ""
    rows = dict(row.split(":", 1) for row in text.splitlines() if ":" in row)
    rows = {key.strip(): value.strip() for key, value in rows.items()}
    known = set((rows.get("flags") or rows.get("Features") or "").split())
    name = rows.get("model name") or platform.processor() or platform.machine()
    return name, [i for i in _INSTRUCTIONS if i in known]


def packages() -> dict[str, str]:
    """Return the versions of the packages that do the work."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def examine(device: str = "auto", precision: str = "auto") -> Machine:
    """Look at the machine and choose, as `stylize` would.

    Raises:
        VidstyleError: what `select_engine` raises.
    """
    accelerator, reason = find_accelerator()
    engine = select_engine((accelerator or "cpu") if device == "auto" else device, precision)
    name, instructions = processor()
    kinds = {kind: e for kind in HARDWARE_KINDS if (e := hardware_encoder(kind))}
    reasons = [reason if device == "auto" else f"`device` {device} was asked for"]
    faster = []
    on_cpu = engine.name.startswith("OpenVINO")
    if on_cpu and precision == "auto":
        why = {
            "int8": "the processor has fast int8: most convolutions are in it",
            "f32": "the processor has neither fast 16-bit floats nor fast int8",
        }
        reasons.append(why.get(engine.precision, f"the processor has fast {engine.precision}"))
    if accelerator and engine.name.split()[1] == "CPU":
        faster.append(f"`device` {accelerator}: {reason}")
    elif not accelerator:
        faster.append(f"a GPU, NVIDIA's or Apple's, with vidstyle[torch] ({reason})")
    if engine.name.startswith("torch cpu"):
        faster.append("`device` cpu: torch on the CPU is the slow reference")
    if on_cpu and precision != "auto":
        faster.append("`precision` auto, where that is another one")
    faster += [
        f"`hwaccel` {kind}: {e} leaves the cores to the network" for kind, e in kinds.items()
    ]
    faster.append("smaller frames, such as `size` 960x-1: time goes with their area")
    return Machine(
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        processor=name,
        cores=cores(),
        instructions=instructions,
        packages=packages(),
        engine=engine.name,
        reasons=reasons,
        encoders=list(kinds.values()),
        faster=faster,
    )
