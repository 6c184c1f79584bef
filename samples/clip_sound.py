"""Sound of the sample clip: a plucked tune over a soft chord, waves and one far gull."""

from __future__ import annotations

import numpy as np
from strokes import Float

RATE = 48000

# (start in seconds, semitones above A3, loudness)
TUNE = (
    (0.15, 3, 0.8),
    (0.45, 7, 0.6),
    (0.75, 10, 0.7),
    (1.05, 15, 0.9),
    (1.50, 14, 0.6),
    (1.80, 10, 0.7),
    (2.10, 7, 0.5),
    (2.40, 8, 0.8),
    (2.70, 12, 0.7),
    (3.00, 15, 0.8),
    (3.30, 17, 0.6),
    (3.60, 15, 0.7),
    (3.95, 10, 0.9),
    (4.25, 15, 0.5),
)
CHORDS = ((0.0, (-9, 3, 7, 10)), (2.35, (-4, 0, 3, 8)), (3.9, (-9, -2, 3, 7)))


def _pitch(semitones: float) -> float:
    return 220.0 * 2 ** (semitones / 12)


def _pluck(pitch: float, seconds: float) -> Float:
    """A thumb-piano note: a few decaying partials and a short knock."""
    t = np.arange(int(seconds * RATE)) / RATE
    note = np.zeros_like(t)
    for ratio, level, decay in (
        (1, 1.0, 3.2),
        (2.0, 0.34, 5.0),
        (3.01, 0.12, 8.0),
        (5.4, 0.08, 22.0),
    ):
        note += level * np.sin(2 * np.pi * pitch * ratio * t) * np.exp(-decay * t)
    return note * np.minimum(t / 0.004, 1.0)


def _pad(notes: tuple[int, ...], seconds: float) -> Float:
    t = np.arange(int(seconds * RATE)) / RATE
    tone = sum(
        np.sin(2 * np.pi * _pitch(n) * (1 + d) * t + 9 * d)
        for n in notes
        for d in (-0.0016, 0.0019)
    )
    return tone * np.minimum(t / 0.7, 1) * np.clip((seconds - t) / 0.9, 0, 1) / (2 * len(notes))


def _waves(rng: np.random.Generator, count: int) -> Float:
    """Surf: filtered noise that swells and falls back."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= 1 / (1 + (hertz / 620) ** 2) * (hertz > 90)
    noise = np.fft.irfft(spectrum, count)
    t = np.arange(count) / RATE
    return noise / noise.std() * (0.45 + 0.4 * np.sin(2 * np.pi * t / 4.6 - 1.2))


def _echo(sound: Float, rng: np.random.Generator) -> Float:
    """A small hall: convolution with decaying noise."""
    tail = int(1.1 * RATE)
    room = rng.standard_normal(tail) * np.exp(-np.arange(tail) / RATE * 5.5)
    room /= np.sqrt((room**2).sum())
    size = len(sound) + tail
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room, size), size)
    return wet[: len(sound)]


def soundtrack(seconds: float, seed: int = 6) -> Float:
    """Stereo sound (2, samples) as float32 in -1..1."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    sides = np.zeros((2, count))
    for k, (start, semitones, loud) in enumerate(TUNE):
        first = int(start * RATE)
        note = _pluck(_pitch(semitones + 12), seconds - start)[: count - first] * loud * 0.20
        pan = 0.5 + 0.28 * np.sin(k * 1.7)
        sides[0, first : first + len(note)] += note * np.sqrt(1 - pan)
        sides[1, first : first + len(note)] += note * np.sqrt(pan)
    for start, notes in CHORDS:
        first = int(start * RATE)
        chord = _pad(notes, min(3.1, seconds - start))
        last = min(first + len(chord), count)
        sides[:, first:last] += 0.13 * chord[: last - first]
    wet = np.stack([_echo(side, rng) for side in sides])
    sides = sides + 0.30 * wet + 0.020 * np.stack([_waves(rng, count) for _ in range(2)])
    t = np.arange(count) / RATE
    sides *= np.minimum(t / 0.08, 1) * np.clip((seconds - t) / 0.55, 0, 1)
    return (sides / np.abs(sides).max() * 0.72).astype(np.float32)
