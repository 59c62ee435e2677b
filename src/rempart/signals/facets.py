"""Facets: extra keys that an entry made from a picture carries, for its crops and small tilts.

A facet is the hash the picture would have after that edit, so a re-post cropped or tilted by about as much is found by
its canonical probe; mirrored and turned re-posts are found by the dihedral probes. Facets never widen the radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rempart.signals.grids import GRID, Floats, axis_operator, grid_centres, hash_grids, reduced_luma
from rempart.signals.values import PdqHash

MAX_FACETS = 128
LOW_QUALITY_BELOW = 50
EVEN_PERCENT = (2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0)
SIDE_PERCENT = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0)
TILT_DEGREES = (1.0, 2.0, 3.0, 4.0, 5.0)
_SHORTEST = 256
_BLUR_BOXES = 128  # PDQ's box is 1/128 of the side


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One extra key of a picture: what was done to it, the hash, and the hash's quality (50 to 100)."""

    name: str
    hash: PdqHash
    quality: int


def make_facets(pixels: NDArray[np.uint8]) -> tuple[Facet, ...]:
    """The facets of an upright picture: at most 128, those of quality under 50 left out.

    `pixels` is (h, w, 3) RGB or (h, w) grey, uint8. Names: `crop:even:5` (5 % of width and of height removed in all),
    `crop:left:10`, `tilt:+3` (turned 3° clockwise, cut to the upright rectangle), `tilt-fill:-3` (corners filled).
    """
    if min(pixels.shape[:2]) < GRID:
        return ()
    luma = reduced_luma(pixels, shortest=_SHORTEST)
    grids = {**_crops(luma), **_tilts(luma)}
    hashes, qualities = hash_grids(np.stack(list(grids.values())))
    return tuple(
        Facet(name=name, hash=value, quality=quality)
        for name, value, quality in zip(grids, hashes, qualities, strict=True)
        if quality >= LOW_QUALITY_BELOW
    )


def _operator(length: int, before: float, after: float) -> Floats:
    """The 64-sample operator of an axis cut by the shares `before` and `after`."""
    start, stop = length * before, length * (1 - after)
    return axis_operator(grid_centres(start, stop), length=length, window=(stop - start) / _BLUR_BOXES)


def _crops(luma: Floats) -> dict[str, Floats]:
    h, w = luma.shape
    whole_rows = _operator(h, 0, 0) @ luma
    whole_columns = luma @ _operator(w, 0, 0).T
    grids: dict[str, Floats] = {}
    for percent in EVEN_PERCENT:
        half = percent / 200
        grids[f"crop:even:{percent:g}"] = _operator(h, half, half) @ luma @ _operator(w, half, half).T
    for percent in SIDE_PERCENT:
        share = percent / 100
        grids[f"crop:left:{percent:g}"] = whole_rows @ _operator(w, share, 0).T
        grids[f"crop:right:{percent:g}"] = whole_rows @ _operator(w, 0, share).T
        grids[f"crop:top:{percent:g}"] = _operator(h, share, 0) @ whole_columns
        grids[f"crop:bottom:{percent:g}"] = _operator(h, 0, share) @ whole_columns
    return grids


def _tilts(luma: Floats) -> dict[str, Floats]:
    h, w = luma.shape
    smooth = _every(h) @ luma @ _every(w).T
    grids: dict[str, Floats] = {}
    for degrees in TILT_DEGREES:
        for signed in (degrees, -degrees):
            angle = np.radians(signed)
            fit = 1 / (np.cos(angle) + max(h / w, w / h) * abs(np.sin(angle)))
            grids[f"tilt:{signed:+g}"] = _sample(smooth, angle, width=w * fit, height=h * fit)
            grids[f"tilt-fill:{signed:+g}"] = _sample(smooth, angle, width=w, height=h)
    return grids


def _every(length: int) -> Floats:
    """The operator that smooths an axis as PDQ does and keeps every pixel."""
    return axis_operator(np.arange(length) + 0.5, length=length, window=length / _BLUR_BOXES)


def _sample(smooth: Floats, angle: float, *, width: float, height: float) -> Floats:
    """A 64×64 grid of the picture turned clockwise by `angle`, of the upright rectangle around its centre.

    Points outside the picture take the nearest edge.
    """
    h, w = smooth.shape
    x = grid_centres(-width / 2, width / 2)[None, :]
    y = grid_centres(-height / 2, height / 2)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    columns = np.clip(cos * x + sin * y + w / 2 - 0.5, 0, w - 1.001)
    rows = np.clip(-sin * x + cos * y + h / 2 - 0.5, 0, h - 1.001)
    left, top = columns.astype(np.intp), rows.astype(np.intp)
    fx, fy = (columns - left).astype(np.float32), (rows - top).astype(np.float32)
    upper = smooth[top, left] * (1 - fx) + smooth[top, left + 1] * fx
    lower = smooth[top + 1, left] * (1 - fx) + smooth[top + 1, left + 1] * fx
    grid: Floats = upper * (1 - fy) + lower * fy
    return grid
