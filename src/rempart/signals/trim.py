"""Trim: cut away what stands around a photo in one colour, and settle the edge of a box to the pixel."""

from __future__ import annotations

import numpy as np

from rempart.signals.lines import FLAT_RANGE, Box, Pixels, measure, sampled, turned, whole

_LEAST_KEPT = 0.25
_LEAST_PIXELS = 64
_RINGING = 8  # pixels: JPEG smears an edge over its block
_FRAME_SHARE = 0.04  # of a side: the widest frame of its own colour that is shaved off
_CORNER_SHARE = 0.1  # of a line at each end: rounded corners show the page there


def trim_box(pixels: Pixels) -> Box | None:
    """The box inside a border of one colour around a (h, w, 3) or (h, w) picture; None where there is none.

    Each side's border ends where its colour does. None too when less than a quarter of a side would be left: such a
    picture is a blank page, not a bordered photo.
    """
    full = box = whole(pixels)
    for _ in range(2):  # bars above and below hide the flat columns beside the photo until they are gone
        box = _trim_rows(turned(pixels), _trim_rows(pixels, box).turned()).turned()
    if box == full:
        return None
    enough = box.height >= _LEAST_KEPT * full.height and box.width >= _LEAST_KEPT * full.width
    if not enough or min(box.height, box.width) < _LEAST_PIXELS:
        return None
    return settle(pixels, box)


def _trim_rows(pixels: Pixels, box: Box) -> Box:
    """Move the top and bottom of the box inward over the flat lines of the outermost one's colour."""
    view = box.of(pixels)
    if len(view) < 2 or not measure(view[:: len(view) - 1]).flat.any():
        return box
    lines = measure(view)
    top = _same_colour(lines.flat, lines.level)
    bottom = _same_colour(lines.flat[::-1], lines.level[::-1])
    return Box(box.top + top, box.bottom - bottom, box.left, box.right) if top + bottom < len(view) else box


def _same_colour(flat: np.ndarray, level: np.ndarray) -> int:
    """How many lines from the first on are flat and of the first one's level."""
    other = ~flat | (np.abs(level - level[0]) > FLAT_RANGE)
    return int(other.argmax()) if other.any() else len(other)


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
    points = sampled(strip).astype(np.float32)
    outer, points = points[:, 0], points[:, min(1, box.top) :]
    own = _same_colour(points.max(axis=0) - points.min(axis=0) <= FLAT_RANGE, points.mean(axis=0))
    if not 0 < own <= frame:
        own = 0
    level = float(np.median(points[:, own - 1] if own else outer))
    away = np.abs(points - level).mean(axis=0)[own:]
    inner = float(np.median(away[_RINGING + 1 : 3 * _RINGING]))
    if own and away[:3].max() < FLAT_RANGE:
        return 0  # no sharp end: a soft edge of the photo itself, not a frame
    ringing = away[:_RINGING] <= min(0.3 * inner, 2 * FLAT_RANGE)
    return own + (int(np.argmin(ringing)) if not ringing.all() else 0)
