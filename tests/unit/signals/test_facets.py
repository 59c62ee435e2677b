"""Facets: the extra keys of an entry made from a picture."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import scene
from rempart.signals.facets import MAX_FACETS, make_facets
from rempart.signals.grids import grid_centres, hash_grids, reduced_luma, sample_rows, smoothed
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.pdq import pdq

RADIUS = 31
FACETS = {seed: make_facets(scene(seed, 600, 420)) for seed in range(4)}


def nearest(seed: int, copy: np.ndarray) -> int:
    """The least distance of a copy's canonical hash to the facets of the picture."""
    query = pdq(np.ascontiguousarray(copy)).hash
    return min(facet.hash.distance(query) for facet in FACETS[seed])


def cut(pixels: np.ndarray, left: float, top: float, right: float, bottom: float) -> np.ndarray:
    h, w = pixels.shape[:2]
    return pixels[round(h * top) : h - round(h * bottom), round(w * left) : w - round(w * right)]


def test_an_entry_has_at_most_128_facets_of_unique_names() -> None:
    for facets in FACETS.values():
        assert 80 <= len(facets) <= MAX_FACETS
        assert len({facet.name for facet in facets}) == len(facets)
        assert all(facet.quality >= LOW_QUALITY_BELOW for facet in facets)


@given(seed=st.integers(0, 3), share=st.floats(0.02, 0.4))
@settings(deadline=None, max_examples=40)
def test_a_copy_cropped_evenly_by_any_amount_is_found(seed: int, share: float) -> None:
    assert nearest(seed, cut(scene(seed, 600, 420), *(share / 2,) * 4)) <= RADIUS


@given(seed=st.integers(0, 3), share=st.floats(0.02, 0.2), side=st.integers(0, 3))
@settings(deadline=None, max_examples=40)
def test_a_copy_cropped_on_one_side_by_any_amount_is_found(seed: int, share: float, side: int) -> None:
    shares = [0.0, 0.0, 0.0, 0.0]
    shares[side] = share
    assert nearest(seed, cut(scene(seed, 600, 420), *shares)) <= RADIUS


@given(seed=st.integers(0, 3), share=st.floats(0.02, 0.35), upright=st.booleans())
@settings(deadline=None, max_examples=30)
def test_a_copy_cropped_to_another_ratio_is_found(seed: int, share: float, upright: bool) -> None:
    half = share / 2
    shares = (0, half, 0, half) if upright else (half, 0, half, 0)
    assert nearest(seed, cut(scene(seed, 600, 420), *shares)) <= RADIUS


@given(
    seed=st.integers(0, 3),
    size=st.floats(1, 5),
    sign=st.sampled_from((1, -1)),
    fill=st.sampled_from(((0,) * 3, (255,) * 3, None)),
)
@settings(deadline=None, max_examples=40)
def test_a_tilted_copy_is_found_whatever_became_of_its_corners(
    seed: int, size: float, sign: int, fill: tuple[int, ...] | None
) -> None:
    image = Image.fromarray(scene(seed, 600, 420))
    turned = image.rotate(sign * size, Image.Resampling.BICUBIC, fillcolor=fill or (0, 0, 0))
    if fill is None:  # cut to the upright rectangle of the same ratio
        fit = 1 / (cos(radians(size)) + 600 / 420 * sin(radians(size)))
        x, y = 300 * (1 - fit), 210 * (1 - fit)
        turned = turned.crop((round(x), round(y), round(600 - x), round(420 - y)))
    assert nearest(seed, np.asarray(turned)) <= RADIUS


def test_facets_are_not_near_other_pictures() -> None:
    for seed in FACETS:
        other = pdq(scene(seed + 10, 600, 420)).hash
        assert min(facet.hash.distance(other) for facet in FACETS[seed]) > 63


@pytest.mark.parametrize("size", [(480, 320), (1400, 900)])
def test_a_facet_is_within_a_few_bits_of_the_hash_of_the_cropped_picture(size: tuple[int, int]) -> None:
    pixels = scene(2, *size)
    by_name = {facet.name: facet.hash for facet in make_facets(pixels)}
    for name, shares in (
        ("crop:even:10", (0.05,) * 4),
        ("crop:left:20", (0.2, 0, 0, 0)),
        ("crop:top:20", (0, 0.2, 0, 0)),
    ):
        copy = np.ascontiguousarray(cut(pixels, *shares))
        assert by_name[name].distance(pdq(copy).hash) <= 20, name


def test_grey_pixels_have_the_facets_of_their_rgb_form() -> None:
    grey = scene(3)[:, :, 1]
    ours, theirs = make_facets(grey), make_facets(np.repeat(grey[:, :, None], 3, axis=2))
    assert [facet.name for facet in ours] == [facet.name for facet in theirs]
    assert all(a.hash.distance(b.hash) <= 4 for a, b in zip(ours, theirs, strict=True))


def test_a_strided_view_has_the_facets_of_its_copy() -> None:
    view = scene(3)[7:, 11:]
    assert make_facets(view) == make_facets(view.copy())


@pytest.mark.parametrize("shape", [(1, 1), (63, 400), (9000, 1), (64, 64), (64, 9000), (300, 2400)])
def test_any_shape_of_picture_is_accepted(shape: tuple[int, int]) -> None:
    noisy = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    facets = make_facets(noisy)
    assert bool(facets) == (min(shape) >= 64 and max(shape) <= 8 * min(shape))


def test_a_picture_without_content_has_no_facets() -> None:
    assert make_facets(np.full((300, 400, 3), 200, np.uint8)) == ()


def test_a_grid_of_the_whole_picture_hashes_to_its_pdq_hash_within_a_few_bits() -> None:
    for seed in range(4):
        pixels = scene(seed, 640, 480)
        smooth = smoothed(reduced_luma(pixels, shortest=256, longest=1024))
        for side in smooth.shape:
            smooth = sample_rows(smooth, grid_centres(0, side)).T
        (found,), (quality,) = hash_grids(smooth[None])
        assert found.distance(pdq(pixels).hash) <= 12
        assert abs(quality - pdq(pixels).quality) <= 3


def test_smoothing_keeps_an_even_plane_and_its_shape() -> None:
    assert smoothed(np.full((300, 401), 77, np.float32)) == pytest.approx(np.full((300, 401), 77.0), abs=1e-3)


def test_smoothing_keeps_the_picture_in_its_place() -> None:
    ramp = np.repeat(np.arange(400, dtype=np.float32)[None], 300, axis=0)
    assert smoothed(ramp)[10:-10, 10:-10] == pytest.approx(ramp[10:-10, 10:-10], abs=1e-2)


def test_rows_between_pixels_are_mixed_by_their_distance() -> None:
    plane = np.array([[0.0], [10.0], [20.0]], np.float32)
    rows = sample_rows(plane, np.array([-5.0, 0.5, 1.0, 1.75, 9.0]))
    assert rows[:, 0] == pytest.approx([0, 0, 5, 12.5, 20], abs=0.02)
