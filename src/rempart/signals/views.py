"""Views: other ways to see the same pixels before hashing, such as the size other tools shrink to first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
_SIDE = 512


def thumbnail512(pixels: Pixels) -> Pixels | None:
    """The picture within 512×512, ratio kept, as Pillow's `thumbnail` makes it; None when it is no larger already.

    Source: the Python reference of PDQ in facebook/ThreatExchange, which hashes `Image.thumbnail((512, 512))`.
    """
    if max(pixels.shape[:2]) <= _SIDE:
        return None
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    return np.asarray(image)


def square512(pixels: Pixels) -> Pixels | None:
    """The picture stretched to 512×512 by nearest neighbour; None when no side is longer than that.

    Source: the C++ reference of PDQ in facebook/ThreatExchange, which resizes so before hashing.
    """
    h, w = pixels.shape[:2]
    if max(h, w) <= _SIDE:
        return None
    rows, columns = np.arange(_SIDE) * h // _SIDE, np.arange(_SIDE) * w // _SIDE
    view: Pixels = pixels[rows[:, None], columns[None, :]]
    return view
