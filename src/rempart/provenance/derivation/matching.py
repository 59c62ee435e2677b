"""Which points of two sheets are the same, and the one plane-to-plane mapping that explains most of them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.derivation.sheets import WIDTH, Descriptors, Sheet

Mapping = NDArray[np.float64]
"""A homography, (3, 3) float64: from the source's plane to the suspect's."""

LEAST_MATCHES = 8
"""Fewer matching points are not tried to be explained: any four can be."""
_RATIO = 0.8
_NEAR = 3.0  # pixels of the plane
_ROUNDS, _CONFIDENCE = 5000, 0.9999
_LEAST_SCALE, _MOST_SCALE = 0.05, 20.0
_MOST_SKEW = 8.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explained:
    """Matching points and the mapping that explains them.

    `source` and `suspect` (n, 2) float32 are the inliers' places in each plane, in the same order.
    """

    mapping: Mapping
    source: NDArray[np.float32]
    suspect: NDArray[np.float32]


class Asked:
    """A suspect's points, made ready to be compared with many sources."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._left = np.ones((len(sheet.descriptors), WIDTH + 1), np.float32)
        self._left[:, :WIDTH] = sheet.descriptors
        self._norms = _norms(sheet.descriptors)

    def matches(self, source: Sheet) -> NDArray[np.intp]:
        """Pairs (n, 2) of places in the suspect's and the source's points, best first; each point in one pair at most.

        A point's nearest must be nearer than 0.8 of the way to its second nearest (Lowe's ratio). All sums are whole
        numbers or halves below 2^24, exact in 32-bit floats in whatever order they are added.
        """
        if len(source.descriptors) < 2 or not len(self._left):
            return np.empty((0, 2), np.intp)
        right = np.empty((len(source.descriptors), WIDTH + 1), np.float32)
        right[:, :WIDTH] = source.descriptors
        right[:, WIDTH] = -_norms(source.descriptors) / 2
        scores = self._left @ right.T
        rows = np.arange(len(scores))
        nearest = scores.argmax(axis=1)
        first = self._norms - 2 * scores[rows, nearest].astype(np.float64)
        scores[rows, nearest] = -np.inf
        second = self._norms - 2 * scores.max(axis=1).astype(np.float64)
        good = np.flatnonzero(first < _RATIO**2 * second)
        good = good[np.argsort(first[good], kind="stable")]
        _, once = np.unique(nearest[good], return_index=True)
        kept = good[np.sort(once)]
        return np.stack([kept, nearest[kept]], axis=1)

    def explained(self, source: Sheet, pairs: NDArray[np.intp]) -> Explained | None:
        """The mapping that explains most matches; None where there are too few, or it is no view of a plane."""
        if len(pairs) < LEAST_MATCHES:
            return None
        theirs, ours = source.points[pairs[:, 1]], self.sheet.points[pairs[:, 0]]
        try:
            found, mask = cv2.findHomography(
                theirs, ours, cv2.USAC_MAGSAC, _NEAR, maxIters=_ROUNDS, confidence=_CONFIDENCE
            )
        except cv2.error:  # points that lie on one line
            return None
        if found is None or not np.isfinite(found).all():
            return None
        mapping = np.asarray(found, np.float64)
        inside = mask.ravel().astype(bool)
        if inside.sum() < 4 or not _is_view(mapping, source):
            return None
        return Explained(mapping=mapping, source=theirs[inside], suspect=ours[inside])


def _norms(descriptors: Descriptors) -> NDArray[np.float64]:
    whole = descriptors.astype(np.float64)
    return np.asarray(np.einsum("ij,ij->i", whole, whole), np.float64)


def corners(sheet: Sheet) -> NDArray[np.float64]:
    """The four corners of its plane, (4, 2), round it."""
    height, width = sheet.plane.shape
    return np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float64)


def mapped(points: NDArray[np.float64], mapping: Mapping) -> NDArray[np.float64]:
    """Where points (n, 2) come to lie."""
    flat = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ mapping.T
    return np.asarray(flat[:, :2] / flat[:, 2:])


def _is_view(mapping: Mapping, source: Sheet) -> bool:
    """Whether it shows the source's frame from its front, not folded, at a size that pictures have, not too skewed."""
    frame = corners(source)
    depth = np.concatenate([frame, np.ones((4, 1))], axis=1) @ mapping[2]
    if (depth * depth[0] <= 0).any():
        return False
    quad = mapped(frame, mapping)
    sides = np.roll(quad, -1, axis=0) - quad
    after = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    if (turns <= 0).any():
        return False
    scales = np.linalg.norm(sides, axis=1) / np.linalg.norm(np.roll(frame, -1, axis=0) - frame, axis=1)
    low, high = float(scales.min()), float(scales.max())
    return low >= _LEAST_SCALE and high <= _MOST_SCALE and high / low <= _MOST_SKEW
