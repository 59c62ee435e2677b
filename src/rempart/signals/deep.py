"""PNG and TIFF, whose samples may have 16 bits: each becomes its upper byte, as in browsers.

Pillow reads 16-bit colour so; 16-bit grey, with or without alpha, it would clip or refuse. One transparent 16-bit
colour needs the lower bytes too: such a file is read a second time for them (the row filters work on whole bytes, so
both readings unfilter alike). Rounding to v/257, as the PNG specification (section 13.12) has it, moved a quarter of
the samples by 1 and PDQ by 0.2 bits on average, and would part the server's hash from the browser's.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, PngImagePlugin, TiffImagePlugin

from rempart.signals.colour import strips, to_eight_bits
from rempart.signals.orientation import read_orientation

Check = Callable[[tuple[int, int]], None]

_PHOTOMETRIC, _BITS, _ORIENTATION = 262, 258, 274
_PNG_GREY_STEP = {"L;2": 85, "L;4": 17}


def open_png(data: bytes, check: Check) -> tuple[Image.Image, int]:
    """A PNG's first (or default) picture, loaded, in an 8-bit mode, and its EXIF orientation, not yet applied."""
    image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    check(image.size)
    raw = _raw_mode(image)
    clear = image.info.get("transparency")
    if raw == "LA;16B":
        loaded: Image.Image = _grey_alpha(_load_as(image, "RGBA", "RGBA"))
    elif raw == "I;16B":
        image.load()
        loaded = _grey(image, bits=16, clear=clear)
    elif raw.endswith(";16B") and clear is not None:
        low = PngImagePlugin.PngImageFile(io.BytesIO(data))
        loaded = _merge(_load_as(image, image.mode, raw), _load_as(low, image.mode, raw[:-1] + "L"), clear=clear)
    else:
        if raw in _PNG_GREY_STEP and isinstance(clear, int):
            image.info["transparency"] = clear * _PNG_GREY_STEP[raw]
        image.load()
        loaded = image
    # An eXIf chunk may stand behind the pixels: it is known only after loading.
    orientation = read_orientation(image.info.get("exif") or b"")
    _keep_profile(image, loaded)
    return loaded, orientation


def open_tiff(data: bytes, check: Check) -> tuple[Image.Image, int]:
    """A TIFF's first page, loaded and already turned upright, and the orientation by which it was turned."""
    image = _tiff(data)
    check(image.size)
    orientation = image.tag_v2.get(_ORIENTATION, 1)
    white_is_zero = image.tag_v2.get(_PHOTOMETRIC) == 0
    bits = image.tag_v2.get(_BITS, (1,))
    image.load()
    loaded: Image.Image = image
    if image.mode.startswith("I;16"):
        loaded = _grey(image, bits=int(bits[0]), invert=white_is_zero)
    _keep_profile(image, loaded)
    return loaded, orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _tiff(data: bytes) -> TiffImagePlugin.TiffImageFile:
    image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    # Pillow would take an orientation from XMP where the tag has none; the recipe does not.
    image.info.pop("xmp", None)
    return image


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments: Any = image.tile[0].args if image.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) else arguments
    return raw if isinstance(raw, str) else ""


def _load_as(image: ImageFile.ImageFile, mode: str, raw: str) -> ImageFile.ImageFile:
    """Load with another reading of the same bits."""
    image._mode = mode
    image.tile = [
        part._replace(args=(raw, *part.args[1:]) if isinstance(part.args, tuple) else raw) for part in image.tile
    ]
    image.load()
    return image


def _rows(image: Image.Image, rows: slice) -> NDArray[np.uint8]:
    return np.asarray(image.crop((0, rows.start, image.width, rows.stop)))


def _merge(high: Image.Image, low: Image.Image, *, clear: tuple[int, int, int]) -> Image.Image:
    """RGBA of the upper bytes; `clear`, told from both bytes, is the one 16-bit colour that is transparent."""
    out = Image.new("RGBA", high.size)
    for rows in strips(*high.size):
        upper = _rows(high, rows)
        samples = upper.astype(np.uint16) << 8 | _rows(low, rows)
        opaque = (samples[..., :3] != np.array(clear, np.uint16)).any(axis=-1)
        pixels = np.concatenate([upper[..., :3], (opaque * np.uint8(255))[..., None]], axis=-1)
        out.paste(Image.fromarray(pixels, out.mode), (0, rows.start))
    return out


def _grey(image: Image.Image, *, bits: int, clear: int | None = None, invert: bool = False) -> Image.Image:
    out = Image.new("L" if clear is None else "LA", image.size)
    for rows in strips(*image.size):
        samples = _rows(image, rows)
        pixels = to_eight_bits(samples, bits=bits)
        if invert:
            pixels = 255 - pixels
        if clear is not None:
            pixels = np.stack([pixels, (samples != clear) * np.uint8(255)], axis=-1)
        out.paste(Image.fromarray(pixels), (0, rows.start))
    return out


def _grey_alpha(quads: Image.Image) -> Image.Image:
    """LA of an image whose four bands are the upper and lower bytes of grey and of alpha."""
    out = Image.new("LA", quads.size)
    for rows in strips(*quads.size):
        out.paste(Image.fromarray(np.ascontiguousarray(_rows(quads, rows)[..., 0::2])), (0, rows.start))
    return out


def _keep_profile(source: Image.Image, target: Image.Image) -> None:
    if source is not target and "icc_profile" in source.info:
        target.info["icc_profile"] = source.info["icc_profile"]
