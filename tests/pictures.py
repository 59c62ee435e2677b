"""Ordinary pictures for tests: photo-like scenes drawn from a seed, and the files that hold them.

A scene has what a photo has: large soft areas, objects with edges, texture and grain, so that its PDQ quality is
80 or more and scenes of different seeds lie about 128 bits apart. Nothing here is read from disk.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]

_ORIENTATION_TAG = 0x0112
# EXIF orientation → what turns the upright picture into the stored one (the inverse of what a viewer does).
_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def scene(seed: int, width: int = 480, height: int = 360) -> Pixels:
    """A generated photo-like scene, (height, width, 3) uint8 RGB, writable; the same for the same arguments."""
    return _scene(seed, width, height).copy()


@lru_cache(maxsize=64)
def _scene(seed: int, width: int, height: int) -> Pixels:
    rng = np.random.default_rng([seed, 0x5CE4E])
    light = _clouds(rng, width, height, (2, 3, 5, 8, 13, 21, 34, 55))
    hues = np.stack([_clouds(rng, width, height, (2, 4, 7)) for _ in range(3)], axis=-1)
    base = Image.fromarray(np.clip(128 + 62 * light[..., None] + 30 * hues, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(base, "RGBA")
    for _ in range(14):
        _draw_object(draw, rng, width, height)
    grain = rng.normal(0, 3, (height, width, 1)) + rng.normal(0, 1, (height, width, 3))
    pixels: Pixels = np.clip(np.asarray(base).astype(np.float32) + grain, 0, 255).astype(np.uint8)
    return pixels


def _clouds(rng: np.random.Generator, width: int, height: int, grids: tuple[int, ...]) -> NDArray[np.float32]:
    """Smooth noise of unit deviation: random grids of rising fineness, each fainter than the one before."""
    total = np.zeros((height, width), np.float32)
    for grid in grids:
        rows = max(2, round(grid * height / max(width, height)) + 1)
        columns = max(2, round(grid * width / max(width, height)) + 1)
        cells = Image.fromarray(rng.normal(0, 1, (rows, columns)).astype(np.float32))
        total += np.asarray(cells.resize((width, height), Image.Resampling.BICUBIC)) / grid**0.6
    spread: NDArray[np.float32] = (total - total.mean()) / (total.std() + 1e-6)
    return spread


def _draw_object(draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int) -> None:
    colour = (*(int(c) for c in rng.integers(0, 256, 3)), int(rng.integers(150, 256)))
    x, y = rng.uniform(-0.1, 0.95, 2) * (width, height)
    w, h = rng.uniform(0.06, 0.35, 2) * (width, height)
    if rng.random() < 0.5:
        draw.ellipse((x, y, x + w, y + h), fill=colour)
    else:
        corners = rng.uniform(0, 1, (int(rng.integers(3, 6)), 2)) * (w, h) + (x, y)
        draw.polygon([(float(px), float(py)) for px, py in corners], fill=colour)


def encode(pixels: Pixels | Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    """The file bytes of a picture, by Pillow; JPEG at quality 90 unless said otherwise."""
    # A copy: an image remembers the settings of the last encoder.
    image = pixels.copy() if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if format == "JPEG":
        options.setdefault("quality", 90)
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def exif(orientation: int) -> bytes:
    """An EXIF block that holds an orientation and nothing else."""
    block = Image.Exif()
    block[_ORIENTATION_TAG] = orientation
    return block.tobytes()


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """The stored pixels that a viewer turns upright when the file says `orientation` (1–8)."""
    return np.ascontiguousarray(_STORED[orientation](pixels))


def jpeg(seed: int, width: int = 480, height: int = 360, *, quality: int = 90, orientation: int = 1) -> bytes:
    """A scene as a JPEG file; with an orientation above 1 it is stored turned and says so in its EXIF."""
    options: dict[str, Any] = {} if orientation == 1 else {"exif": exif(orientation)}
    return encode(turned(scene(seed, width, height), orientation), "JPEG", quality=quality, **options)
