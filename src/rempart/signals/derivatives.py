"""What is made of a picture for people's eyes: a line drawing, something small, blurred or grey, or all of it stamped.

Each keeps less than the one after it, and none is the file: pixels are decoded, drawn anew and encoded again. A moving
picture gives its first frame. That less is shown is a choice offered to whoever must look; no more is claimed for it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont, JpegImagePlugin, PngImagePlugin

Pixels = NDArray[np.uint8]

SKETCH_EDGE, SMALL_EDGE, BLURRED_EDGE, GREY_EDGE = 480, 160, 480, 480
_STAMP_LEVEL = 85
BLURRED_CELLS = 24
"""How many distinct places a blurred picture has along its longer edge."""
MOST_PIXELS = 16_000_000
"""Larger pictures are shown reduced to about so many pixels."""


class Step(StrEnum):
    """How much of a picture is shown."""

    SKETCH = "sketch"
    SMALL = "small"
    BLURRED = "blurred"
    GREY = "grey"
    ORIGINAL = "original"


METADATA = "metadata"
"""What may be asked for beside a picture: what its file says of itself. Nothing of the picture is shown."""
PROMPTS = "prompts"
"""And the words with which somebody had it made, where the file holds any."""
COMPARE = "compare"
"""And whether it shares pixels with another one: figures, and nothing of either picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivative:
    """A picture for the screen: an encoded file, its media type and its size in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


def derive(pixels: Pixels, step: Step, *, stamp: str) -> Derivative:
    """The derivative of canonical pixels, (h, w, 3) uint8 RGB. `stamp` stands all over the grey one and the original,
    in the pixels."""
    made = _MAKERS[step](Image.fromarray(pixels))
    if step in STAMPED:
        made = stamped(made, stamp)
    stream = io.BytesIO()
    if step is Step.SKETCH:
        made.save(stream, "PNG", compress_level=1)
    else:
        made.save(stream, "JPEG", quality=_QUALITY[step])
    kind = "image/png" if step is Step.SKETCH else "image/jpeg"
    return Derivative(data=stream.getvalue(), media_type=kind, width=made.width, height=made.height)


def stamped(image: Image.Image, text: str) -> Image.Image:
    """The image with a line of text over all of it, light and dark, so that it stands out on any ground and no crop
    of some size is without it."""
    image = image.convert("RGB")
    size = max(13, min(image.size) // 26)
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    thick = max(1, size // 14)
    wide, high = int(right - left) + 3 * size, int(bottom - top) + thick
    line = Image.new("L", (wide, high), 0)
    ImageDraw.Draw(line).text((-left, -top), text, font=font, fill=_STAMP_LEVEL)
    once = np.asarray(line)
    # Every second line stands half a line further, so that no column of the picture is free of text.
    for number, y in enumerate(range(0, image.height, high + 3 * size)):
        row = np.tile(np.roll(once, (number % 2) * (wide // 2), axis=1), -(-image.width // wide))[:, : image.width]
        shade = np.zeros_like(row)
        shade[thick:, thick:] = row[:-thick, :-thick]
        for colour, shape in (((0, 0, 0), shade), ((255, 255, 255), row)):
            image.paste(colour, (0, y), Image.fromarray(np.ascontiguousarray(shape)))
    return image


def _fitted(image: Image.Image, edge: int) -> Image.Image:
    size = _size(image, edge)
    return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _size(image: Image.Image, edge: int) -> tuple[int, int]:
    """Its size with a longer edge of `edge` pixels at most."""
    scale = min(1.0, edge / max(image.size))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _sketch(image: Image.Image) -> Image.Image:
    """Dark lines on white where light changes over a few pixels: a difference of two Gaussians, softly cut."""
    grey = _fitted(image, SKETCH_EDGE).convert("L")
    fine = np.asarray(grey.filter(ImageFilter.GaussianBlur(1.3)), np.float32)
    coarse = np.asarray(grey.filter(ImageFilter.GaussianBlur(2.1)), np.float32)
    ridge = fine - coarse
    spread = max(float(ridge.std()), 0.6)
    ink = np.clip((-ridge / spread - 0.55) / 1.2, 0, 1)
    return Image.fromarray((255 - 215 * ink).astype(np.uint8))


def _small(image: Image.Image) -> Image.Image:
    return _fitted(image, SMALL_EDGE)


def _blurred(image: Image.Image) -> Image.Image:
    """So few places that no sharpening brings more back."""
    few = _fitted(image, BLURRED_CELLS)
    return few.resize(_size(image, BLURRED_EDGE), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(6))


def _grey(image: Image.Image) -> Image.Image:
    return _fitted(image, GREY_EDGE).convert("L")


def _original(image: Image.Image) -> Image.Image:
    pixels = image.width * image.height
    if pixels <= MOST_PIXELS:
        return image
    return _fitted(image, int(max(image.size) * (MOST_PIXELS / pixels) ** 0.5))


_MAKERS: Mapping[Step, Callable[[Image.Image], Image.Image]] = {
    Step.SKETCH: _sketch,
    Step.SMALL: _small,
    Step.BLURRED: _blurred,
    Step.GREY: _grey,
    Step.ORIGINAL: _original,
}
STAMPED = frozenset({Step.GREY, Step.ORIGINAL})
ENOUGH: Mapping[Step, int] = {
    Step.SKETCH: 2 * SKETCH_EDGE, Step.SMALL: 2 * SMALL_EDGE, Step.BLURRED: BLURRED_EDGE, Step.GREY: 2 * GREY_EDGE,
}  # fmt: skip
"""Pixels along the longer edge from which a derivative looks as it would from all of them."""
_QUALITY = {Step.SMALL: 80, Step.BLURRED: 70, Step.GREY: 82, Step.ORIGINAL: 90}
WRITERS = (JpegImagePlugin, PngImagePlugin)
"""Imported here because a worker's sandbox would refuse to load them later."""
