"""Tables of the cards of the networks, and of the page in the browser; benchmarks/tables.py writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cells import load, machine_line, measured_line, number, table

JUDGED = ("style", "vector", "content")
"""Distances of benchmarks/judged.py."""

JUDGED_BY = "{}; `python benchmarks/judged.py`:"


def figures(of: dict[str, float], keys: Sequence[str], digits: int = 3) -> list[str]:
    """Return a cell for each key, empty where nothing was measured."""
    return [f"{of[key]:.{digits}f}" if key in of else "" for key in keys]


def any_style() -> str:
    """Return how near the any-style network is to style and content."""
    results = load("outside_any")
    shown = dict.fromkeys(("pairs", "unseen"), (*JUDGED, "worst quarter")) | {"samples": JUDGED}
    rows = [
        [name, *(cell for set_, keys in shown.items() for cell in figures(of.get(set_, {}), keys))]
        for name, of in results["networks"].items()
    ]
    names = [f"{key}, {set_}" for set_, keys in shown.items() for key in keys]
    return f"{JUDGED_BY.format(machine_line(results))}\n\n{table(['', *names], rows)}"


def one_style(kind: str) -> str:
    """Return how near networks of one style are to style and content, beside others."""
    results = load(f"outside_{kind}")
    rows = []
    for style, of in results["styles"].items():
        for row, (name, found) in enumerate(of["networks"].items()):
            first = "" if row else f"`{style}`: {of['frames']}"
            rows.append([first, name, *figures(found, JUDGED)])
    head = ["style: frames", "", *JUDGED]
    return f"{JUDGED_BY.format(machine_line(results))}\n\n{table(head, rows)}"


def perceptual() -> str:
    """Return how far perceptual networks are from their teacher."""
    results = load("perceptual")
    layers = [key for key in results["own"] if key.startswith("relu")]
    rows = [
        [name, *figures(of, layers), *figures(of, ("cosine gram", "cosine content"), 2)]
        for name, of in (("this one", results["own"]), ("before", results["before"]))
    ]
    return table(["", *layers, "gradient of Gram matrices", "of relu4_2"], rows)


def regions() -> str:
    """Return how well each name is found."""
    head = ["", "share of the places", "found", "right", "IoU"]
    rows = [
        [name, *figures(of, ("share", "found", "right", "IoU"), 2)]
        for name, of in load("regions")["names"].items()
    ]
    return table(head, rows)


def regions_taken() -> str:
    """Return what the places of each name are taken for."""
    names = load("regions")["names"]
    return table(
        ["", *names], [[n, *figures(of["taken for"], [*names], 2)] for n, of in names.items()]
    )


def regions_masks() -> str:
    """Return how well the places are found that `--mask auto:` names."""
    rows = [
        [name, f"{100 * of['found']:.0f} %", f"{100 * of['right']:.0f} %"]
        for name, of in load("regions")["names"].items()
        if name not in ("person", "other")
    ]
    return table(["", "share of its places found", "right where it is given"], rows)


def camera() -> str:
    """Return how fast a camera is painted on the page of `vidstyle web`."""
    results = load("web_camera")
    rows = [
        [
            transport,
            f"{of['first frame s']:.1f} s",
            f"{of['frames a second']:.1f}",
            *(f"{of[key]:.0f} ms" for key in ("latency ms", "latency95 ms")),
        ]
        for transport, of in results["transports"].items()
    ]
    head = ["transport", "first painted frame", "frames per second"]
    return f"{measured_line(results)}\n\n{table([*head, 'latency, median', 'latency, 95 %'], rows)}"


def page_sizes() -> str:
    """Return how large the parts of an exported page are."""
    rows = [[part, f"{mb:.{1 + (mb < 0.1)}f}"] for part, mb in load("page")["megabytes"].items()]
    return table(["part of the folder", "MB"], rows)


def page_speed() -> str:
    """Return how fast an exported page paints."""
    results, camera = load("page"), load("page_camera")
    kinds = ("network of one style", "picture")
    of = camera["measured"]
    rows = [
        [
            "one frame of 640x360 in Node.js, with one thread: ms of a core",
            *(number(results["cpu_ms_per_frame"][kind]) for kind in kinds),
        ],
        [
            f"a camera at 320x180, frames a second ({of['date']}, commit {of['commit']})",
            *(f"{camera['frames_a_second'][kind]}" for kind in kinds),
        ],
    ]
    return f"{machine_line(results)}; `python benchmarks/page.py`:\n\n{table(['', *kinds], rows)}"


TABLES: dict[str, Callable[[], str]] = {
    "any_style": any_style,
    "one_style": lambda: one_style("first"),
    "one_style_later": lambda: one_style("later"),
    "perceptual": perceptual,
    "regions": regions,
    "regions_taken": regions_taken,
    "regions_masks": regions_masks,
    "camera": camera,
    "page_sizes": page_sizes,
    "page_speed": page_speed,
}
