"""Damaged picture files for fuzzing: whole ones of every format, and the many ways in which bytes go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

import pictures
import rawfiles
from heicfiles import HEIC
from rempart.signals.samples import samples

_WIDTH, _HEIGHT = 48, 36


def seeds() -> list[bytes]:
    """Whole files: every format, and of each the variants that are read by different code."""
    scene = pictures.scene(21, _WIDTH, _HEIGHT)
    image = Image.fromarray(scene)
    alpha = np.dstack([scene, scene[..., 0]])
    profile = rawfiles.icc_profile(primaries=rawfiles.WIDE)
    turned = pictures.exif(6)
    deep = scene.astype(np.uint16) * 257

    def animated(format: str) -> bytes:
        return pictures.encode(scene, format, save_all=True, append_images=[Image.fromarray(255 - scene)])

    made = [
        pictures.encode(scene, "JPEG", exif=turned, icc_profile=profile),
        pictures.encode(scene, "JPEG", progressive=True, subsampling=0),
        pictures.encode(image.convert("L"), "JPEG", restart_marker_rows=1),
        pictures.encode(image.convert("CMYK"), "JPEG"),
        animated("MPO"),
        pictures.encode(alpha, "PNG", exif=turned, icc_profile=profile),
        pictures.encode(image.quantize(16), "PNG", transparency=bytes([0, 99] + [255] * 14)),
        animated("PNG"),
        rawfiles.png(deep),
        rawfiles.png(deep[..., :1], before_pixels=[(b"tRNS", b"\1\1")]),
        pictures.encode(image.convert("1"), "PNG"),
        pictures.encode(scene, "WEBP", exif=turned),
        pictures.encode(alpha, "WEBP", lossless=True),
        animated("WEBP"),
        pictures.encode(image.quantize(32), "GIF", transparency=3),
        animated("GIF"),
        pictures.encode(scene, "BMP"),
        pictures.encode(image.quantize(16), "BMP"),
        pictures.encode(scene, "TIFF", icc_profile=profile),
        pictures.encode(scene, "TIFF", compression="tiff_lzw"),
        pictures.encode(scene, "TIFF", compression="jpeg"),
        pictures.encode(image.convert("1"), "TIFF", compression="group4"),
        animated("TIFF"),
        rawfiles.tiff(deep, photometric=2, compressed=True),
        rawfiles.tiff(deep[..., :1], photometric=1, big_endian=True),
        rawfiles.tiff(scene[..., :1].astype(np.float32), photometric=1),
        pictures.encode(alpha, "AVIF", quality=50),
        pictures.encode(scene, "AVIF", quality=50, exif=turned),
        *(HEIC[name] for name in ("alpha", "ten_bit", "turned")),
    ]
    return made + list(samples().values())


def mutants(number: int, *, seed: int) -> Iterator[tuple[int, bytes]]:
    """(number of the whole file, damaged bytes), the same for the same seed."""
    rng = np.random.default_rng(seed)
    whole = seeds()
    for turn in range(number):
        which = turn % len(whole)
        data = bytearray(whole[which])
        for _ in range(int(rng.integers(1, 5))):
            _WAYS[int(rng.integers(len(_WAYS)))](data, rng)
        yield which, bytes(data)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    """Anywhere, but half of the time near the start, where headers are."""
    size = max(1, len(data))
    return int(rng.integers(min(size, 200) if rng.random() < 0.5 else size))


def _flip(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 20))):
        if data:
            data[_place(data, rng)] ^= 1 << int(rng.integers(8))


def _overwrite(data: bytearray, rng: np.random.Generator) -> None:
    at, count = _place(data, rng), int(rng.integers(1, 64))
    data[at : at + count] = rng.bytes(count)


def _extreme(data: bytearray, rng: np.random.Generator) -> None:
    """A number field of one, two or four bytes gets a value at the end of its range."""
    at, width = _place(data, rng), int(rng.choice([1, 2, 4]))
    value = int(rng.choice([0, 1, (1 << 8 * width - 1) - 1, 1 << 8 * width - 1, (1 << 8 * width) - 1]))
    data[at : at + width] = value.to_bytes(width, "big" if rng.random() < 0.5 else "little")


def _cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[_place(data, rng) :]


def _drop(data: bytearray, rng: np.random.Generator) -> None:
    at = _place(data, rng)
    del data[at : at + int(rng.integers(1, 100))]


def _repeat(data: bytearray, rng: np.random.Generator) -> None:
    at, count = _place(data, rng), int(rng.integers(1, 300))
    data[at:at] = data[at : at + count] * int(rng.integers(1, 5))


def _blank(data: bytearray, rng: np.random.Generator) -> None:
    at, count = _place(data, rng), int(rng.integers(1, 200))
    data[at : at + count] = bytes([int(rng.choice([0, 255]))]) * len(data[at : at + count])


_WAYS: tuple[Callable[[bytearray, np.random.Generator], None], ...] = (
    _flip, _flip, _overwrite, _extreme, _extreme, _cut, _drop, _repeat, _blank,
)  # fmt: skip
