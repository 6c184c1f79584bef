"""Write the tables of README.md, docs/ and models/ from benchmarks/results: `make bench`.

A table stands between `<!-- name -->` and `<!-- /name -->`; nothing outside is touched. tests/test_tables.py compares the pages with the results.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cards
import scale
from cells import load, machine_line, number, table

ROOT = Path(__file__).parent.parent
PAGES = (
    ROOT / "README.md",
    *sorted(page for room in ("docs", "models") for page in (ROOT / room).rglob("*.md")),
)


def whole() -> str:
    """Return the table of whole runs."""
    results = load("pipeline")
    rows = []
    for size in ("640x360", "1280x720"):
        of = results[size]
        rows.append(
            [
                f"{size}, {of['long_frames'] / 30:.0f} s",
                number(of["long_fps"]),
                f"{number(of['fps'])} of {of['frames'] / 30:.0f} s",
                number(of["one_style_fps"]),
                number(of["first_frame_s"], 2),
                number(of["long_peak_mib"], 0),
            ]
        )
    head = [
        "clip",
        "frames a second",
        "of a short clip",
        "likewise, network of one style",
        "first frame after, s",
        "peak memory, MiB",
    ]
    return f"{machine_line(results)}; {results['engine']}:\n\n{table(head, rows)}"


def pace() -> str:
    """Say how fast whole runs are."""
    results = load("pipeline")
    small, large = (results[size]["long_fps"]["median"] for size in ("640x360", "1280x720"))
    cores = results["machine"]["cores"]
    return (
        f"On {cores} cores of an {results['machine']['processor']}, 640x360 is painted at {small:.0f} frames per second "
        f"and 1280x720 at {large:.0f} ([the page on speed](speed.md))."
    )


def memory() -> str:
    """Say what memory whole runs take."""
    results = load("pipeline")
    small, large = (
        round(results[size]["long_peak_mib"]["median"], -1) for size in ("640x360", "1280x720")
    )
    return (
        f"A run takes some {small:.0f} MiB at 640x360 and {large:.0f} MiB at 1280x720 "
        f"on {results['machine']['cores']} cores ([measured](speed.md#whole-runs))."
    )


def stages() -> str:
    """Return the table of the stages alone."""
    results = load("pipeline")
    rows = []
    for size in ("640x360", "1280x720"):
        of = results[size]
        alone = of["stages_cpu_ms_per_frame"]
        rows.append(
            [
                size,
                *(number(alone[name]) for name in ("decode", "network", "encode")),
                number(of["long_cpu_ms_per_frame"]),
                number(of["ratio_of_long_wall_to_stages_over_cores"], 2),
            ]
        )
    head = ["size", "decode", "network", "encode", "whole", "wall time over stages / cores"]
    return table(head, rows)


def networks() -> str:
    """Return the table of networks."""
    results = load("networks")
    ratios = next(v for k, v in results.items() if k.startswith("times_as_fast"))
    rows = []
    for name, ms in results["ms"].items():
        network, runtime = name.split(", ")
        adds = f"{results['multiply_adds_per_pixel'][network]:,.0f}"
        rows.append([network, adds, runtime, number(ms, 0), number(ratios[name])])
    return "\n\n".join(
        (
            machine_line(results)
            + f"; it reaches {number(results['convolution_gflop_per_s'], 0)} GFLOP/s in a 3x3 "
            f"convolution of 64 channels (torch f32), {number(results['copy_gb_per_s'])} GB/s in a copy:",
            table(["network", "multiply-adds a pixel", "runtime", "ms", "times ours"], rows),
        )
    )


def passthrough() -> str:
    """Return the table of the identity style."""
    results = load("passthrough")
    parts = results["parts_cpu_ms_per_frame"]
    row = [
        *(number(parts[name]) for name in ("decode", "to RGB", "from RGB", "encode")),
        number(results["cpu_ms_per_frame"]),
        number(results["wall_ms_per_frame"]),
        number(results["ratio_of_wall_to_parts_over_cores"], 2),
    ]
    head = ["decode", "to RGB", "from RGB", "encode", "whole", "wall", "wall over parts / cores"]
    return table(head, [row])


def live() -> str:
    """Return the table of live painting."""
    results = load("live")
    rows = []
    for size, of in results["rows"].items():
        height, width = of["size"]
        rows.append(
            [
                size,
                f"{width}x{height}",
                f"{of['rate']:.1f}",
                f"{of['dropped']} of {of['came']}",
                f"{1e3 * of['latency']:.0f}, {1e3 * of['latency95']:.0f}",
                f"{1e3 * of['latency_first_tenth']:.0f}, {1e3 * of['latency_last_tenth']:.0f}",
                f"{of['memory_early']:.0f}, {of['memory_late']:.0f}",
            ]
        )
    head = [
        "camera, 30 frames a second",
        "painted at, in the end",
        "frames a second",
        "dropped",
        "latency, ms: median, 95 %",
        "median of the first tenth, of the last",
        "memory, MiB: early, late",
    ]
    return f"{machine_line(results)}; {results['minutes']:g} minutes each:\n\n{table(head, rows)}"


def layers() -> str:
    """Return where the network's time goes."""
    results = load("layers")
    spent = results["milliseconds"]
    kinds = sorted({kind for of in spent.values() for kind in of if of[kind] >= 1})
    kinds.sort(key=lambda kind: -sum(of.get(kind, 0) for of in spent.values()))
    rows = []
    for kind in kinds:
        shares = ((of.get(kind, 0.0), sum(of.values())) for of in spent.values())
        rows.append([kind, *(f"{ms:.0f} ({ms / whole:.0%})" for ms, whole in shares)])
    rows.append(["all", *(f"{sum(of.values()):.0f}" for of in spent.values())])
    return f"{machine_line(results)}:\n\n{table(['operations', *spent], rows)}"


def optimizers() -> str:
    """Return L-BFGS beside Adam."""
    rows = []
    results = load("optimizers")
    for name, of in results.items():
        if name == "machine":
            continue
        rows += [
            [
                name,
                f"Adam, {rate}",
                f"{r['steps']}",
                f"{r['seconds']:.0f}",
                f"{1e4 * r['lowest']:.2f}",
            ]
            for rate, r in of["adam"].items()
        ]
        r = of["lbfgs_in_half_the_time"]
        rows.append(
            [name, "L-BFGS", f"{r['steps']}", f"{r['seconds']:.0f}", f"{1e4 * r['lowest']:.2f}"]
        )
    head = ["style", "optimizer, rate", "steps", "seconds", "lowest loss, 1e-4"]
    return f"{machine_line(results)}:\n\n{table(head, rows)}"


def keyframes() -> str:
    """Return how near a clip comes to its painter, in dB."""
    results = load("keyframes")
    clips = {
        "clip": "`samples/clip.mp4`, 640x360, a drawn landscape, all of it in fine detail",
        "cat_handheld_audio": "a cat that turns, hand-held, 568x320",
        "woman_running": "a woman running, 512x512",
    }
    keys = ("others", "worst", "keyframes")
    rows = [
        [
            clip,
            f"{results[name]['1']['untouched']:.1f}",
            *(f"{results[name][count][key]:.1f}" for count in ("1", "2") for key in keys),
        ]
        for name, clip in clips.items()
    ]
    head = [
        *(
            "clip",
            "untouched",
            "one keyframe: other frames",
            "worst of them",
            "the keyframe itself",
        ),
        *("two: other frames", "worst", "the keyframes"),
    ]
    return table(head, rows)


def clips() -> str:
    """Return how steady a clip by optimization is."""
    results = load("clips")
    keys = {"warp1": 1, "warp5": 1, "excess1": 2, "excess5": 2, "contrast": 2}
    ways = {"alone": "each frame by itself", "video": "`--method video`"}
    rows = [
        [name, *(f"{results[way][key]:.{digits}f}" for key, digits in keys.items())]
        for way, name in ways.items()
    ]
    shown = ("warping error", "over five frames", "excess", "over five frames", "contrast")
    return table(["", *shown], rows)


def fit() -> str:
    """Return what a fit brings, in the mean."""
    results = load("fit")
    shown = ("outside style", "outside vector", "outside content", "excess1")
    rows = [
        [f"{pairs}, {side}", *(f"{found[name]:.3f}" for name in shown)]
        for pairs in ("six pairs", "three pairs")
        for side, found in results[pairs].items()
    ]
    return table(["", "style", "style vector", "content", "excess"], rows)


def batch() -> str:
    """Return what many results in one command cost beside the painting."""
    results = load("batch")
    count = results["clips"] * results["styles"]
    rows = [
        [f"one command for {count} results", "decoding, painting and encoding", "ratio"],
        [f"one command for {count} results", "the network alone", "network_ratio"],
        ["a command for each result", "decoding, painting and encoding", "separate_ratio"],
    ]
    head = ["wall time of", "over that of", "ratio"]
    told = table(head, [[what, over, f"{results[name]:.2f}"] for what, over, name in rows])
    return f"{machine_line(results)}; {results['engine']}:\n\n{told}"


def masks() -> str:
    """Return what a second mask costs, in a sentence."""
    results = load("masks")
    spent, ratio = results["cpu_ms_per_frame"], results["ratio_of_two_masks_to_one"]
    return (
        f"A frame of 640x360, decoded, painted and encoded, takes {number(spent['no mask'])} ms of a core without a mask, "
        f"{number(spent['one mask'])} with one, and {number(spent['two masks'])} with two and a network each: "
        f"{number(ratio, 2)} times that of one (`python benchmarks/masks.py`, commit {results['machine']['commit']})."
    )


def look_name(look: str) -> str:
    """Return a look such as "blend 0.5" with its option as code."""
    name, value = look.split()
    return f"`{name}` {value}"


def strength() -> str:
    """Return how far from style and content weaker paintings are, and how much two pictures show."""
    rows = [
        [
            *(kind, look_name(look)),
            *(
                f"{of[key]:.2f}" if key in of else ""
                for key in ("style", "content", "two pictures")
            ),
        ]
        for kind, looks in load("strength")["distances"].items()
        for look, of in looks.items()
    ]
    head = ["style", "look", "style distance", "content distance", "two pictures"]
    return table(head, rows)


def strength_steady() -> str:
    """Return how steady weaker paintings are."""
    rows = [
        [kind, look_name(look), f"{of['flicker']:.1f}", f"{of['warp1']:.1f}"]
        for kind, looks in load("strength")["steadiness"].items()
        for look, of in looks.items()
    ]
    return table(["style", "look", "flicker", "warping error"], rows)


def strength_time() -> str:
    """Return what mixing a frame and its painting takes."""
    ways = load("strength")["mixing_cpu_ms"]
    rows = [[way, *(number(ms) for ms in of.values())] for way, of in ways.items()]
    return table(["ms of a core", *next(iter(ways.values()))], rows)


def scale_clips() -> str:
    """Return the model of many clips on many machines."""
    head = [
        *(
            "clips of, minutes in the mean",
            "clips",
            "longest, min",
            "as they come",
            "longest first",
        ),
        "likewise as they come, a worker lost every 24 h of its work",
        f"a worker for each machine (`--worker-cores {scale.CORES}`)",
    ]
    rows = []
    for minutes in (2, 20, 90):
        count, longest, ratios = scale.over_the_ideal(minutes)
        rows.append(
            [f"{minutes}", f"{count:,}", f"{longest:.0f}", *(f"{ratio:.2f}" for ratio in ratios)]
        )
    return table(head, rows)


def scale_film() -> str:
    """Return the model of one film on many machines."""
    rows = []
    for workers in (8, 16, 32, 800):
        seconds, alone, faster = scale.film(workers)
        rows.append([f"{workers}", f"{seconds / 60:.1f}", f"{alone / 60:.1f}", f"{faster:.1f}"])
    head = [
        *("workers", "minutes", "of these by one machine alone", "times faster than one core"),
    ]
    return table(head, rows)


TABLES: dict[str, Callable[[], str]] = {
    "whole": whole,
    "pace": pace,
    "memory": memory,
    "stages": stages,
    "networks": networks,
    "passthrough": passthrough,
    "live": live,
    "layers": layers,
    "optimizers": optimizers,
    "keyframes": keyframes,
    "clips": clips,
    "fit": fit,
    "batch": batch,
    "masks": masks,
    "strength": strength,
    "strength_steady": strength_steady,
    "strength_time": strength_time,
    "scale_clips": scale_clips,
    "scale_film": scale_film,
    **cards.TABLES,
}


def _literal(text: str) -> str:
    """Return what a template of `re.sub` replaces by the text."""
    return text.replace("\\", r"\\")


def filled(text: str) -> str:
    """Return a page with its tables anew."""
    for name in re.findall(r"<!-- /(\w+) -->", text):
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            rf"\g<1>{_literal(TABLES[name]())}\n\g<2>",
            text,
            flags=re.DOTALL,
        )
    return text


def main() -> None:
    """Fill every table that has a place."""
    for path in PAGES:
        text = path.read_text()
        if (anew := filled(text)) != text:
            path.write_text(anew)
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
