"""Regions and trimming: the photo inside a frame."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from PIL import Image

from pictures import scene
from rempart.cli.bench import layouts
from rempart.cli.bench.edits import to_jpeg
from rempart.signals.decode import decode
from rempart.signals.lines import Box, glance
from rempart.signals.outcome import LOW_QUALITY_BELOW, Limits
from rempart.signals.pdq import pdq
from rempart.signals.regions import find_regions
from rempart.signals.trim import settle, trim_box

WHITE, GREY = 255, 128


def page(height: int, width: int, shade: int = WHITE) -> np.ndarray:
    return np.full((height, width, 3), shade, np.uint8)


def boxes(pixels: np.ndarray) -> dict[str, Box]:
    return {region.name: region.box for region in find_regions(pixels, limit=2)}


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_the_photo_in_a_screenshot_is_found_in_at_least_four_of_five(layout: str) -> None:
    found = 0
    for seed in range(5):
        photo = scene(seed, 480, 320)
        screen = np.asarray(layouts.screenshot(Image.fromarray(photo), Random(seed), layout=layout))
        hashes = [pdq(box.of(screen)).hash for box in boxes(screen).values()]
        found += any(value.distance(pdq(photo).hash) <= 31 for value in hashes)
    assert found >= 4


@pytest.mark.parametrize("layout", ["feed", "article"])
def test_the_photo_in_a_screenshot_that_was_made_smaller_is_found_in_at_least_four_of_five(layout: str) -> None:
    found = 0
    for seed in range(5):
        photo = scene(seed, 480, 320)
        screen = layouts.screenshot(Image.fromarray(photo), Random(seed), layout=layout)
        smaller = to_jpeg(screen.resize((screen.width // 2, screen.height // 2)), quality=60)
        copy = decode(smaller, limits=Limits()).pixels
        hashes = [pdq(box.of(copy)).hash for box in boxes(copy).values()]
        found += any(value.distance(pdq(photo).hash) <= 31 for value in hashes)
    assert found >= 4


@pytest.mark.parametrize("where", ["above", "below", "both"])
@pytest.mark.parametrize("seed", range(4))
def test_the_photo_beside_a_caption_bar_is_found_to_the_pixel(where: str, seed: int) -> None:
    photo = scene(seed, 480, 320)
    copy = np.asarray(layouts.caption_bar(Image.fromarray(photo), Random(seed), where=where))
    box = boxes(copy)["edge"]
    assert (box.height, box.width) == (320, 480)
    assert np.array_equal(box.of(copy), photo)


def test_the_second_photo_of_a_screen_is_looked_at_too() -> None:
    screen = page(1400, 640)
    for seed, top in ((1, 60), (2, 700)):
        screen[top : top + 427, :] = scene(seed, 640, 427)
    found = boxes(screen)
    assert np.array_equal(found["edge"].of(screen), screen[60:487])
    assert np.array_equal(found["edge:2"].of(screen), screen[700:1127])


def test_a_photo_whose_edge_is_flat_is_found_whole_by_the_wide_box() -> None:
    photo = scene(4, 480, 320)
    photo[:110] = 200  # an even sky
    screen = page(900, 640, 30)
    screen[200:520, 80:560] = photo
    found = boxes(screen)
    assert found["edge"].top >= 305
    assert found["wide"].near(Box(200, 520, 80, 560))


def test_the_inset_box_leaves_rounded_corners_out() -> None:
    screen = page(900, 640)
    screen[200:520, 80:560] = scene(4, 480, 320)
    yy, xx = np.mgrid[:320, :480]
    radius = 24
    corner = np.hypot(
        np.maximum(radius - np.minimum(xx, 479 - xx), 0), np.maximum(radius - np.minimum(yy, 319 - yy), 0)
    )
    screen[200:520, 80:560][corner > radius] = WHITE
    inside = boxes(screen)["inset"].of(screen)
    whites = (inside == WHITE).all(axis=2)
    assert not whites[[0, 0, -1, -1], [0, -1, 0, -1]].any()


@pytest.mark.parametrize("seed", range(6))
def test_a_screen_of_text_gives_no_region_that_could_match(seed: int) -> None:
    screen = np.asarray(layouts.text_page(Random(seed)))
    assert all(pdq(box.of(screen)).quality < LOW_QUALITY_BELOW for box in boxes(screen).values()) or not boxes(screen)


def test_a_photo_without_frame_has_neither_region_nor_trim() -> None:
    for seed in range(6):
        assert find_regions(scene(seed), limit=2) == []
        assert trim_box(scene(seed)) is None


def test_a_border_is_trimmed_on_each_side_to_the_pixel() -> None:
    framed = page(400, 600, 0)
    framed[10:383, 41:587] = scene(2, 546, 373)
    assert trim_box(framed) == Box(10, 383, 41, 587)


def test_a_trim_ends_where_the_border_changes_colour() -> None:
    framed = page(400, 600, 0)
    framed[20:380, 20:580] = scene(2, 560, 360)
    framed[20:60, 20:580] = GREY  # an even sky of the photo's own
    box = trim_box(framed)
    assert box is not None
    assert box.top == 20


@pytest.mark.parametrize("shade", [0, GREY, WHITE])
def test_a_blank_page_is_not_trimmed(shade: int) -> None:
    blank = page(500, 400, shade)
    assert trim_box(blank) is None
    blank[240:250, 190:200] = 77
    assert trim_box(blank) is None
    assert find_regions(blank, limit=2) == []


def test_a_thin_frame_inside_a_box_is_shaved_off() -> None:
    framed = page(500, 700)
    framed[80:420, 90:610] = (20, 90, 40)
    framed[84:416, 94:606] = scene(2, 512, 332)
    assert settle(framed, Box(80, 420, 90, 610)) == Box(84, 416, 94, 606)


def test_a_first_look_tells_frames_from_plain_photos() -> None:
    assert glance(scene(1)) == (False, False)
    assert glance(np.pad(scene(1), ((9, 9), (0, 0), (0, 0)))) == (True, True)
    barred = np.concatenate((scene(1), page(20, 480), scene(2)))
    assert glance(barred) == (False, True)


def test_a_box_views_its_pixels_without_copying() -> None:
    pixels = scene(1)
    assert np.shares_memory(Box(3, 50, 4, 60).of(pixels), pixels)
    assert Box(3, 50, 4, 60).turned() == Box(4, 60, 3, 50)
