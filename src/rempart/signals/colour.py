"""From the modes that decoders give to 8-bit sRGB over white, strip by strip.

Working in strips keeps the memory flat: beside the decoder's own picture and the result there is never a third copy.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from rempart.signals.orientation import STORED_AS, UPRIGHT, copy_blocks

_STRIP_PIXELS = 1 << 18
_SRGB_TOLERANCE = 1
_ALPHA_MODES = frozenset({"LA", "PA", "RGBA", "La", "RGBa"})
_INK = "CMYK"

Strip = NDArray[np.uint8]


class Transform:
    """An ICC profile's way to sRGB (relative colorimetric), for strips of one mode."""

    def __init__(self, mode: str, transform: ImageCms.ImageCmsTransform) -> None:
        self.mode = mode
        self._transform = transform

    def apply(self, image: Image.Image) -> Strip:
        """(rows, width, 3) sRGB of an image of this transform's mode."""
        turned = ImageCms.applyTransform(image, self._transform)
        return np.asarray(turned)


@lru_cache(maxsize=8)
def transform_for(profile: bytes, mode: str) -> Transform | None:
    """The transform for pictures of `mode` (L, RGB or CMYK) that carry this ICC profile.

    None when nothing is to be done: the profile gives sRGB within 1 of 255 everywhere (browsers skip such ones
    too), is damaged, or is made for another kind of colour than the picture's. All three are read as sRGB.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = str(source.profile.xcolor_space).strip()
        wanted = {"RGB": "RGB", "GRAY": "L", "CMYK": _INK}.get(space)
        # A grey picture may carry an RGB profile: its greys are then colours with three equal parts.
        if wanted is None or (wanted != mode and (wanted, mode) != ("RGB", "L")):
            return None
        made = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            wanted,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    transform = Transform(wanted, made)
    return None if wanted != _INK and _is_srgb(transform) else transform


def _is_srgb(transform: Transform) -> bool:
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(1, -1, 3)
    ramp = np.arange(256, dtype=np.uint8).reshape(1, -1, 1).repeat(3, axis=2)
    colours = np.concatenate([cube, ramp], axis=1) if transform.mode == "RGB" else ramp
    image = Image.fromarray(colours if transform.mode == "RGB" else np.ascontiguousarray(colours[..., 0]))
    change = np.abs(transform.apply(image).astype(np.int16) - colours)
    return int(change.max()) <= _SRGB_TOLERANCE


@lru_cache(maxsize=1)
def _lab_transform() -> Transform:
    made = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"),
        ImageCms.createProfile("sRGB"),
        "LAB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    return Transform("LAB", made)


def over_white(straight: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Strip:
    """Straight (h, w, 3) colour with (h, w) alpha, laid over white and rounded to the nearest integer."""
    part = alpha[..., None].astype(np.uint16)
    mixed = straight * part + np.uint16(255) * (255 - part) + np.uint16(128)
    # The exact nearest of x/255 for 0 <= x <= 255², without a division.
    return ((mixed + (mixed >> 8)) >> 8).astype(np.uint8)


def to_eight_bits(values: NDArray[Any], *, bits: int = 16) -> NDArray[np.uint8]:
    """Integer samples of 9 to 16 bits as their upper eight, as browsers (and libpng's strip) take them."""
    upper: NDArray[np.uint8] = (values >> (bits - 8)).astype(np.uint8)
    return upper


def correct(pixels: Strip, profile: bytes | None) -> Strip:
    """RGB pixels of (h, w, 3) brought to sRGB in place, in strips; the same array is returned."""
    transform = transform_for(profile, "RGB") if profile else None
    if transform is not None:
        for rows in strips(pixels.shape[1], pixels.shape[0]):
            pixels[rows] = transform.apply(Image.fromarray(pixels[rows]))
    return pixels


def strips(width: int, height: int) -> list[slice]:
    """The rows of a picture in slices of about a quarter of a million pixels."""
    step = max(1, _STRIP_PIXELS // max(width, 1))
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def render(image: Image.Image, *, profile: bytes | None, orientation: int) -> NDArray[np.uint8]:
    """A loaded Pillow image as upright (h, w, 3) uint8 sRGB over white, C-contiguous."""
    width, height = image.size
    upright = (width, height) if orientation >= 5 else (height, width)
    out = np.empty((*upright, 3), np.uint8)
    stored = UPRIGHT[STORED_AS[orientation]](out.view("V3")[..., 0])
    levels = _levels(image)
    for rows in strips(width, height):
        strip = image.crop((0, rows.start, width, rows.stop))
        colours = np.ascontiguousarray(_render_strip(strip, profile, levels))
        copy_blocks(stored[rows], colours.view("V3")[..., 0])
    return out


def _render_strip(strip: Image.Image, profile: bytes | None, levels: tuple[float, float] | None) -> Strip:
    if levels is not None:
        strip = Image.fromarray(_stretch(np.asarray(strip), levels))
    if strip.mode == "LAB":
        return _lab_transform().apply(strip)
    if strip.mode == _INK:
        return _colour(strip, profile)
    if strip.mode in _ALPHA_MODES or "transparency" in strip.info:
        straight = np.asarray(strip.convert("RGBA"))
        colour = Image.fromarray(np.ascontiguousarray(straight[..., :3]))
        return over_white(_colour(colour, profile), straight[..., 3])
    if strip.mode in ("1", "L"):
        return _colour(strip.convert("L"), profile)
    return _colour(strip.convert("RGB"), profile)


def _colour(strip: Image.Image, profile: bytes | None) -> Strip:
    """RGB of an L, RGB or CMYK strip, through its ICC profile when that changes anything."""
    transform = transform_for(profile, strip.mode) if profile else None
    if transform is None:
        return np.asarray(strip.convert("RGB"))
    return transform.apply(strip if strip.mode == transform.mode else strip.convert(transform.mode))


def _levels(image: Image.Image) -> tuple[float, float] | None:
    """Black and white of a picture of one band of floating point or 32-bit samples; None for all others.

    Floating point and 32-bit samples have no agreed white: values that fit 0…1 (floating point), 0…255 or 0…65535
    are read in the smallest of these ranges, others from the picture's least to its greatest value.
    """
    if image.mode not in ("I", "F"):
        return None
    lowest, highest = _extremes(image)
    whites = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    for white in whites:
        if lowest >= 0 and highest <= white:
            return 0.0, white
    return lowest, highest


def _extremes(image: Image.Image) -> tuple[float, float]:
    lowest, highest = np.inf, -np.inf
    for rows in strips(*image.size):
        values = np.asarray(image.crop((0, rows.start, image.width, rows.stop)))
        finite = values[np.isfinite(values)]
        if finite.size:
            lowest, highest = min(lowest, float(finite.min())), max(highest, float(finite.max()))
    return (lowest, highest) if highest > lowest else (0.0, 1.0)


def _stretch(values: NDArray[np.generic], levels: tuple[float, float]) -> NDArray[np.uint8]:
    black, white = levels
    unit = (np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=white, neginf=black) - black) / (white - black)
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
