"""PDQ in NumPy: slower than the C kernel, and the same bits by the same arithmetic.

The blur is summed in exact integers (in floats, below 2^24 or 2^53), everything after it in the same precision and
order as the kernel; docs/decisions/0003-pdq-kernel.md explains the two paths, and `_native/pdqkernel*.c` mirrors
this file function by function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SIDE = 64
MAX_WINDOW = 4096
MAX_SIDE = (1 << 30) - 1
STRIP = 1 << 22  # elements of an intermediate array at a time
_INDEX = np.arange(16)


@dataclass(frozen=True, slots=True)
class Axis:
    """How one axis of n pixels is blurred (twice a running mean of `window`) and sampled at 64 centres.

    Where `window` is even, the last sample's last mean is cut by the edge; it is kept apart as sample 64.
    """

    n: int
    window: int
    left: int
    right: int
    centres: tuple[int, ...]

    @property
    def clipped(self) -> bool:
        return self.centres[-1] + 2 * self.right >= self.n

    def samples(self) -> list[tuple[int, Floats]]:
        """Start and integer weights of each sample."""
        triangle = _slope(self.window, self.window)
        samples = [(centre - 2 * self.left, triangle) for centre in self.centres]
        if self.clipped:
            samples[-1] = (samples[-1][0], _slope(self.window, self.window - 1))
            samples.append((self.n - self.window + 1, np.ones(self.window - 1, np.float32)))
        return samples


def _slope(first: int, second: int) -> Floats:
    return np.convolve(np.ones(first), np.ones(second)).astype(np.float32)


def axis_of(n: int) -> Axis:
    """The plan of an axis of n pixels (at least 5)."""
    window = (n + 2 * SIDE - 1) // (2 * SIDE)
    half = (window + 2) // 2
    centres = tuple(int((i + 0.5) * n / SIDE) for i in range(SIDE))
    return Axis(n, window, window - half, half - 1, centres)


@cache
def _cosines() -> Floats:
    scale = float(np.float32(math.sqrt(2.0 / SIDE)))
    return np.array(
        [[scale * math.cos((math.pi / 2.0 / SIDE) * (i + 1) * (2 * k + 1)) for k in range(SIDE)] for i in range(16)],
        np.float32,
    )


def reduce_picture(pixels: Bytes, rows: Axis, columns: Axis) -> Floats:
    """64 x 64 samples of the blurred luma by exact integer sums."""
    flat = pixels.reshape(rows.n, -1) if pixels.flags.c_contiguous else None
    exact = np.float32 if rows.window <= 256 else np.float64
    sums = np.empty((len(rows.samples()), len(columns.samples())))
    known: dict[tuple[int, int], Doubles] = {}
    for i, (start, weights) in enumerate(rows.samples()):
        if (start, len(weights)) not in known:
            part = pixels[start : start + len(weights)] if flat is None else flat[start : start + len(weights)]
            line = weights.astype(exact) @ part.reshape(len(weights), -1).astype(exact)
            known = {(start, len(weights)): _sum_columns(line.reshape(columns.n, -1).astype(np.float64), columns)}
        sums[i] = known[start, len(weights)]
    return _fold(sums, rows, columns)


def _sum_columns(line: Doubles, columns: Axis) -> Doubles:
    channels = np.array(
        [weights.astype(np.float64) @ line[start : start + len(weights)] for start, weights in columns.samples()]
    )
    if channels.shape[1] == 1:
        return 1000.0 * channels[:, 0]
    return 299.0 * channels[:, 0] + 587.0 * channels[:, 1] + 114.0 * channels[:, 2]


def _fold(sums: Doubles, rows: Axis, columns: Axis) -> Floats:
    """Sums to means: the cut mean joins its sample first, then one division each."""
    height, width = float(rows.window), float(columns.window)
    if rows.clipped:
        sums[SIDE - 1] += sums[SIDE] * (height / (height - 1.0))
    if columns.clipped:
        sums[:, SIDE - 1] += sums[:, SIDE] * (width / (width - 1.0))
    return (sums[:SIDE, :SIDE] / (height * height * (width * width) * 1000.0)).astype(np.float32)


def replay(pixels: Bytes, rows: Axis, columns: Axis) -> Floats:
    """64 x 64 samples by the reference's own float32 arithmetic, each rounding in its place."""
    if pixels.ndim == 2:
        luma = pixels.astype(np.float32)
    else:
        luma = (pixels[..., 0] * 0.299 + pixels[..., 1] * 0.587 + pixels[..., 2] * 0.114).astype(np.float32)
    if rows.n != SIDE or columns.n != SIDE:
        for _ in range(2):
            luma = _running_means(luma, columns)
            luma = _running_means(luma.T, rows).T
    return np.ascontiguousarray(luma[np.ix_(rows.centres, columns.centres)])


def _running_means(lines: Floats, axis: Axis) -> Floats:
    """Running means along the second axis: additions and subtractions one after the other, as a running sum does."""
    index, sign, ends, counts = [], [], [], []
    added = taken = 0
    for o in range(axis.n):
        while added < axis.n and added <= o + axis.right:
            index.append(added)
            sign.append(1)
            added += 1
        if o > axis.left:
            index.append(taken)
            sign.append(-1)
            taken += 1
        ends.append(len(index) - 1)
        counts.append(added - taken)
    signs, divisors = np.array(sign, np.float32), np.array(counts, np.float32)
    out = np.empty(lines.shape, np.float32)
    step = max(1, STRIP // len(index))
    for top in range(0, len(lines), step):
        steps = lines[top : top + step, index] * signs
        out[top : top + step] = np.add.accumulate(steps, axis=1, dtype=np.float32)[:, ends] / divisors
    return out


def transform(samples: Floats) -> Floats:
    """16 x 16 frequencies, each sum from its first term upwards."""
    cosines = _cosines()
    lines, out = np.zeros((16, SIDE), np.float32), np.zeros((16, 16), np.float32)
    for k in range(SIDE):
        lines += cosines[:, k, None] * samples[k]
    for k in range(SIDE):
        out += lines[:, k, None] * cosines[:, k]
    return out


def quality_of(samples: Floats, margin: float = 0.0) -> int:
    """The reference's quality, 0 to 100; a margin in hundredths of the range gives its least or greatest value."""
    total = 0
    for change in (samples[:-1] - samples[1:], samples[:, :-1] - samples[:, 1:]):
        hundredths = np.abs(change * np.float32(100) / np.float32(255)) + np.float32(margin)
        total += int(np.maximum(hundredths, 0).astype(np.int64).sum())
    return min(100, total // 90)


def margins(rows: Axis, columns: Axis) -> tuple[float, Floats]:
    """How far the reference's rounding may carry a step of the quality sum and each frequency from the true value."""
    scale = 1.0 + max(rows.n, columns.n) / 1500.0
    return scale * 0.001, (scale * 0.01 / (1 + np.minimum.outer(_INDEX, _INDEX))).astype(np.float32)


def hash(pixels: Bytes, dihedral: bool = False) -> tuple[bytes, int, bool]:
    """The kernel's `hash`: 32 or 8 x 32 bytes in the order of DIHEDRALS, quality, whether the exact path was taken.

    Takes (h, w, 3) or (h, w) uint8; raises ValueError for anything else, MemoryError.
    """
    _check(pixels)
    if min(pixels.shape[:2]) < 5:
        return bytes(256 if dihedral else 32), 0, False
    rows, columns = axis_of(pixels.shape[0]), axis_of(pixels.shape[1])
    if max(rows.window, columns.window) <= MAX_WINDOW and pixels.shape[:2] != (SIDE, SIDE):
        samples = reduce_picture(pixels, rows, columns)
        sample_margin, margin = margins(rows, columns)
        low, high = quality_of(samples, -sample_margin), quality_of(samples, sample_margin)
        if high < 50 or low == high:
            hashes = _hashes(transform(samples), dihedral=dihedral, margin=margin if high >= 50 else None)
            if hashes is not None:
                return hashes, quality_of(samples), False
    samples = replay(pixels, rows, columns)
    return _hashes(transform(samples), dihedral=dihedral, margin=None) or b"", quality_of(samples), True


def _check(pixels: Bytes) -> None:
    if pixels.dtype != np.uint8:
        raise ValueError("pixels are unsigned bytes")
    if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] == 3):
        raise ValueError("pixels have the shape (h, w, 3) or (h, w)")
    if 0 in pixels.shape:
        raise ValueError("the picture has no pixels")
    if max(pixels.shape[:2]) > MAX_SIDE:
        raise ValueError("the picture has too many rows or columns")


_EVEN = (_INDEX % 2 == 0)[:, None] | np.zeros((16, 16), bool)
_MINUS = (np.zeros((16, 16), bool), _EVEN, _EVEN.T, _EVEN != _EVEN.T)
_FORMS = ((0, False), (2, True), (3, False), (1, True), (1, False), (2, False), (0, True), (3, True))


def _hashes(frequencies: Floats, *, dihedral: bool, margin: Floats | None) -> bytes | None:
    """The hashes one after the other; None where a bit is in doubt within the margin."""
    out = []
    for pattern, transposed in _FORMS if dihedral else _FORMS[:1]:
        turned = np.where(_MINUS[pattern], -frequencies, frequencies)
        median = np.partition(turned, 127, axis=None)[127]
        if margin is not None and _doubtful(turned, median, margin):
            return None
        bits = turned > median
        out.append(np.packbits((bits.T if transposed else bits).ravel()[::-1]).tobytes())
    return b"".join(out)


def _doubtful(turned: Floats, median: np.float32, margin: Floats) -> bool:
    own = margin[turned == median][-1]
    return int((np.abs(turned - median) <= margin + own).sum()) > 1
