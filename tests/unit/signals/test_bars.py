"""Bars that are no single colour."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from pictures import scene
from rempart.signals.bars import between_bars
from rempart.signals.lines import Box, turned


def blurred_letterbox(seed: int, size: tuple[int, int], format: tuple[int, int]) -> np.ndarray:
    photo = Image.fromarray(scene(seed, *size))
    canvas = ImageOps.fit(photo, format).filter(ImageFilter.GaussianBlur(max(format) * 0.04))
    canvas.paste(photo, ((format[0] - size[0]) // 2, (format[1] - size[1]) // 2))
    return np.asarray(canvas)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("height", [420, 640, 840])
def test_a_photo_between_blurred_bars_is_found_to_the_pixel(seed: int, height: int) -> None:
    picture = blurred_letterbox(seed, (480, 320), (480, height))
    bar = (height - 320) // 2
    assert between_bars(picture) == Box(bar, bar + 320, 0, 480)
    assert between_bars(turned(picture)) == Box(0, 480, bar, bar + 320)


def test_a_large_picture_is_found_to_the_pixel_too() -> None:
    assert between_bars(blurred_letterbox(1, (1440, 960), (1440, 2200))) == Box(620, 1580, 0, 1440)


@pytest.mark.parametrize("seed", range(8))
def test_a_plain_photo_has_no_bars(seed: int) -> None:
    assert between_bars(scene(seed)) is None


def test_bars_of_unequal_width_are_not_taken_for_a_letterbox() -> None:
    picture = blurred_letterbox(2, (480, 320), (480, 640))
    assert between_bars(picture[60:]) is None


@pytest.mark.parametrize("shape", [(1, 1), (95, 3), (2000, 2), (400, 400)])
def test_an_even_or_tiny_picture_has_no_bars(shape: tuple[int, int]) -> None:
    assert between_bars(np.full((*shape, 3), 120, np.uint8)) is None
