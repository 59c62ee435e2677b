"""Reading the mark: as it lies, turned by quarters, in the photo that a screen or border frames, then bent back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rempart.provenance.watermark.canonical import SMALLEST, Pixels, flattened, luma_of
from rempart.provenance.watermark.framing import chance
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.searching import MOST_WORDS, searched
from rempart.provenance.watermark.sight import Sight, View, look
from rempart.signals.lines import Box, glance, whole
from rempart.signals.regions import find_regions
from rempart.signals.trim import trim_box

_QUARTERS = (1, 2, 3)
_FRAMED = 2
"""So many photos inside a frame are looked at."""
_BOXES = 1 + 2 * _FRAMED
"""A border's, and for each photo on a screen its edge and what it may reach to."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mark that was read: its record's number, how many standard deviations the pattern stood out, whether the
    picture is a mirror image of the one that was marked, and whether it had to be searched for."""

    record: int
    strength: float
    mirrored: bool
    searched: bool


def read(pixels: Pixels, pattern: Pattern, *, search: bool = True) -> Found | None:
    """The mark in a picture, sRGB uint8 (height, width, 3); None where none is found.

    Without `search`, only pictures are read that were neither framed, cropped, turned nor stretched, in a hundredth of
    the time. With it, one that was turned by a quarter is read where nothing else was cut off or bent.
    """
    return read_any(pixels, (pattern,), search=search)


def read_any(pixels: Pixels, patterns: Sequence[Pattern], *, search: bool = True) -> Found | None:
    """The mark of any of several patterns: those of today's key and of older ones (`Keyring.mark_keys`).

    Takes hardly longer than one. The chance of a wrong number grows with their count.
    """
    if min(pixels.shape[:2]) < SMALLEST // 2 or not patterns:
        return None
    straight = _found(_looked(pixels, patterns), searched=False)
    if straight is not None or not search:
        return straight
    for quarters in _QUARTERS:
        found = _found(_looked(np.rot90(pixels, quarters), patterns), searched=True)
        if found is not None:
            return found
    boxes = list(_framed(pixels))
    for box in boxes:
        found = _found(_looked(box.of(pixels), patterns), searched=True)
        if found is not None:
            return found
    for box in (whole(pixels), *boxes[:1]):
        luma = luma_of(np.ascontiguousarray(box.of(pixels)))
        found = _found(searched(luma, flattened(luma), patterns), searched=True)
        if found is not None:
            return found
    return None


def chance_of_a_wrong_number(*, search: bool = True, keys: int = 1) -> float:
    """At most how probable it is that a picture without a mark is read as having one.

    It counts the most words that a reading asks, each taken for one of pure chance: where each chip stands is random by
    the key, so that only a picture made for the key does worse.
    """
    words = 1 + (len(_QUARTERS) + _BOXES + 2 * MOST_WORDS if search else 0)
    return keys * words * chance()


def _looked(pixels: Pixels, patterns: Sequence[Pattern]) -> Sight:
    return look(View(flattened(luma_of(np.ascontiguousarray(pixels))), None), patterns)


def _found(sight: Sight | None, *, searched: bool) -> Found | None:
    if sight is None or sight.record is None:
        return None
    return Found(sight.record, sight.strength, sight.mirrored, searched)


def _framed(pixels: Pixels) -> Iterator[Box]:
    """Where a photo stands in a border or on a screen, the likeliest first."""
    seen = glance(pixels)
    boxes: list[Box] = []
    if seen.ends and (trimmed := trim_box(pixels)) is not None:
        boxes.append(trimmed)
    if seen.anywhere:
        boxes.extend(region.box for region in find_regions(pixels, limit=_FRAMED) if "inset" not in region.name)
    for place, box in enumerate(boxes):
        if min(box.height, box.width) >= SMALLEST // 2 and box not in boxes[:place]:
            yield box
