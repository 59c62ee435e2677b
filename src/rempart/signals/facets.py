"""Facets: extra keys that an entry made from a picture carries, for its crops and small tilts.

A facet is the hash the picture would have after that edit, so a re-post cropped or tilted by about as much is found by
its canonical probe; mirrored and turned re-posts are found by the dihedral probes. Facets never widen the radius.
The steps are the widest that the recall asked of any value between them allows; docs/probes.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from rempart.signals.grids import GRID, Floats, grid_centres, hash_grids, reduced_luma, sample_rows, smoothed
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.values import PdqHash

MAX_FACETS = 128
# Per cent of a side cut away in all. A cut of one axis moves more bits per pixel at its far end than one on both sides.
EVEN_PERCENT = (3.3, 6.6, 10, 13.3, 16.6, 20, 23, 26, 29, 31.5, 34.5, 37.5, 40)
AXIS_PERCENT = (3.3, 6.6, 10, 13.3, 16.6, 20, 23, 26, 29, 32, 35)
CORNER_PERCENT = (3, 6, 9)
THREE_SIDES_PERCENT = 3
SIDE_PERCENT = (2.9, 5.7, 8.6, 11.4, 14.3, 17.1, 20)
TILT_DEGREES = (1.5, 3.2, 4.8)
_SHORTEST = 256
_LONGEST = 1024
_SLENDEREST = 8  # times as long as wide: of longer strips nobody keeps a tenth
_CORNERS = {"edge": None, "white": 255.0, "black": 0.0}
_FILLED = frozenset({"tilt-white", "tilt-black"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One extra key of a picture: what was done to it, the hash, and the hash's quality (50 to 100)."""

    name: str
    hash: PdqHash
    quality: int


def make_facets(pixels: NDArray[np.uint8]) -> tuple[Facet, ...]:
    """The facets of an upright picture: at most 128, those of quality under 50 left out.

    None for pictures under 64 pixels on a side, or more than eight times as long as wide.

    `pixels` is (h, w, 3) RGB or (h, w) grey, uint8. Names: `crop:even:10` (10 % of width and of height cut in all),
    `crop:width:10` and `crop:height:10` (of one of them, both sides alike), `crop:left:8.6` (right, top, bottom),
    `crop:top-left:6` (6 % of both, at that corner), `crop:not-left:3` (3 % of each of the other three sides),
    `tilt:+3.2` (turned 3.2° clockwise, cut to the upright rectangle of the same ratio), `tilt-largest:+3.2` (cut to
    the largest rectangle), `tilt-white:+3.2` (black, edge: the same canvas, its corners filled).
    """
    short, long = sorted(pixels.shape[:2])
    if short < GRID or long > _SLENDEREST * short:
        return ()
    smooth = smoothed(reduced_luma(pixels, shortest=_SHORTEST, longest=_LONGEST))
    named = [*_crops(smooth), *_tilts(smooth)]
    hashes, qualities = hash_grids(np.stack([grid for _, grid in named]))
    quality_of = {name: quality for (name, _), quality in zip(named, qualities, strict=True)}
    facets = []
    for (name, _), value, quality in zip(named, hashes, qualities, strict=True):
        # Filled corners have edges of their own: what they add says nothing of the picture.
        kind, _, angle = name.partition(":")
        own = min(quality, quality_of[f"tilt-edge:{angle}"]) if kind in _FILLED else quality
        if own >= LOW_QUALITY_BELOW:
            facets.append(Facet(name=name, hash=value, quality=own))
    return tuple(facets)


def _rows(plane: Floats, before: float, after: float) -> Floats:
    """64 rows of the picture cut by the shares `before` at its top and `after` at its foot."""
    length = len(plane)
    return sample_rows(plane, grid_centres(length * before, length * (1 - after)))


def _columns(plane: Floats, before: float, after: float) -> Floats:
    return _rows(plane.T, before, after).T


def _crops(smooth: Floats) -> Iterator[tuple[str, Floats]]:
    all_rows, all_columns = _rows(smooth, 0, 0), _columns(smooth, 0, 0)
    for percent in EVEN_PERCENT:
        half = percent / 200
        yield f"crop:even:{percent:g}", _columns(_rows(smooth, half, half), half, half)
    for percent in AXIS_PERCENT:
        half = percent / 200
        yield f"crop:width:{percent:g}", _columns(all_rows, half, half)
        yield f"crop:height:{percent:g}", _rows(all_columns, half, half)
    for percent in SIDE_PERCENT:
        share = percent / 100
        yield f"crop:left:{percent:g}", _columns(all_rows, share, 0)
        yield f"crop:right:{percent:g}", _columns(all_rows, 0, share)
        yield f"crop:top:{percent:g}", _rows(all_columns, share, 0)
        yield f"crop:bottom:{percent:g}", _rows(all_columns, 0, share)
    for percent, (left, right), (top, bottom) in product(CORNER_PERCENT, ((1, 0), (0, 1)), ((1, 0), (0, 1))):
        share = percent / 100
        name = f"crop:{'top' if top else 'bottom'}-{'left' if left else 'right'}:{percent:g}"
        yield name, _columns(_rows(smooth, share * top, share * bottom), share * left, share * right)
    share = THREE_SIDES_PERCENT / 100
    for kept in ("left", "right", "top", "bottom"):
        cut = {side: share * (side != kept) for side in ("left", "right", "top", "bottom")}
        rows = _rows(smooth, cut["top"], cut["bottom"])
        yield f"crop:not-{kept}:{THREE_SIDES_PERCENT:g}", _columns(rows, cut["left"], cut["right"])


def _tilts(smooth: Floats) -> Iterator[tuple[str, Floats]]:
    h, w = smooth.shape
    for degrees in (sign * size for size in TILT_DEGREES for sign in (1, -1)):
        angle = radians(degrees)
        c, s = cos(angle), abs(sin(angle))
        fit = 1 / (c + max(h / w, w / h) * s)
        yield f"tilt:{degrees:+g}", _turned(smooth, angle, width=w * fit, height=h * fit)
        if min(h, w) > 2 * s * c * max(h, w):  # a very long strip has no such rectangle
            wide, high = (w * c - h * s) / (c * c - s * s), (h * c - w * s) / (c * c - s * s)
            yield f"tilt-largest:{degrees:+g}", _turned(smooth, angle, width=wide, height=high)
        for name, fill in _CORNERS.items():
            yield f"tilt-{name}:{degrees:+g}", _turned(smooth, angle, width=w, height=h, fill=fill)


def _turned(smooth: Floats, angle: float, *, width: float, height: float, fill: float | None = None) -> Floats:
    """A 64×64 grid of the picture turned clockwise by `angle`, of the upright rectangle around its centre.

    Points outside the picture take `fill`, or the nearest edge where it is None.
    """
    h, w = smooth.shape
    x = grid_centres(-width / 2, width / 2)[None, :]
    y = grid_centres(-height / 2, height / 2)[:, None]
    columns = cos(angle) * x + sin(angle) * y + w / 2 - 0.5
    rows = cos(angle) * y - sin(angle) * x + h / 2 - 0.5
    grid = _bilinear(smooth, rows, columns)
    if fill is None:
        return grid
    outside = np.maximum(np.abs(rows - (h - 1) / 2) - (h - 1) / 2, np.abs(columns - (w - 1) / 2) - (w - 1) / 2)
    # The corner's edge is soft over one cell of the grid, as PDQ's own smoothing leaves it.
    share = np.clip(outside * (GRID / w) + 0.5, 0, 1).astype(np.float32)
    filled: Floats = grid + (np.float32(fill) - grid) * share
    return filled


def _bilinear(plane: Floats, rows: Floats, columns: Floats) -> Floats:
    """`plane` at fractional places; places outside take the nearest edge."""
    h, w = plane.shape
    y, x = np.clip(rows, 0, h - 1.001), np.clip(columns, 0, w - 1.001)
    top, left = y.astype(np.intp), x.astype(np.intp)
    fy, fx = (y - top).astype(np.float32), (x - left).astype(np.float32)
    corner = np.ascontiguousarray(plane).ravel()
    at = top * w + left
    upper = corner[at] + (corner[at + 1] - corner[at]) * fx
    lower = corner[at + w] + (corner[at + w + 1] - corner[at + w]) * fx
    value: Floats = upper + (lower - upper) * fy
    return value
