"""The work on one picture, inside a decode worker: label, mark, encoding, and reading what was written."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from rempart.errors import TooLargeError, UnreadableImageError
from rempart.provenance.stamp.canvas import Canvas, Pixels, canvas, check
from rempart.provenance.stamp.labels import Label, merged
from rempart.provenance.watermark.canonical import SMALLEST
from rempart.provenance.watermark.embedding import embedded
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read
from rempart.signals.decode import RECIPE, Decoded, decode
from rempart.signals.digests import digest_bytes
from rempart.signals.examine import Examination, probes_beneath
from rempart.signals.outcome import LOW_QUALITY_BELOW, Limits, Outcome
from rempart.signals.pdq import pdq
from rempart.signals.probes import Probe, make_probes

STRENGTHS = (39.5, 37.0)
"""How far from the original, in dB, a mark is tried: the second where the first is not found in what was written."""


def marked(
    data: bytes, *, record: int, key: bytes, label: Label, limits: Limits, probe_set: str | None
) -> tuple[Examination, dict[str, Any], bytes]:
    """What a picture was, what became of it, and the file with label and mark. Raises as `decode` does, and
    NotStampableError."""
    check(data)
    decoded = decode(data, limits=limits)
    found = _examined(data, decoded, probe_set)
    board = canvas(data, decoded)
    board.carried.xmp, replaced = merged(board.carried.xmp, label)
    for name in replaced:
        board.carried.leave_out(name)
    try:
        made, seen, psnr, unmarked = _written(board, record, _pattern(key), limits)
    except cv2.error as err:  # its own word for no memory
        raise TooLargeError("The picture needs more memory than the limit.") from err
    result = pdq(seen.pixels)
    header = {
        "psnr": psnr, "unmarked": unmarked, "replaced": board.carried.left_out, "pdq": result.hash.hex(),
        "quality": result.quality, "width": seen.pixels.shape[1], "height": seen.pixels.shape[0],
    }  # fmt: skip
    return found, header, made


def _written(
    board: Canvas, record: int, pattern: Pattern, limits: Limits
) -> tuple[bytes, Decoded, float | None, str | None]:
    """The file, what is seen in it, how far it is from the original, and why it carries no mark."""
    if min(board.pixels.shape[:2]) >= SMALLEST:
        for strength in STRENGTHS:
            pixels = embedded(board.pixels, record, pattern, psnr=strength)
            made, seen = _seen(board, pixels, limits)
            there = read(seen.pixels, pattern, search=False)
            if there is not None and there.record == record:
                return made, seen, _psnr(board.pixels, pixels), None
    made, seen = _seen(board, board.pixels, limits)
    return made, seen, None, "not_found" if min(board.pixels.shape[:2]) >= SMALLEST else "too_small"


def _seen(board: Canvas, pixels: Pixels, limits: Limits) -> tuple[bytes, Decoded]:
    try:
        made = board.put(board.written(pixels))
    except (ValueError, OSError) as err:
        raise UnreadableImageError(f"The picture could not be written again: {err}"[:200]) from err
    return made, decode(made, limits=limits)


def _psnr(before: Pixels, after: Pixels) -> float:
    error = cv2.norm(before, after, cv2.NORM_L2SQR) / before.size
    return round(float(10 * np.log10(255 * 255 / max(error, 1e-9))), 2)


def _examined(data: bytes, decoded: Decoded, probe_set: str | None) -> Examination:
    """As an examination outside this room would have it; with a probe set, of what lies beneath too."""
    if probe_set is None:
        result = pdq(decoded.pixels)
        probes: tuple[Probe, ...] = (Probe(name="canonical", hash=result.hash, quality=result.quality),)
    else:
        probes = (*make_probes(decoded, probe_set=probe_set), *probes_beneath(data, decoded, probe_set))
    digests, first = digest_bytes(data), probes[0]
    height, width = decoded.pixels.shape[:2]
    return Examination(
        outcome=Outcome.LOW_QUALITY if first.quality < LOW_QUALITY_BELOW else Outcome.OK,
        media_type=decoded.media_type, size=digests.size, sha256=digests.sha256, sha1=digests.sha1, md5=digests.md5,
        pdq=first.hash, pdq_quality=first.quality, recipe=RECIPE, width=width, height=height, probes=probes,
    )  # fmt: skip


@lru_cache(maxsize=2)
def _pattern(key: bytes) -> Pattern:
    return Pattern(key)
