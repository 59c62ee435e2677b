"""Trim: cut away a border of one colour, as wide on each side as that colour goes."""

from __future__ import annotations

import numpy as np

from rempart.signals.regions import Box, Pixels, flat_rows, whole

_LEAST_KEPT = 0.25
_LEAST_PIXELS = 64


def trim_box(pixels: Pixels) -> Box | None:
    """The box inside the flat border of a (h, w, 3) or (h, w) picture; None where there is no border.

    None too when less than a quarter of a side would be left: such a picture is a blank page, not a bordered photo.
    """
    plane = pixels[:, :, 1] if pixels.ndim == 3 else pixels
    box = whole(pixels)
    for _ in range(2):  # bars above and below hide the flat columns beside the photo until they are gone
        rows = np.flatnonzero(~flat_rows(box.of(plane)))
        if not len(rows):
            return None
        box = Box(box.top + int(rows[0]), box.top + int(rows[-1]) + 1, box.left, box.right)
        columns = np.flatnonzero(~flat_rows(box.of(plane).T))
        if not len(columns):
            return None
        box = Box(box.top, box.bottom, box.left + int(columns[0]), box.left + int(columns[-1]) + 1)
    if box == whole(pixels):
        return None
    height, width = box.bottom - box.top, box.right - box.left
    enough = height >= _LEAST_KEPT * plane.shape[0] and width >= _LEAST_KEPT * plane.shape[1]
    return box if enough and min(height, width) >= _LEAST_PIXELS else None
