"""What happens to marked pictures on their way: the edits of `rempart bench watermark`."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rempart.cli.bench import layouts

Pixels = NDArray[np.uint8]
Edit = Callable[[Pixels, Random], Pixels]


def saved(pixels: Pixels, kind: str, quality: int) -> Pixels:
    """Saved with a loss, and opened."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def sized(pixels: Pixels, across: float, down: float | None = None) -> Pixels:
    """So many times as wide and high."""
    height, width = pixels.shape[:2]
    size = round(width * across), round(height * (across if down is None else down))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def cut(pixels: Pixels, share: float, right: float = 0.5, down: float = 0.5) -> Pixels:
    """Without a share of both sides; `right` and `down` say how much of that goes at the left and at the top."""
    height, width = pixels.shape[:2]
    kept = round(height * (1 - share)), round(width * (1 - share))
    top, left = int((height - kept[0]) * down), int((width - kept[1]) * right)
    return np.ascontiguousarray(pixels[top : top + kept[0], left : left + kept[1]])


def _saved(kind: str, quality: int) -> Edit:
    return lambda one, _: saved(one, kind, quality)


def _sized(across: float, down: float | None = None) -> Edit:
    return lambda one, _: sized(one, across, down)


def _cut(share: float, right: float = 0.5, down: float = 0.5) -> Edit:
    return lambda one, _: cut(one, share, right, down)


def _turned(degrees: float) -> Edit:
    return lambda one, _: np.asarray(Image.fromarray(one).rotate(degrees, Image.Resampling.BICUBIC))


def _lit(factor: float, more: float) -> Edit:
    return lambda one, _: np.asarray(np.clip(one.astype(np.float32) * factor + more, 0, 255), dtype=np.uint8)


def _mirrored(one: Pixels, rng: Random) -> Pixels:
    return np.ascontiguousarray(one[:, ::-1])


def _framed(one: Pixels, rng: Random) -> Pixels:
    framed = np.pad(sized(one, 0.9), ((60, 40), (30, 30), (0, 0)), constant_values=240)
    return saved(framed, "JPEG", 85)


def _screen(layout: str) -> Edit:
    def edit(one: Pixels, rng: Random) -> Pixels:
        return saved(np.asarray(layouts.screenshot(Image.fromarray(one), rng, layout=layout)), "JPEG", 80)

    return edit


def _then(*edits: Edit) -> Edit:
    def edit(one: Pixels, rng: Random) -> Pixels:
        for step in edits:
            one = step(one, rng)
        return one

    return edit


EDITS: Mapping[str, Edit] = {
    "as it is": lambda one, _: one,
    **{f"JPEG {quality}": _saved("JPEG", quality) for quality in (90, 70, 50, 30)},
    "WebP 60": _saved("WEBP", 60),
    **{f"{factor} times the size": _sized(factor) for factor in (0.5, 0.75, 1.5, 2)},
    "mirrored": _mirrored,
    "brighter": _lit(1.15, 12),
    "darker": _lit(0.8, -8),
    "less contrast": _lit(0.8, 16),
    "more contrast": _lit(1.3, -38),
    "10 % cut off": _cut(0.1),
    "10 % cut off at two sides": _cut(0.1, 1, 0),
    "10 % cut off, mirrored": _then(_cut(0.1), _mirrored),
    "25 % cut off": _cut(0.25, 0.3, 0.7),
    "25 % cut off, JPEG 80": _then(_cut(0.25), _saved("JPEG", 80)),
    "0.7 times, 15 % cut off, JPEG 70": _then(_sized(0.7), _cut(0.15), _saved("JPEG", 70)),
    "0.75 times, 10 % cut off, JPEG 70": _then(_sized(0.75), _cut(0.1, 0.8, 0.2), _saved("JPEG", 70)),
    "turned 2°": _turned(2),
    "turned 5°": _turned(5),
    "turned -5°": _turned(-5),
    "turned -3°, JPEG 80": _then(_turned(-3), _saved("JPEG", 80)),
    "turned 4°, corners cut off": _then(_turned(4), _cut(0.1)),
    "5 % wider": _sized(1.05, 1.0),
    "5 % higher": _sized(1.0, 1.05),
    "5 % narrower, JPEG 70": _then(_sized(0.95, 1.0), _saved("JPEG", 70)),
    "framed (0.9 times, JPEG 85)": _framed,
    **{f"screenshot of a {name}": _screen(name) for name in ("feed", "viewer", "desktop", "chat")},
    "50 % cut off": _cut(0.5),
    "0.25 times the size": _sized(0.25),
    "turned 10°": _turned(10),
    "turned by a quarter": lambda one, _: np.ascontiguousarray(np.rot90(one)),
}
