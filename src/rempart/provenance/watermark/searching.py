"""The search for a mark in a picture that was cropped, turned or stretched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark.canonical import Plane, flattened, folded
from rempart.provenance.watermark.lattice import SEEN, Steps, lattices, usual
from rempart.provenance.watermark.pattern import TILE, Pattern
from rempart.provenance.watermark.sight import Sight, View, look, strongest

_LARGEST = 1600
_ROUNDS = ((0.012, 7), (0.004, 5), (0.0015, 5))
"""How far off, and in how many steps, a lattice is looked for around the one that was seen."""
_PROMISING = 4
MOST_WORDS = SEEN + _PROMISING + _PROMISING * len(_ROUNDS)
"""So many words a search of one picture takes for a mark's at most, and tries to read."""


def searched(luma: Plane, plane: Plane, patterns: Sequence[Pattern]) -> Sight | None:
    """First the lattices that are seen, then the likeliest of the usual ones; at last what is nearest is looked at
    more closely."""
    seen: list[tuple[Sight, View]] = []
    for wave in (lattices(plane), _likeliest(plane, patterns)):
        for steps in wave:
            view = _along(luma, steps)
            if view is None:
                continue
            sight = look(view, patterns)
            if sight.record is not None:
                return sight
            seen.append((sight, view))
    seen.sort(key=lambda one: -one[0].strength)
    for best, view in seen[:_PROMISING]:
        for closer in _closer(luma, view, best.pattern):
            sight = look(closer, patterns)
            if sight.record is not None:
                return sight
    return None


def _likeliest(plane: Plane, patterns: Sequence[Pattern]) -> Sequence[Steps]:
    """Of the lattices of pictures that were cropped, stretched along one side or turned, those at which the
    synchronisation pattern stands out most; drawn from the flattened plane, which is quicker and a little worse."""
    found = []
    for steps in usual():
        size = _size(plane, steps)
        if size is not None:
            drawn = cv2.warpAffine(plane, _how(plane, steps), size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
            tile = folded(np.asarray(drawn, dtype=np.float32))
            found.append((max(strongest(tile, pattern)[0] for pattern in patterns), steps))
    found.sort(key=lambda one: -one[0])
    return [steps for _, steps in found[:_PROMISING]]


def _along(luma: Plane, steps: Steps) -> View | None:
    """The plane drawn so that the lattice's tiles lie straight and are 128 pixels wide; None where it would be huge."""
    drawn, how = _size(luma, steps), _how(luma, steps)
    if drawn is None:
        return None
    turned = cv2.warpAffine(
        luma, how, drawn, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    own = cv2.warpAffine(np.ones_like(luma), how, drawn, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    inside = cv2.erode(own, np.ones((9, 9)))
    return View(flattened(np.asarray(turned, dtype=np.float32)) * np.asarray(inside, dtype=np.float32), steps)


def _corners(plane: Plane, steps: Steps) -> NDArray[np.float64]:
    """Where a plane's corners are when the lattice lies straight, each (x, y)."""
    height, width = plane.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype=float)
    return np.asarray(corners @ np.linalg.inv(steps.T / TILE).T)


def _how(plane: Plane, steps: Steps) -> NDArray[np.float64]:
    """From the straight plane to the one that is there."""
    there = steps.T / TILE
    return np.hstack([there, (there @ _corners(plane, steps).min(axis=0))[:, None]])


def _size(plane: Plane, steps: Steps) -> tuple[int, int] | None:
    """Width and height of the straight plane; None where it would be huge."""
    corners = _corners(plane, steps)
    width, height = np.ceil(corners.max(axis=0) - corners.min(axis=0)).astype(int)
    return (int(width), int(height)) if max(width, height) <= _LARGEST else None


def _closer(luma: Plane, view: View, pattern: Pattern) -> Iterator[View]:
    """Views along lattices ever nearer to the one at which the blocks of a view agree best."""
    for span, count in _ROUNDS:
        assert view.steps is not None
        bent = max((_agreement(view.plane, one, span, count) for one in pattern.sync), key=lambda one: one[0])[1]
        found = _along(luma, (view.steps.T @ (np.eye(2) + bent)).T)
        if found is None:
            return
        view = found
        yield view


def _agreement(
    plane: Plane, sync: NDArray[np.complex128], span: float, count: int
) -> tuple[float, NDArray[np.float64]]:
    """By how much blocks of two by two tiles agree on where the pattern is, at best, and which bending of the plane
    makes them: first larger and turned, then stretched and slanted."""
    corners, tiles = [], []
    for top in range(0, max(1, plane.shape[0] - TILE), TILE):
        for left in range(0, max(1, plane.shape[1] - TILE), TILE):
            block = plane[top : top + 2 * TILE, left : left + 2 * TILE]
            corners.append((left + block.shape[1] / 2, top + block.shape[0] / 2))
            tiles.append(folded(block))
    found = np.fft.irfft2(np.fft.rfft2(np.stack(tiles)) * sync, s=(TILE, TILE)).astype(np.float32)
    where = np.array(corners) - np.mean(corners, axis=0)
    usual = np.sqrt(float((found**2).sum(axis=0).mean())) + 1e-12
    around = np.tile(found, (1, 2, 2))

    def agreed(bent: NDArray[np.float64]) -> float:
        total = np.zeros((TILE, TILE), dtype=np.float32)
        for one, (x, y) in zip(around, np.rint(where @ bent.T).astype(int) % TILE, strict=True):
            total += one[y : y + TILE, x : x + TILE]
        return float(total.max() / usual)

    best, kept = agreed(np.zeros((2, 2))), np.zeros((2, 2))
    for shape in (((1, 0, 0, 1), (0, -1, 1, 0)), ((1, 0, 0, -1), (0, 1, 1, 0))):
        first, second = (np.array(one, dtype=float).reshape(2, 2) for one in shape)
        base, reach = kept, span if shape[0][3] > 0 else span / 2
        for more in np.linspace(-reach, reach, count):
            for other in np.linspace(-reach, reach, count):
                bent = base + more * first + other * second
                if (value := agreed(bent)) > best:
                    best, kept = value, bent
    return best, kept
