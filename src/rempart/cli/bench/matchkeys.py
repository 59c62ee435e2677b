"""Keys to measure with: random ones, and PDQ hashes of crops of ordinary photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rempart.errors import RefusedError
from rempart.signals.pdq import pdq_dihedral

Keys = NDArray[np.uint8]
# Photos are made this small first (pixels of the longer side): PDQ looks at 64 x 64 samples anyway.
_SIDE = 320
_SMALLEST = 96
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


def random_keys(rng: np.random.Generator, count: int) -> Keys:
    """(count, 32) uint8 of random bits, made in pieces so that no second copy stands beside them."""
    keys = np.empty((count, 32), np.uint8)
    step = 1 << 20
    for start in range(0, count, step):
        part = keys[start : start + step]
        part[:] = np.frombuffer(rng.bytes(part.size), np.uint8).reshape(part.shape)
    return keys


def near_keys(rng: np.random.Generator, keys: Keys, count: int, *, flips: int) -> Keys:
    """Copies of `count` keys, each with up to `flips` bits turned: queries that must be found."""
    chosen = keys[rng.integers(0, len(keys), count)]
    bits = np.zeros((count, 256), np.uint8)
    for row in bits:
        row[rng.choice(256, int(rng.integers(0, flips + 1)), replace=False)] = 1
    near: Keys = chosen ^ np.packbits(bits, axis=1)
    return near


def photo_keys(rng: np.random.Generator, folder: Path, count: int) -> Keys:
    """(count, 32) PDQ hashes of random crops of the folder's photos, each in its eight orientations.

    Raises RefusedError when the folder holds no photo.
    """
    photos = [_small(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in _ENDINGS]
    if not photos:
        raise RefusedError(f"{folder} holds no photos.", hint="JPEG, PNG or WebP files are looked for.")
    keys = np.empty((count, 32), np.uint8)
    done = 0
    while done < count:
        hashes, _ = pdq_dihedral(_crop(rng, photos[int(rng.integers(len(photos)))]))
        for key in hashes[: count - done]:
            keys[done] = np.frombuffer(key, np.uint8)
            done += 1
    return keys


def _small(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        image.draft("L", (_SIDE, _SIDE))
        grey = image.convert("L")
        grey.thumbnail((_SIDE, _SIDE))
        return np.asarray(grey, np.uint8)


def _crop(rng: np.random.Generator, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height = int(rng.integers(min(_SMALLEST, photo.shape[0]), photo.shape[0] + 1))
    width = int(rng.integers(min(_SMALLEST, photo.shape[1]), photo.shape[1] + 1))
    top, left = int(rng.integers(photo.shape[0] - height + 1)), int(rng.integers(photo.shape[1] - width + 1))
    return photo[top : top + height, left : left + width]
