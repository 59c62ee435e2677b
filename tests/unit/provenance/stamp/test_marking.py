"""Label and mark on pictures of every kind: what is found in what was written, what is kept, what is refused."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pictures import encode, exif, jpeg, scene, turned
from rempart.errors import NotMediaError, NotStampableError, TooLargeError, UnreadableImageError
from rempart.provenance.origin.reading import read_origin
from rempart.provenance.origin.trust import Roots
from rempart.provenance.origin.values import Declaration
from rempart.provenance.stamp.canvas import check
from rempart.provenance.stamp.marking import marked
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read
from rempart.signals.outcome import Limits
from stamping import KEY, LABEL, RECORD, made, opened, pixels

PHOTO = scene(11, 280, 210)
TAG = b'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"'


def found(data: bytes):
    there = read(pixels(data), Pattern(KEY), search=False)
    return there and there.record


def test_the_label_is_read_however_many_texts_a_file_brings():
    plain = encode(PHOTO, "PNG")
    text = b"key\0value"
    one = len(text).to_bytes(4, "big") + b"tEXt" + text + zlib.crc32(b"tEXt" + text).to_bytes(4, "big")
    file = made(plain[:33] + one * 100 + plain[33:]).file
    assert file.count(one) == 100
    assert read_origin(file, trust=Roots()).declaration is Declaration.AI_MADE


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "quality": 70, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"quality": 85}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_label_and_mark_are_in_the_file_and_it_stays_of_its_kind(form: str, options: dict):
    data = encode(PHOTO, form, **options)
    one = made(data)
    image = opened(one.file)
    assert (image.format, image.size, found(one.file), one.unmarked, one.replaced) == (
        form,
        (280, 210),
        RECORD,
        None,
        [],
    )
    assert 39 < one.psnr < 40.5
    assert image.info.get("xmp", b"").count(TAG) == 1 or one.file.count(TAG) == 1
    if form == "JPEG":
        assert opened(data).quantization == image.quantization
        assert bool(image.info.get("progressive")) == bool(options.get("progressive"))
    if options.get("lossless"):
        assert b"VP8L" in one.file


def test_the_examination_is_of_what_came_and_the_hash_of_what_leaves():
    data = encode(PHOTO, "PNG")
    one = made(data, probe_set="default")
    seen = one.examination
    assert (seen.size, seen.media_type, seen.pdq_quality) == (len(data), "image/png", 100)
    assert len(seen.probes) > 1
    assert (one.width, one.height, bytes.fromhex(one.pdq) != b"") == (280, 210, True)
    assert seen.pdq.distance(type(seen.pdq).from_hex(one.pdq)) <= 8


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_alpha_leaves_to_the_bit(form: str):
    alpha = np.full(PHOTO.shape[:2], 255, np.uint8)
    alpha[::2, ::3] = 254  # as some generators write text into its lowest bit
    alpha[:40] = 0
    data = encode(Image.fromarray(np.dstack([PHOTO, alpha])), form, **({"lossless": True} if form == "WEBP" else {}))
    one = made(data)
    image = opened(one.file)
    assert (image.mode, one.replaced, one.unmarked) == ("RGBA", [], None)
    assert np.array_equal(np.asarray(image)[..., 3], alpha)


def test_grey_stays_grey_and_a_palette_is_told():
    grey = made(encode(Image.fromarray(PHOTO).convert("L"), "PNG"))
    few = made(encode(Image.fromarray(PHOTO).quantize(64), "PNG"))
    assert (opened(grey.file).mode, found(grey.file), grey.replaced) == ("L", RECORD, [])
    assert (opened(few.file).mode, found(few.file), few.replaced) == ("RGB", RECORD, ["palette"])


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_picture_stands_upright_afterwards_and_is_not_turned_again(orientation: int):
    data = encode(turned(PHOTO, orientation), "JPEG", exif=exif(orientation))
    one = made(data)
    image = opened(one.file)
    assert (image.size, image.getexif().get(0x0112), found(one.file)) == ((280, 210), 1, RECORD)
    assert "orientation" in one.replaced
    assert np.abs(pixels(one.file).astype(int) - PHOTO).mean() < 8


def test_exif_is_kept_without_the_small_picture_in_it():
    # A second directory with a JPEG thumbnail, as cameras write it.
    small = encode(scene(3, 32, 24), "JPEG")
    head = b"MM\0*" + (8).to_bytes(4) + (1).to_bytes(2) + b"\x01\x0f\0\2\0\0\0\4Ana\0"
    second = len(head) + 4
    block = head + second.to_bytes(4) + (2).to_bytes(2)
    at = second + 2 + 24 + 4
    for tag, value in ((0x0201, at), (0x0202, len(small))):
        block += tag.to_bytes(2) + b"\0\4\0\0\0\1" + value.to_bytes(4)
    block += bytes(4) + small
    data = encode(PHOTO, "JPEG", exif=b"Exif\0\0" + block)
    one = made(data)
    assert small in data
    assert (small in one.file, small[:64] in one.file, one.replaced) == (False, False, ["exif.thumbnail"])
    assert opened(one.file).getexif()[0x010F] == "Ana"


def resource(number: int, data: bytes) -> bytes:
    return b"8BIM" + number.to_bytes(2) + b"\0\0" + len(data).to_bytes(4) + data + b"\0" * (len(data) & 1)


def with_resources(*parts: bytes) -> bytes:
    body = b"Photoshop 3.0\0" + b"".join(parts)
    data = encode(PHOTO)
    return data[:2] + b"\xff\xed" + (len(body) + 2).to_bytes(2) + body + data[2:]


def test_photoshops_resources_are_kept_without_the_small_pictures_among_them():
    words, small = resource(0x0404, b"\x1c\2\x50\0\3Ana"), resource(0x040C, encode(scene(3, 32, 24)))
    cases = {
        (words, small): (True, ["photoshop.thumbnail"]),
        (small, words): (True, ["photoshop.thumbnail"]),
        (words,): (True, []),
        (words, b"8BIM\4"): (False, ["photoshop"]),
        (words, b"8BIM\4\4\0\0\xff\xff\xff\xff"): (False, ["photoshop"]),
    }
    for parts, (kept, replaced) in cases.items():
        one = made(with_resources(*parts))
        assert (words in one.file, small in one.file, one.replaced) == (kept, False, replaced)


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize(("kind", "size"), [(3, 2), (4, 4)])
def test_the_orientation_is_set_upright_however_it_is_written(order: str, kind: int, size: int):
    def number(value: int, length: int) -> bytes:
        return value.to_bytes(length, order)

    head = (b"MM\0*" if order == "big" else b"II*\0") + number(8, 4) + number(1, 2)
    entry = number(0x0112, 2) + number(kind, 2) + number(1, 4) + number(6, size).ljust(4, b"\0") + bytes(4)
    one = made(encode(turned(PHOTO, 6), exif=b"Exif\0\0" + head + entry))
    image = opened(one.file)
    assert (image.getexif()[0x0112], image.size, one.replaced) == (1, (280, 210), ["orientation"])


def test_text_of_a_png_and_its_resolution_are_kept():
    words = PngImagePlugin.PngInfo()
    words.add_text("parameters", "a lighthouse, Steps: 20")
    words.add_itxt("Title", "Lighthouse", zip=True)
    one = made(encode(PHOTO, "PNG", pnginfo=words, dpi=(300, 300)))
    info = opened(one.file).info
    assert (info["parameters"], info["Title"], one.replaced) == ("a lighthouse, Steps: 20", "Lighthouse", [])
    assert round(info["dpi"][0]) == 300


@pytest.mark.parametrize(("size", "replaced"), [(1000, []), (200_000, ["xmp"])])
def test_a_packed_packet_is_read_as_far_as_a_packet_may_go(size: int, replaced: list[str]):
    inside = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{" " * size}</rdf:RDF>'.encode()
    one = made(with_packet(inside))
    assert (one.replaced, one.file.count(TAG)) == (replaced, 1)


def test_text_that_unpacks_to_gigabytes_is_unreadable():
    with pytest.raises(UnreadableImageError):
        made(with_packet(bytes(64 << 20)))


def with_packet(text: bytes) -> bytes:
    """A PNG file with a packed XMP packet."""
    data, chunk = encode(PHOTO, "PNG"), b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(text, 9)
    return data[:33] + len(chunk).to_bytes(4) + b"iTXt" + chunk + zlib.crc32(b"iTXt" + chunk).to_bytes(4) + data[33:]


def test_a_picture_too_small_for_a_mark_is_labelled_and_says_so():
    one = made(encode(scene(4, 120, 100), "PNG"))
    assert (one.psnr, one.unmarked, one.file.count(TAG)) == (None, "too_small", 1)


def test_one_colour_all_over_still_leaves_with_a_label():
    one = made(encode(np.full((300, 300, 3), 120, np.uint8), "PNG"))
    assert one.file.count(TAG) == 1
    assert (one.unmarked is None) == (found(one.file) == RECORD)


def test_a_colour_profile_is_applied_and_that_is_told():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    one = made(encode(PHOTO, "JPEG", icc_profile=profile))
    assert (one.replaced, opened(one.file).info.get("icc_profile")) == (["colour_profile"], None)


def moving(form: str) -> bytes:
    stream = io.BytesIO()
    frames = [Image.fromarray(scene(seed, 200, 160)) for seed in (1, 2)]
    frames[0].save(stream, form, save_all=True, append_images=frames[1:])
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (moving("PNG"), NotStampableError),
        (moving("WEBP"), NotStampableError),
        (moving("GIF"), NotStampableError),
        (encode(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"), NotStampableError),
        (encode(PHOTO, "BMP"), NotStampableError),
        (b"", NotMediaError),
        (b"plain words", NotMediaError),
        (jpeg(1)[:3000], UnreadableImageError),
        (encode(PHOTO, "PNG")[:9000], UnreadableImageError),
    ],
)
def test_what_is_not_stamped_is_refused(data: bytes, error: type[Exception]):
    with pytest.raises(error):
        made(data)


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded():
    with pytest.raises(TooLargeError):
        marked(encode(PHOTO, "PNG"), record=RECORD, key=KEY, label=LABEL, limits=Limits(pixels=1000), probe_set=None)


def test_damaged_structure_never_raises_anything_foreign():
    rng = np.random.default_rng(7)
    for form in ("JPEG", "PNG", "WEBP"):
        whole = encode(scene(5, 64, 48), form)
        for _ in range(25):
            data = bytearray(whole)
            for place in rng.integers(0, len(data), 6):
                data[place] = rng.integers(0, 256)
            try:
                check(bytes(data))
                made(bytes(data))
            except (NotMediaError, NotStampableError, UnreadableImageError, TooLargeError):
                continue
