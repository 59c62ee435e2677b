"""Trim: cut away what stands around a photo in one colour, and settle the edge of a box to the pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rempart.signals.lines import FLAT_RANGE, Box, Pixels, flat_rows, sampled, turned, whole

_LEAST_KEPT = 0.25
_LEAST_PIXELS = 64
_EVEN_DEVIATION = 5  # levels of luma, on average; photos reach it only where they are even themselves
_RINGING = 8  # pixels: JPEG smears an edge over its block
_FRAME_SHARE = 0.04  # of a side: the widest frame of its own colour that is shaved off
_CORNER_SHARE = 0.1  # of a line at each end: rounded corners show the page there


def trim_box(pixels: Pixels) -> Box | None:
    """The box inside a border of one colour around a (h, w, 3) or (h, w) picture; None where there is none.

    Each side's border ends where its colour does. None too when less than a quarter of a side would be left: such a
    picture is a blank page, not a bordered photo.
    """
    full = box = whole(pixels)
    colour: float | None = None
    for _ in range(2):  # bars above and below hide the even columns beside the photo until they are gone
        box, colour = _trim_rows(pixels, box, colour)
        across, colour = _trim_rows(turned(pixels), box.turned(), colour)
        box = across.turned()
    if box == full:
        return None
    enough = box.height >= _LEAST_KEPT * full.height and box.width >= _LEAST_KEPT * full.width
    if not enough or min(box.height, box.width) < _LEAST_PIXELS:
        return None
    return settle(pixels, box)


def _trim_rows(pixels: Pixels, box: Box, colour: float | None) -> tuple[Box, float | None]:
    """Move the top and bottom of the box inward over even lines of the border's luma, which the first one tells."""
    view = box.of(pixels)
    if len(view) < 2 or not _even(sampled(view[:: len(view) - 1])).any():
        return box, colour
    points = sampled(view)
    even, level = _even(points), points.mean(axis=0)
    if colour is None:
        colour = float(level[0] if even[0] else level[-1])
    of_border = even & (np.abs(level - colour) <= FLAT_RANGE)
    top, bottom = _leading(of_border), _leading(of_border[::-1])
    return (Box(box.top + top, box.bottom - bottom, box.left, box.right) if top < len(view) else box), colour


def _even(points: NDArray[np.int16]) -> NDArray[np.bool_]:
    """For each row of samples, whether they deviate so little that the row is of one colour.

    Milder than `flat_rows` to single samples: a narrow coloured border is ringing all through, in colour most of all.
    """
    even: NDArray[np.bool_] = np.abs(points - points.mean(axis=0)).mean(axis=0) <= _EVEN_DEVIATION
    return even


def _leading(marks: NDArray[np.bool_]) -> int:
    """How many marks are set before the first that is not."""
    return len(marks) if marks.all() else int(np.argmin(marks))


def settle(pixels: Pixels, box: Box) -> Box:
    """Move each edge of a box inward over what is left of the frame: a thin line of its own colour, and ringing.

    `box` is one that was cut along flat lines; its edges move by at most 4 % of the side and 8 pixels.
    """
    top, bottom = _inset(pixels, box), _inset(pixels[::-1], _flipped(box, pixels.shape[0]))
    columns = box.turned()
    across = turned(pixels)
    left, right = _inset(across, columns), _inset(across[::-1], _flipped(columns, pixels.shape[1]))
    return Box(box.top + top, box.bottom - bottom, box.left + left, box.right - right)


def _flipped(box: Box, rows: int) -> Box:
    return Box(rows - box.bottom, rows - box.top, box.left, box.right)


def _inset(pixels: Pixels, box: Box) -> int:
    """How many rows at the top of the box belong to the frame above it."""
    corner = int(box.width * _CORNER_SHARE)
    frame = int(box.height * _FRAME_SHARE)
    reach = frame + 3 * _RINGING
    if reach >= box.height:
        return 0
    strip = pixels[max(0, box.top - 1) : box.top + reach, box.left + corner : box.right - corner]
    points = sampled(strip)
    outer, points = points[:, 0], points[:, min(1, box.top) :]  # at the picture's end the first line stands for it
    means = points.mean(axis=0)
    own = _leading(flat_rows(points) & (np.abs(means - means[0]) <= FLAT_RANGE))
    if not 0 < own <= frame:
        own = 0
    level = float(np.median(points[:, own - 1] if own else outer))
    away = np.abs(points - level).mean(axis=0)[own:]
    inner = float(np.median(away[_RINGING + 1 : 3 * _RINGING]))
    if own and away[:3].max() < FLAT_RANGE:
        return 0  # no sharp end: a soft edge of the photo itself, not a frame
    if not own and box.top == 0:
        return 0
    ringing = away[:_RINGING] <= min(0.3 * inner, 2 * FLAT_RANGE)
    return own + (_leading(ringing) if not ringing.all() else 0)
