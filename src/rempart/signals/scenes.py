"""Benign pictures out of thin air: landscapes, still lifes and streets, each from a seed.

They carry enough structure at every scale for a perceptual hash of high quality, and no two seeds look alike.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Rng = np.random.Generator


def _noise(rng: Rng, size: tuple[int, int], octaves: int = 6) -> NDArray[np.float32]:
    """Fractal noise, shape (height, width), float32 in 0..1: octaves of smooth random grids summed."""
    width, height = size
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = 3 * 2**octave
        grid = rng.random((cells * height // width + 2, cells + 2), dtype=np.float32)
        layer = Image.fromarray((grid * 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(layer, np.float32) / 255 / 1.7**octave
    total -= total.min()
    result: NDArray[np.float32] = total / max(float(total.max()), 1e-6)
    return result


def _colour(rng: Rng, low: int = 30, high: int = 226) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _gradient(size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    ramp = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    pixels = np.asarray(top, np.float32) * (1 - ramp) + np.asarray(bottom, np.float32) * ramp
    return Image.fromarray(np.broadcast_to(pixels, (size[1], size[0], 3)).astype(np.uint8))


def _textured(image: Image.Image, rng: Rng, strength: float) -> Image.Image:
    grain = _noise(rng, image.size)[..., None] - 0.5
    pixels = np.asarray(image, np.float32) + grain * 255 * strength
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def landscape(rng: Rng, size: tuple[int, int]) -> Image.Image:
    """Sky, sun, three ranges of hills and trees in front."""
    width, height = size
    image = _textured(_gradient(size, _colour(rng, 60, 200), _colour(rng, 150, 250)), rng, 0.25)
    draw = ImageDraw.Draw(image)
    x, y, radius = (
        rng.uniform(0.1, 0.9) * width,
        rng.uniform(0.08, 0.3) * height,
        rng.uniform(0.03, 0.09) * width,
    )
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 244, int(rng.integers(150, 220))))
    for layer in range(3):
        ridge = _noise(rng, (width, 8), 5)[4] * height * 0.35 + height * (0.3 + 0.18 * layer)
        points = [(column, float(ridge[column])) for column in range(0, width, 2)]
        draw.polygon([(0, height), *points, (width, height)], fill=_colour(rng, 20, 150 - 30 * layer))
    for _ in range(int(rng.integers(5, 14))):
        x, foot, tall = (
            rng.uniform(0, width),
            rng.uniform(0.75, 1.0) * height,
            rng.uniform(0.1, 0.35) * height,
        )
        draw.rectangle((x - tall / 20, foot - tall / 3, x + tall / 20, foot), fill=(70, 50, 35))
        draw.polygon(
            [(x - tall / 3, foot - tall / 4), (x, foot - tall), (x + tall / 3, foot - tall / 4)],
            fill=_colour(rng, 10, 110),
        )
    return _textured(image, rng, 0.2)


def still_life(rng: Rng, size: tuple[int, int]) -> Image.Image:
    """Fruit, bowls and boxes on a table, lit from one side."""
    width, height = size
    image = _textured(_gradient(size, _colour(rng), _colour(rng)), rng, 0.3)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * rng.uniform(0.55, 0.75), width, height), fill=_colour(rng, 40, 160))
    for _ in range(int(rng.integers(7, 15))):
        x, y = rng.uniform(0.05, 0.95) * width, rng.uniform(0.2, 0.95) * height
        radius = rng.uniform(0.04, 0.17) * width
        shade = _colour(rng)
        if rng.random() < 0.3:
            draw.rectangle(
                (x - radius, y - radius * 0.8, x + radius, y + radius * 0.8), fill=shade, outline=(20, 20, 20)
            )
            continue
        for step in range(12):
            part = 1 - step / 12
            lit = tuple(min(255, int(channel * (0.45 + 0.75 * (1 - part)))) for channel in shade)
            offset = radius * 0.35 * (1 - part)
            draw.ellipse(
                (
                    x - radius * part - offset,
                    y - radius * part - offset,
                    x + radius * part - offset,
                    y + radius * part - offset,
                ),
                fill=lit,
            )
    return _textured(image.filter(ImageFilter.GaussianBlur(width / 500)), rng, 0.15)


def street(rng: Rng, size: tuple[int, int]) -> Image.Image:
    """A row of houses with lit and dark windows."""
    width, height = size
    image = _textured(_gradient(size, _colour(rng, 20, 160), _colour(rng, 120, 240)), rng, 0.2)
    draw = ImageDraw.Draw(image)
    left = -rng.uniform(0, 0.1) * width
    ground = height * rng.uniform(0.8, 0.92)
    while left < width:
        wide, tall = rng.uniform(0.1, 0.25) * width, rng.uniform(0.3, 0.75) * height
        draw.rectangle((left, ground - tall, left + wide, ground), fill=_colour(rng, 40, 200))
        columns, rows = int(rng.integers(2, 5)), int(rng.integers(3, 8))
        for column in range(columns):
            for row in range(rows):
                x = left + wide * (column + 0.25) / columns
                y = ground - tall + tall * (row + 0.25) / rows
                lit = (250, 230, 150) if rng.random() < 0.4 else (35, 45, 60)
                draw.rectangle((x, y, x + wide * 0.5 / columns, y + tall * 0.5 / rows), fill=lit)
        left += wide
    draw.rectangle((0, ground, width, height), fill=_colour(rng, 50, 110))
    return _textured(image, rng, 0.25)


KINDS: tuple[Callable[[Rng, tuple[int, int]], Image.Image], ...] = (landscape, still_life, street)


def scene(seed: int, size: tuple[int, int] = (960, 640)) -> Image.Image:
    """The RGB picture of this seed; the same seed and size always give the same pixels."""
    rng = np.random.default_rng(seed)
    return KINDS[seed % len(KINDS)](rng, size)
