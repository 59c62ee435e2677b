"""The canonical recipe, format by format: the same scene must give the same pixels however it was stored."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

import pictures
import rawfiles
from heicfiles import HEIC
from rempart.signals import jpeg
from rempart.signals.colour import over_white, to_eight_bits
from rempart.signals.decode import RECIPE, decode
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
from rempart.signals.samples import gradient, samples

HEIC_WIDTH, HEIC_HEIGHT = 96, 72
LIMITS = Limits()
WIDTH, HEIGHT = 160, 120


@pytest.fixture(scope="module")
def scene() -> pictures.Pixels:
    return pictures.scene(11, WIDTH, HEIGHT)


def pixels_of(data: bytes) -> pictures.Pixels:
    return decode(data, limits=LIMITS).pixels


def distance(data: bytes, scene: pictures.Pixels) -> int:
    return pdq(pixels_of(data)).hash.distance(pdq(scene).hash)


def by_pillow(data: bytes) -> pictures.Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def test_recipe_keeps_its_name() -> None:
    assert RECIPE == "srgb8-full-v1"


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_file_gives_its_pixels_back(format: str, scene: pictures.Pixels) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    decoded = decode(pictures.encode(scene, format, **options), limits=LIMITS)
    assert np.array_equal(decoded.pixels, scene)
    assert decoded.pixels.flags.c_contiguous
    assert decoded.pixels.dtype == np.uint8
    assert decoded.media_type == f"image/{format.lower()}"


@pytest.mark.parametrize(
    "options",
    [
        {"subsampling": 0},
        {"subsampling": 1},
        {"subsampling": 2},
        {"progressive": True},
        {"quality": 35},
        {"keep_rgb": True},
        {"restart_marker_rows": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(160, 120), (161, 121), (17, 3)])
def test_fast_jpeg_way_equals_pillow_to_the_bit(options: dict[str, object], size: tuple[int, int]) -> None:
    data = pictures.encode(pictures.scene(4, *size), "JPEG", **options)
    assert np.array_equal(jpeg.decode_plain(data), by_pillow(data))
    assert np.array_equal(pixels_of(data), by_pillow(data))


def test_fast_grey_jpeg_equals_pillow_to_the_bit(scene: pictures.Pixels) -> None:
    data = pictures.encode(Image.fromarray(scene).convert("L"), "JPEG")
    assert np.array_equal(jpeg.decode_plain(data), by_pillow(data))


ORIENTED = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ORIENTED)
def test_exif_orientation_is_applied(format: str, orientation: int, scene: pictures.Pixels) -> None:
    stored = pictures.turned(scene, orientation)
    data = pictures.encode(stored, format, exif=pictures.exif(orientation))
    decoded = decode(data, limits=LIMITS)
    assert decoded.orientation == orientation
    assert decoded.pixels.shape == scene.shape
    assert decoded.pixels.flags.c_contiguous
    upright = pixels_of(pictures.encode(scene, format))
    # Lossy codecs work in blocks, which lie otherwise in a turned picture.
    assert np.abs(decoded.pixels.astype(int) - upright).mean() < (0.01 if format in ("PNG", "TIFF") else 5)
    assert pdq(decoded.pixels).hash.distance(pdq(scene).hash) <= 8


def test_orientation_in_xmp_alone_is_not_applied(scene: pictures.Pixels) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    assert pixels_of(pictures.encode(scene, "JPEG", xmp=xmp)).shape == scene.shape
    assert pixels_of(pictures.encode(scene, "TIFF", tiffinfo={700: xmp})).shape == scene.shape


@pytest.mark.parametrize("block", [b"", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", bytes(99)])
def test_damaged_exif_block_is_as_good_as_none(block: bytes, scene: pictures.Pixels) -> None:
    decoded = decode(pictures.encode(scene, "JPEG", exif=b"Exif\0\0" + block), limits=LIMITS)
    assert decoded.orientation == 1


def test_deep_values_become_their_upper_eight_bits_as_in_browsers() -> None:
    assert to_eight_bits(np.array([0, 255, 256, 32767, 65279, 65280, 65535], np.uint16)).tolist() == [
        0, 0, 1, 127, 254, 255, 255,
    ]  # fmt: skip
    assert to_eight_bits(np.array([0, 15, 16, 4095]), bits=12).tolist() == [0, 0, 1, 255]


def deep(channels: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (23, 37, channels), dtype=np.uint16)


def upper(samples16: np.ndarray) -> np.ndarray:
    return (samples16 // 256).astype(np.uint8)


def test_16_bit_colour_png_gives_its_upper_bytes() -> None:
    values = deep(3)
    assert np.array_equal(pixels_of(rawfiles.png(values)), upper(values))


def test_16_bit_grey_png_is_scaled_not_clipped() -> None:
    values = deep(1)
    assert np.array_equal(pixels_of(rawfiles.png(values)), upper(values).repeat(3, axis=2))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_interlaced_16_bit_png_equals_the_plain_one(channels: int) -> None:
    values = deep(channels)
    assert np.array_equal(pixels_of(rawfiles.interlaced_png(values)), pixels_of(rawfiles.png(values)))


@pytest.mark.parametrize("channels", [2, 4])
def test_16_bit_png_with_alpha_is_laid_over_white(channels: int) -> None:
    values = deep(channels)
    eight = upper(values)
    colour = eight[..., :-1] if channels == 4 else eight[..., :1].repeat(3, axis=2)
    assert np.array_equal(pixels_of(rawfiles.png(values)), over_white(colour, eight[..., -1]))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_transparent_colour_of_a_16_bit_png_is_white(channels: int) -> None:
    values = deep(channels)
    clear = values[7, 9]
    near = clear.copy()
    near[0] ^= 1  # differs in the lower byte alone: not transparent
    values[3, 4] = near
    chunk = struct.pack(f">{channels}H", *clear)
    out = pixels_of(rawfiles.png(values, before_pixels=[(b"tRNS", chunk)]))
    assert out[7, 9].tolist() == [255, 255, 255]
    assert out[3, 4].tolist() == np.broadcast_to(upper(near), 3).tolist()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_grey_of_a_shallow_png_is_white(bits: int) -> None:
    top = (1 << bits) - 1
    values = np.random.default_rng(2).integers(0, top + 1, (9, 14, 1), dtype=np.uint8)
    plain = pixels_of(rawfiles.png(values, bits=bits))
    assert np.array_equal(plain[..., 0], values[..., 0] * (255 // top))
    clear = min(1, top)
    out = pixels_of(rawfiles.png(values, bits=bits, before_pixels=[(b"tRNS", struct.pack(">H", clear))]))
    assert np.array_equal(out[..., 0], np.where(values[..., 0] == clear, 255, plain[..., 0]))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("big_endian", [False, True])
def test_16_bit_colour_tiff_gives_its_upper_bytes(big_endian: bool, compressed: bool) -> None:
    values = deep(3)
    data = rawfiles.tiff(values, photometric=2, big_endian=big_endian, compressed=compressed)
    assert np.array_equal(pixels_of(data), upper(values))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("big_endian", [False, True])
def test_16_bit_grey_tiff_is_scaled_not_clipped(big_endian: bool, compressed: bool) -> None:
    values = deep(1)
    data = rawfiles.tiff(values, photometric=1, big_endian=big_endian, compressed=compressed)
    assert np.array_equal(pixels_of(data)[..., 0], upper(values)[..., 0])


def test_grey_tiff_in_which_white_is_zero_is_inverted() -> None:
    values = deep(1)
    assert np.array_equal(pixels_of(rawfiles.tiff(values, photometric=0))[..., 0], 255 - upper(values)[..., 0])


def test_turned_16_bit_tiff_is_turned_once() -> None:
    values = deep(3)
    out = decode(rawfiles.tiff(values, photometric=2, extra=[(274, 3, 6)]), limits=LIMITS)
    assert out.orientation == 6
    assert np.array_equal(out.pixels, np.rot90(upper(values), -1))


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_floating_point_tiff_is_read_in_the_range_its_values_fit(white: float, scene: pictures.Pixels) -> None:
    grey = scene[..., :1].astype(np.float32) / 255
    grey[0, 0] = 1
    out = pixels_of(rawfiles.tiff((grey * white).astype(np.float32), photometric=1))
    assert np.abs(out[..., 0].astype(int) - np.rint(grey[..., 0] * 255)).max() <= 1


def test_floating_point_tiff_with_odd_values_still_gives_a_picture(scene: pictures.Pixels) -> None:
    values = scene[..., :1].astype(np.float32) * 1000 - 50_000
    values[0, :3, 0] = np.nan, np.inf, -np.inf
    out = pixels_of(rawfiles.tiff(values, photometric=1))
    assert int(out.min()) == 0
    assert int(out.max()) == 255


def test_alpha_is_laid_over_white_to_the_nearest_integer() -> None:
    colour, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    out = over_white(colour[..., None].repeat(3, axis=2), alpha)
    part = alpha / 255
    assert np.array_equal(out[..., 1], np.rint(colour * part + 255 * (1 - part)).astype(np.uint8))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_soft_alpha_is_straight_in_every_format(format: str, scene: pictures.Pixels) -> None:
    alpha = np.broadcast_to(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, WIDTH))
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    data = pictures.encode(np.dstack([scene, alpha]), format, **options)
    assert np.array_equal(pixels_of(data), over_white(scene, alpha))


def test_premultiplied_tiff_is_divided_first(scene: pictures.Pixels) -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 128, np.uint8)
    premultiplied = (scene.astype(np.uint16) * 128 // 255).astype(np.uint8)
    data = rawfiles.tiff(np.concatenate([premultiplied, alpha], axis=2), photometric=2, extra=[(338, 3, 1)])
    assert np.abs(pixels_of(data).astype(int) - over_white(scene, alpha[..., 0])).max() <= 2


def test_grey_with_alpha_is_laid_over_white(scene: pictures.Pixels) -> None:
    grey, alpha = scene[..., 0], scene[..., 1]
    data = pictures.encode(np.dstack([grey, alpha]), "PNG")
    assert np.array_equal(pixels_of(data), over_white(grey[..., None].repeat(3, axis=2), alpha))


def test_transparent_palette_entries_are_white(scene: pictures.Pixels) -> None:
    indexed = Image.fromarray(scene).quantize(16)
    half = bytes([0, 128] + [255] * 14)
    data = pictures.encode(indexed, "PNG", transparency=half)
    colours = np.asarray(indexed.convert("RGB"))
    alpha = np.frombuffer(half, np.uint8)[np.asarray(indexed)]
    assert np.array_equal(pixels_of(data), over_white(colours, alpha))


def test_bilevel_picture_is_black_and_white(scene: pictures.Pixels) -> None:
    bilevel = Image.fromarray(scene).convert("1")
    expected = np.asarray(bilevel.convert("RGB"))
    for format in ("PNG", "TIFF", "BMP"):
        assert np.array_equal(pixels_of(pictures.encode(bilevel, format)), expected)


def test_first_frame_of_an_animation_is_taken(scene: pictures.Pixels) -> None:
    frames = [Image.fromarray(scene), Image.fromarray(255 - scene)]
    for format in ("PNG", "WEBP", "TIFF", "AVIF", "GIF"):
        options = {"lossless": True} if format == "WEBP" else {}
        data = pictures.encode(frames[0], format, save_all=True, append_images=frames[1:], **options)
        assert distance(data, scene) <= 20, format


def test_what_a_gif_frame_leaves_of_its_canvas_is_white() -> None:
    colours = bytes([10, 20, 30, 40, 50, 60])
    screen = b"GIF89a" + struct.pack("<HHBBB", 8, 6, 0x80, 0, 0) + colours
    frame = b"," + struct.pack("<HHHHB", 2, 1, 3, 2, 0) + _gif_pixels([1, 0, 1, 0, 1, 0])
    out = pixels_of(screen + frame + b";")
    assert out.shape == (6, 8, 3)
    assert out[1, 2].tolist() == [40, 50, 60]
    assert out[1, 3].tolist() == [10, 20, 30]
    inside = np.zeros((6, 8), bool)
    inside[1:3, 2:5] = True
    assert (out[~inside] == 255).all()


def _gif_pixels(indices: list[int]) -> bytes:
    # Codes of 3 bits; a clear code before each pixel keeps the width from growing.
    codes = [code for index in indices for code in (4, index)] + [5]
    bits = sum(code << 3 * place for place, code in enumerate(codes))
    packed = bits.to_bytes((3 * len(codes) + 7) // 8, "little")
    return bytes([2, len(packed)]) + packed + b"\0"


PEER_FAILURES = {
    "gif": lambda scene: pictures.encode(scene, "GIF"),
    "palette png": lambda scene: pictures.encode(Image.fromarray(scene).quantize(256), "PNG"),
    "cmyk jpeg": lambda scene: pictures.encode(Image.fromarray(scene).convert("CMYK"), "JPEG"),
    "exif-turned jpeg": lambda scene: pictures.encode(pictures.turned(scene, 6), "JPEG", exif=pictures.exif(6)),
    "16-bit grey png": lambda scene: rawfiles.png(
        np.asarray(Image.fromarray(scene).convert("L"))[..., None].astype(np.uint16) * 257
    ),
    "16-bit colour png": lambda scene: rawfiles.png(scene.astype(np.uint16) * 257),
    "alpha png": lambda scene: pictures.encode(np.dstack([scene, np.full(scene.shape[:2], 255, np.uint8)]), "PNG"),
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("kind", PEER_FAILURES)
def test_what_the_peer_misses_lies_near_the_same_photo(kind: str, seed: int) -> None:
    photo = pictures.scene(seed)
    assert distance(PEER_FAILURES[kind](photo), photo) <= 14  # seen: 0 to 12; the usual radius is 31


def test_inverted_ycck_jpeg_is_read_as_ink(scene: pictures.Pixels) -> None:
    import simplejpeg

    ink = 255 - scene
    cmyk = np.dstack([ink, np.zeros(scene.shape[:2], np.uint8)])
    data = simplejpeg.encode_jpeg(255 - cmyk, colorspace="CMYK", quality=95, colorsubsampling="444")
    assert jpeg.read_header(data).components == 4
    assert distance(data, scene) <= 8


def test_lab_tiff_comes_back_as_srgb(scene: pictures.Pixels) -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.fromarray(scene), to_lab)
    assert np.abs(pixels_of(pictures.encode(lab, "TIFF")).astype(int) - scene).mean() < 3


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_foreign_icc_profile_is_converted(format: str, scene: pictures.Pixels) -> None:
    profile = rawfiles.icc_profile(primaries=rawfiles.SWAPPED)
    out = pixels_of(pictures.encode(scene, format, icc_profile=profile))
    swapped = scene[..., [1, 0, 2]]
    assert np.abs(out.astype(int) - swapped).mean() < 12
    assert np.abs(out.astype(int) - scene).mean() > 12


def test_icc_conversion_in_strips_equals_conversion_at_once() -> None:
    tall = pictures.scene(7, 700, 800)
    profile = rawfiles.icc_profile(primaries=rawfiles.WIDE, gamma=1.8)
    whole = ImageCms.profileToProfile(
        Image.fromarray(tall),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert np.array_equal(pixels_of(pictures.encode(tall, "PNG", icc_profile=profile)), np.asarray(whole))


def test_icc_profile_that_is_srgb_changes_nothing(scene: pictures.Pixels) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(pixels_of(pictures.encode(scene, "PNG", icc_profile=profile)), scene)


@pytest.mark.parametrize(
    "profile", [b"not a profile", rawfiles.icc_profile(primaries=rawfiles.WIDE)[:200], bytes(4000)]
)
def test_broken_icc_profile_is_read_as_srgb(profile: bytes, scene: pictures.Pixels) -> None:
    assert np.array_equal(pixels_of(pictures.encode(scene, "PNG", icc_profile=profile)), scene)


def test_grey_profile_is_applied_to_grey_and_not_to_colour(scene: pictures.Pixels) -> None:
    profile = rawfiles.icc_profile(space=b"GRAY", gamma=1.0)
    grey = Image.fromarray(scene).convert("L")
    for format in ("PNG", "JPEG"):
        managed = pixels_of(pictures.encode(grey, format, icc_profile=profile)).astype(int)
        plain = pixels_of(pictures.encode(grey, format)).astype(int)
        assert (managed - plain).mean() > 20
        assert np.array_equal(managed[..., 0], managed[..., 1])
    assert np.array_equal(pixels_of(pictures.encode(scene, "PNG", icc_profile=profile)), scene)


@pytest.mark.parametrize(
    ("name", "furthest"), [("upright", 10), ("turned", 10), ("ten_bit", 10), ("grey", 10), ("alpha", 60)]
)
def test_heic_matches_the_scene_it_holds(name: str, furthest: int) -> None:
    decoded = decode(HEIC[name], limits=LIMITS)
    scene = pictures.scene(3, HEIC_WIDTH, HEIC_HEIGHT)
    assert decoded.pixels.shape == scene.shape
    assert decoded.orientation == 1
    assert pdq(decoded.pixels).hash.distance(pdq(scene).hash) <= furthest


def test_heic_alpha_is_laid_over_white() -> None:
    out = pixels_of(HEIC["alpha"]).astype(int)
    scene = pictures.scene(3, HEIC_WIDTH, HEIC_HEIGHT)
    alpha = np.full((HEIC_HEIGHT, HEIC_WIDTH), 255, np.uint8)
    alpha[18:54, 24:72] = np.linspace(0, 255, 48).astype(np.uint8)
    assert np.abs(out - over_white(scene, alpha)).mean() < 8


@pytest.mark.parametrize("media_type", samples())
def test_tiny_sample_of_each_format_decodes(media_type: str) -> None:
    decoded = decode(samples()[media_type], limits=LIMITS)
    assert decoded.media_type == media_type
    assert np.abs(decoded.pixels.astype(int) - np.asarray(gradient())).mean() < 8


def test_bytes_and_memoryview_are_read_alike(scene: pictures.Pixels) -> None:
    data = pictures.encode(scene, "PNG")
    assert np.array_equal(pixels_of(data), decode(memoryview(data), limits=LIMITS).pixels)


def test_limits_must_be_positive() -> None:
    for field in ("memory_bytes", "seconds", "pixels", "file_bytes"):
        with pytest.raises(ValueError, match=field):
            Limits(**{field: 0})
