"""Files that are cut short, damaged, too large or no pictures: each is refused for its own reason."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from PIL import Image

import pictures
import rawfiles
from heicfiles import HEIC
from rempart.errors import NotMediaError, TooLargeError, UnreadableImageError
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits

LIMITS = Limits()
WIDTH, HEIGHT = 160, 120


@pytest.fixture(scope="module")
def scene() -> pictures.Pixels:
    return pictures.scene(11, WIDTH, HEIGHT)


def pixels_of(data: bytes) -> pictures.Pixels:
    return decode(data, limits=LIMITS).pixels


WHOLE = {
    "jpeg": lambda scene: pictures.encode(scene, "JPEG"),
    "progressive jpeg": lambda scene: pictures.encode(scene, "JPEG", progressive=True),
    "cmyk jpeg": lambda scene: pictures.encode(Image.fromarray(scene).convert("CMYK"), "JPEG"),
    "png": lambda scene: pictures.encode(scene, "PNG"),
    "16-bit png": lambda scene: rawfiles.png(scene.astype(np.uint16) * 257),
    "webp": lambda scene: pictures.encode(scene, "WEBP"),
    "gif": lambda scene: pictures.encode(scene, "GIF"),
    "bmp": lambda scene: pictures.encode(scene, "BMP"),
    "tiff": lambda scene: pictures.encode(scene, "TIFF"),
    "lzw tiff": lambda scene: pictures.encode(scene, "TIFF", compression="tiff_lzw"),
    "avif": lambda scene: pictures.encode(scene, "AVIF"),
    "heic": lambda scene: HEIC["upright"],
}


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", WHOLE)
def test_file_that_is_cut_short_is_unreadable(kind: str, part: float, scene: pictures.Pixels) -> None:
    data = WHOLE[kind](scene)
    with pytest.raises(UnreadableImageError) as caught:
        decode(data[: int(len(data) * part)], limits=LIMITS)
    assert str(caught.value)


ENDINGS = {"jpeg": b"\xff\xd9", "progressive jpeg": b"\xff\xd9", "cmyk jpeg": b"\xff\xd9", "gif": b"\0;"} | {
    kind: rawfiles.png_chunk(b"IEND", b"") for kind in ("png", "16-bit png")
}


@pytest.mark.parametrize("part", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("kind", ENDINGS)
def test_an_end_marker_does_not_make_half_a_picture_whole(kind: str, part: float, scene: pictures.Pixels) -> None:
    data = WHOLE[kind](scene)
    with pytest.raises(UnreadableImageError):
        decode(data[: int(len(data) * part)] + ENDINGS[kind], limits=LIMITS)


@pytest.mark.parametrize("kind", ["jpeg", "progressive jpeg"])
def test_complete_jpeg_without_its_end_marker_is_read(kind: str, scene: pictures.Pixels) -> None:
    data = WHOLE[kind](scene)
    assert np.array_equal(pixels_of(data[:-2]), pixels_of(data))


def test_bytes_behind_a_complete_picture_do_not_matter(scene: pictures.Pixels) -> None:
    for kind in ("jpeg", "png", "webp", "gif", "bmp"):
        data = WHOLE[kind](scene)
        assert np.array_equal(pixels_of(data + b"PK\3\4 and more" * 99), pixels_of(data)), kind


@pytest.mark.parametrize(
    "data", [b"", b"x", b"hello, world", b"\xff\xd8", bytes(5000), b"RIFF\0\0\0\0WAVE" + bytes(99)]
)
def test_what_is_no_picture_is_not_media(data: bytes) -> None:
    with pytest.raises(NotMediaError):
        decode(data, limits=LIMITS)


@pytest.mark.parametrize(
    "data", [b"\xff\x0a" + bytes(60), b"8BPS\0\x01" + bytes(60), b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(9)]
)
def test_picture_format_without_a_decoder_is_unreadable_not_absent(data: bytes) -> None:
    with pytest.raises(UnreadableImageError, match="does not decode"):
        decode(data, limits=LIMITS)


@pytest.mark.parametrize("kind", WHOLE)
def test_too_many_pixels_are_refused_by_the_header(kind: str, scene: pictures.Pixels) -> None:
    pixels = 96 * 72 if kind == "heic" else WIDTH * HEIGHT
    decode(WHOLE[kind](scene), limits=Limits(pixels=pixels))
    with pytest.raises(TooLargeError, match="pixels"):
        decode(WHOLE[kind](scene), limits=Limits(pixels=pixels - 1))


def test_mislabelled_file_is_read_by_its_content(scene: pictures.Pixels) -> None:
    assert decode(pictures.encode(scene, "PNG"), limits=LIMITS).media_type == "image/png"
    assert decode(pictures.encode(scene, "JPEG"), limits=LIMITS).media_type == "image/jpeg"


@pytest.mark.parametrize("size", [(1, 1), (65535, 1), (1, 65535), (4, 4)])
def test_extreme_shapes_decode(size: tuple[int, int]) -> None:
    width, height = size
    for format in ("PNG", "BMP"):
        blank = Image.new("RGB", size, (200, 10, 10))
        assert pixels_of(pictures.encode(blank, format)).shape == (height, width, 3)


def test_huge_text_in_a_png_takes_no_memory(scene: pictures.Pixels) -> None:
    bomb = b"note\0\0" + zlib.compress(bytes(80 << 20))
    data = pictures.encode(scene, "PNG")
    with pytest.raises(UnreadableImageError):
        decode(data[:33] + rawfiles.png_chunk(b"zTXt", bomb) + data[33:], limits=LIMITS)
