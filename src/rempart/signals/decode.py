"""From file bytes to canonical pixels: the recipe `srgb8-full-v1`.

First frame · EXIF orientation applied · ICC to sRGB · 8 bit · alpha over white from straight alpha · full size.
This module is the one place where untrusted bytes meet decoders: it runs inside a worker process and in tests only.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    WebPImagePlugin,
)

from rempart.errors import NotMediaError, RempartError, TooLargeError, UnreadableImageError
from rempart.signals import deep, jpeg
from rempart.signals.colour import correct, render
from rempart.signals.mediatype import DECODED, HEAD_BYTES, sniff, webp_size
from rempart.signals.orientation import read_orientation, turn
from rempart.signals.outcome import Limits
from rempart.signals.room import PixelRoom

__all__ = ["RECIPE", "Decoded", "decode", "prepare_codecs", "sniff"]

RECIPE = "srgb8-full-v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A picture in the canonical recipe: (h, w, 3) uint8 RGB, C-contiguous, upright.

    `orientation` is the EXIF value that was applied (1 when there was nothing to turn). HEIC and AVIF files are
    turned by their container; for HEIC the decoder does that itself, so it is always 1 there.
    """

    pixels: NDArray[np.uint8]
    media_type: str
    orientation: int


def prepare_codecs() -> None:
    """Set Pillow and the HEIF decoder up for a worker: our own pixel limit counts, and one thread per decoder."""
    Image.MAX_IMAGE_PIXELS = None
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    warnings.simplefilter("ignore")
    try:
        import pi_heif
    except ImportError:  # HEIC files are then unreadable; everything else goes on
        return
    pi_heif.options.DECODE_THREADS = 1


def decode(
    data: bytes | memoryview, *, limits: Limits, room: PixelRoom | None = None, edge: int | None = None
) -> Decoded:
    """Canonical pixels of a picture file.

    A file must decode completely: one that is cut short or damaged where the pixels are is unreadable, never half
    a picture, since half a picture would be looked up and found absent. Damage outside the pixels (an EXIF block, an
    ICC profile) is read as if that part were not there. With a `room` the pixels may lie in its memory: they are
    good until the next picture is decoded with it. With an `edge` a JPEG may come reduced, never to less than so many
    pixels along its longer edge: enough for somebody to look at something small, nothing to hash.

    Raises NotMediaError when the bytes are no picture known here, TooLargeError when the header says more pixels
    than `limits.pixels` or the memory ran out, UnreadableImageError with the decoder's own words otherwise.
    """
    whole = bytes(data)
    media_type = sniff(whole[:HEAD_BYTES])
    if media_type is None:
        raise NotMediaError("The file is empty." if not whole else "")
    if media_type not in DECODED:
        raise UnreadableImageError(f"{media_type} is a picture format that this version does not decode.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if media_type == "image/jpeg":
                return _decode_jpeg(whole, media_type, limits, room, edge)
            return _READERS.get(media_type, _decode_by_pillow)(whole, media_type, limits)
    except RempartError:
        raise
    except (MemoryError, Image.DecompressionBombError) as err:
        raise TooLargeError("The picture needs more memory than the limit.") from err
    # Decoders raise almost anything on damaged bytes (struct.error, IndexError, AssertionError, …): this is the
    # boundary at which it all becomes one error of ours.
    except Exception as err:
        raise UnreadableImageError(describe(err)) from err


def describe(err: BaseException) -> str:
    """One printable line of at most 200 characters on a foreign error."""
    text = str(err).strip() or type(err).__name__
    return "".join(c if c.isprintable() else " " for c in text)[:200]


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """TooLargeError when the header promises more than the limit; UnreadableImageError for an empty picture."""
    if width <= 0 or height <= 0:
        raise UnreadableImageError("The picture has no pixels.")
    if width * height > limits.pixels:
        raise TooLargeError(f"The picture has {width} × {height} pixels, more than the limit of {limits.pixels}.")


def _decode_jpeg(data: bytes, media_type: str, limits: Limits, room: PixelRoom | None, edge: int | None) -> Decoded:
    header = jpeg.read_header(data)
    check_pixels(header.width, header.height, limits)
    if header.is_ink:
        # Pillow reads on over missing ink without a word.
        jpeg.decode_plain(data, colorspace="CMYK")
    stored, longer = (header.height, header.width), max(header.height, header.width)
    reduced = header.is_plain and edge is not None and edge < longer
    least = (stored[0] * edge // longer, stored[1] * edge // longer) if reduced and edge else (0, 0)
    into = room.take(*stored) if room and header.is_plain and not reduced else None
    pixels = jpeg.decode_plain(data, into=into, least=least) if header.is_plain else None
    if pixels is None or (pixels.shape[:2] != stored and not reduced):
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        return _finish(image, media_type, limits, orientation=header.orientation, profile=header.icc)
    if header.icc and header.components == 1:
        grey = Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
        return _finish(grey, media_type, limits, orientation=header.orientation, profile=header.icc)
    pixels = turn(correct(pixels, header.icc), header.orientation)
    return Decoded(pixels=pixels, media_type=media_type, orientation=header.orientation)


def _decode_heic(data: bytes, media_type: str, limits: Limits) -> Decoded:
    from pi_heif import HeifImageFile

    image = HeifImageFile(io.BytesIO(data))
    return _finish(image, media_type, limits, orientation=1)


def _decode_webp(data: bytes, media_type: str, limits: Limits) -> Decoded:
    # Pillow's reader takes memory for the whole canvas as soon as it opens a file.
    size = webp_size(data)
    if size is None:
        raise UnreadableImageError("The WebP header is damaged.")
    check_pixels(*size, limits)
    return _decode_by_pillow(data, media_type, limits)


def _decode_png(data: bytes, media_type: str, limits: Limits) -> Decoded:
    image, orientation = deep.open_png(data, lambda size: check_pixels(*size, limits))
    return _finish(image, media_type, limits, orientation=orientation)


def _decode_tiff(data: bytes, media_type: str, limits: Limits) -> Decoded:
    image, orientation = deep.open_tiff(data, lambda size: check_pixels(*size, limits))
    pixels = render(image, profile=image.info.get("icc_profile"), orientation=1)
    return Decoded(pixels=pixels, media_type=media_type, orientation=orientation)


def _decode_gif(data: bytes, media_type: str, limits: Limits) -> Decoded:
    image = GifImagePlugin.GifImageFile(io.BytesIO(data))
    check_pixels(*image.size, limits)
    covered = image.tile[0].extents if image.tile else None
    decoded = _finish(image, media_type, limits, orientation=1)
    if covered is not None and covered != (0, 0, *image.size):
        # What the first frame leaves of the canvas is clear, hence white; Pillow fills it with colour number 0.
        left, top, right, bottom = covered
        frame = decoded.pixels[top:bottom, left:right].copy()
        decoded.pixels[:] = 255
        decoded.pixels[top:bottom, left:right] = frame
    return decoded


_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
    "image/avif": AvifImagePlugin.AvifImageFile,
}


def _decode_by_pillow(data: bytes, media_type: str, limits: Limits) -> Decoded:
    image = _PLUGINS[media_type](io.BytesIO(data))
    return _finish(image, media_type, limits, orientation=read_orientation(image.info.get("exif") or b""))


def _finish(
    image: Image.Image, media_type: str, limits: Limits, *, orientation: int, profile: bytes | None = None
) -> Decoded:
    check_pixels(*image.size, limits)
    image.load()
    # HEIC may turn out to have another size than its header says.
    check_pixels(*image.size, limits)
    profile = profile or image.info.get("icc_profile")
    pixels = render(image, profile=profile, orientation=orientation)
    return Decoded(pixels=pixels, media_type=media_type, orientation=orientation)


_READERS: dict[str, Callable[[bytes, str, Limits], Decoded]] = {
    "image/png": _decode_png,
    "image/tiff": _decode_tiff,
    "image/gif": _decode_gif,
    "image/webp": _decode_webp,
    "image/heic": _decode_heic,
}
