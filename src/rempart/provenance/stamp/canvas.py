"""The pixels that are marked, and writing them in the format in which they came.

They stand upright and are sRGB, as they are hashed and shown; pictures with alpha alone keep their own colours, and
their alpha to the bit, since some generators hide what they say of a picture in it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from rempart.errors import NotStampableError
from rempart.provenance.stamp import jpegfile, pngfile, webpfile
from rempart.provenance.stamp.carried import Carried, tidy
from rempart.signals.decode import Decoded
from rempart.signals.mediatype import HEAD_BYTES, sniff
from rempart.signals.orientation import UPRIGHT, read_orientation

KINDS = ("image/jpeg", "image/png", "image/webp")
_WEBP_QUALITY, _WEBP_EFFORT, _PNG_EFFORT = 92, 3, 3
_INK = 4
_ANIMATED = "A moving picture is not stamped."
_DEEP = ("I;16", "I;16B", "I", "F")

Pixels = NDArray[np.uint8]


@dataclass(slots=True, kw_only=True)
class Canvas:
    """Pixels (height, width, 3) uint8, alpha (height, width) or None, and what their file carries."""

    media_type: str
    pixels: Pixels
    alpha: Pixels | None = None
    grey: bool = False
    carried: Carried
    how: dict[str, Any] = field(default_factory=dict)

    def written(self, pixels: Pixels) -> bytes:
        """A file of these pixels in place of its own, with nothing beside them."""
        made = Image.fromarray(np.ascontiguousarray(pixels[..., 0]) if self.grey else pixels)
        if self.alpha is not None:
            made.putalpha(Image.fromarray(self.alpha))
        stream = io.BytesIO()
        made.save(stream, self.media_type.removeprefix("image/").upper(), **self.how)
        return stream.getvalue()

    def put(self, encoded: bytes) -> bytes:
        """The file with what is carried."""
        if self.media_type == "image/jpeg":
            return jpegfile.put(encoded, self.carried)
        if self.media_type == "image/png":
            return pngfile.put(encoded, self.carried)
        return webpfile.put(encoded, self.carried)


def check(data: bytes) -> None:
    """Raises NotStampableError for another format, a moving picture, and inks, before anything is decoded."""
    kind = sniff(data[:HEAD_BYTES])
    if kind is not None and kind not in KINDS:
        raise NotStampableError(f"{kind} is not stamped.", hint="Write it as PNG, JPEG or WebP.")
    if kind == "image/png" and any(name == b"acTL" for name, _ in pngfile.chunks(data)):
        raise NotStampableError(_ANIMATED)
    if kind == "image/webp" and any(name in (b"ANIM", b"ANMF") for name, _ in webpfile.chunks(data)):
        raise NotStampableError(_ANIMATED)
    if kind == "image/jpeg" and jpegfile.components(data) == _INK:
        raise NotStampableError("A picture in inks (CMYK) is not stamped.", hint="Write it as RGB.")


def canvas(data: bytes, decoded: Decoded) -> Canvas:
    """What is marked of a picture that was decoded."""
    if decoded.media_type == "image/jpeg":
        made = _of_jpeg(data, decoded)
    elif decoded.media_type == "image/png":
        made = _of_png(data, decoded)
    else:
        made = _of_webp(data, decoded)
    made.carried.bounded()
    tidy(made.carried)
    if decoded.orientation != 1:
        made.carried.leave_out("orientation")
    return made


def _of_jpeg(data: bytes, decoded: Decoded) -> Canvas:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    carried = jpegfile.taken(data)
    if image.info.get("icc_profile"):
        carried.leave_out("colour_profile")
    how: dict[str, Any] = {"qtables": image.quantization, "optimize": False}
    sampling = JpegImagePlugin.get_sampling(image)
    if sampling >= 0:
        how["subsampling"] = sampling
    if image.info.get("progressive"):
        how["progressive"] = True
    if image.info.get("dpi") and not carried.exif:
        how["dpi"] = image.info["dpi"]
    return Canvas(
        media_type=decoded.media_type, pixels=decoded.pixels, grey=image.mode == "L", carried=carried, how=how
    )


def _of_png(data: bytes, decoded: Decoded) -> Canvas:
    image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    carried = pngfile.taken(data, colour=clear)
    if image.info.get("icc_profile") and not clear:
        carried.leave_out("colour_profile")
    if image.mode == "P":
        carried.leave_out("palette")
    if image.mode in _DEEP or _bits(data) > 8:
        carried.leave_out("depth")
    how = {"compress_level": _PNG_EFFORT}
    if clear:
        return _with_alpha(image, decoded, carried, how)
    grey = image.mode in ("1", "L", *_DEEP)
    return Canvas(media_type=decoded.media_type, pixels=decoded.pixels, grey=grey, carried=carried, how=how)


def _of_webp(data: bytes, decoded: Decoded) -> Canvas:
    image = WebPImagePlugin.WebPImageFile(io.BytesIO(data))
    clear = image.mode == "RGBA"
    carried = webpfile.taken(data, colour=clear)
    if image.info.get("icc_profile") and not clear:
        carried.leave_out("colour_profile")
    how: dict[str, Any] = {"method": _WEBP_EFFORT, "quality": _WEBP_QUALITY, "exact": True}
    if webpfile.is_lossless(data):
        how = {"lossless": True, "exact": True, "quality": 40, "method": 1}
    if clear:
        return _with_alpha(image, decoded, carried, how)
    return Canvas(media_type=decoded.media_type, pixels=decoded.pixels, carried=carried, how=how)


def _with_alpha(image: Image.Image, decoded: Decoded, carried: Carried, how: dict[str, Any]) -> Canvas:
    stored = np.asarray(image.convert("RGBA"))
    turn = UPRIGHT[read_orientation(image.info.get("exif") or b"")]
    upright = turn(np.ascontiguousarray(stored).view("V4")[..., 0])
    whole = np.ascontiguousarray(upright).view(np.uint8).reshape(*upright.shape, 4)
    return Canvas(
        media_type=decoded.media_type, pixels=np.ascontiguousarray(whole[..., :3]),
        alpha=np.ascontiguousarray(whole[..., 3]), carried=carried, how=how,
    )  # fmt: skip


def _bits(data: bytes) -> int:
    return data[24] if len(data) > 24 else 8
