"""Bars: the photo between two bars that are no single colour, such as its own blurred copy.

Programs that fit a photo to another format fill the space so. The bars are smooth along the picture where the photo is
not, they are equally wide, and each ends in one sharp step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rempart.signals.lines import Box, Pixels, sampled, turned

_SMOOTH = 1.5  # mean bend of luma from row to row; blurred rows stay under 1.3, photos over 2
_ROWS = 512
_STRIP = 12
_LEAST_SHARE = 0.03
_LEAST_KEPT = 0.25
_RINGING = 12
_UNEVEN = 0.02  # of the height: bars that differ by more are no letterbox


def between_bars(pixels: Pixels) -> Box | None:
    """The box between two smooth bars of equal width, above and below or at both sides; None where there are none.

    `pixels` is (h, w, 3) or (h, w) uint8. Plain bars are found too, but `trim_box` is the one for those.
    """
    rows = _rows_between(pixels)
    if rows is not None:
        return Box(rows[0], rows[1], 0, pixels.shape[1])
    columns = _rows_between(turned(pixels))
    return None if columns is None else Box(0, pixels.shape[0], columns[0], columns[1])


def _rows_between(pixels: Pixels) -> tuple[int, int] | None:
    height = len(pixels)
    if height < 8 * _STRIP or not (_smooth(pixels[:_STRIP]).all() and _smooth(pixels[-_STRIP:]).all()):
        return None
    step = max(1, height // _ROWS)
    top, bottom = (_bar(view, step) for view in (pixels, pixels[::-1]))
    kept = height - top - bottom
    if min(top, bottom) < _LEAST_SHARE * height or kept < _LEAST_KEPT * height:
        return None
    return (top, height - bottom) if abs(top - bottom) <= _UNEVEN * height else None


def _smooth(strip: Pixels) -> NDArray[np.bool_]:
    """For each row but the outer two, whether luma hardly bends from the row above to the one below."""
    points = sampled(strip)
    bend = np.abs(points[:, :-2] - 2 * points[:, 1:-1] + points[:, 2:]).mean(axis=0)
    smooth: NDArray[np.bool_] = bend <= _SMOOTH
    return smooth


def _bar(pixels: Pixels, step: int) -> int:
    """How many rows the bar at the top has: smooth ones, then ringing, up to the sharpest step; 0 without an end."""
    rough = np.flatnonzero(~_smooth(pixels[::step]))
    if not len(rough):
        return 0
    start = max(0, (int(rough[0]) - 1) * step)
    around = sampled(pixels[start : start + (_RINGING + 3) * step]).astype(np.float32)
    return start + int(np.abs(np.diff(around, axis=1)).mean(axis=0).argmax()) + 1
