"""Ordinary edits that people make to pictures before they post them again, as named and seeded functions.

Used by `rempart bench recall` and by the demo. Each edit takes a Pillow RGB image and a `random.Random`, draws its own
parameters from it (continuous, never on a grid), and returns a new RGB image. Same picture, same seed, same pixels.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import cos, radians, sin
from random import Random
from typing import Protocol

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from rempart.cli.bench import layouts

Turn = Image.Transpose
Picture = Image.Image
_UPLOAD_QUALITY = 85  # what sites and messengers commonly store


class Make(Protocol):
    """An edit's function."""

    def __call__(self, image: Picture, rng: Random, /) -> Picture: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A named edit: its group, the recall asked of it (None: shown for information) and its function."""

    name: str
    group: str
    make: Make
    asked: float | None = None
    quality: tuple[int, int] = (_UPLOAD_QUALITY, _UPLOAD_QUALITY)
    held_out: bool = False  # a layout that no probe was tuned on

    def apply(self, image: Picture, rng: Random) -> bytes:
        """The edited picture as the bytes of a JPEG file."""
        edited = self.make(image, rng)
        return to_jpeg(edited, quality=rng.randint(*self.quality))


def to_jpeg(image: Picture, *, quality: int) -> bytes:
    """Encode as JPEG with 4:2:0 colour, as re-posts are."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def keep(image: Picture, rng: Random) -> Picture:
    """The picture as it is (to be re-encoded)."""
    return image


def resize(image: Picture, rng: Random, *, least: float, most: float) -> Picture:
    """Scale both sides by the same factor, log-uniform between `least` and `most`."""
    factor = least * (most / least) ** rng.random()
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    filters = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR)
    return image.resize(size, rng.choice(filters))


def stretch_to_square(image: Picture, rng: Random) -> Picture:
    """Both sides the longer one; the ratio is lost."""
    side = max(image.size)
    return image.resize((side, side), Image.Resampling.BICUBIC)


def grey(image: Picture, rng: Random) -> Picture:
    """No colour."""
    return ImageOps.grayscale(image).convert("RGB")


def blur(image: Picture, rng: Random) -> Picture:
    """Gaussian blur of up to 0.5 % of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(max(image.size) * rng.uniform(0.001, 0.005)))


def noise(image: Picture, rng: Random) -> Picture:
    """Gaussian noise of a standard deviation of 3 to 15 levels."""
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(3, 15), (*image.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def tint(image: Picture, rng: Random) -> Picture:
    """Mix with a random colour, 10 to 35 %."""
    colour = tuple(rng.randrange(256) for _ in range(3))
    return Image.blend(image, Image.new("RGB", image.size, colour), rng.uniform(0.1, 0.35))


def tone(image: Picture, rng: Random) -> Picture:
    """Brightness, contrast and colour each by a factor of 0.75 to 1.3, as filters do."""
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(0.75, 1.3))
    return image


def transposed(image: Picture, rng: Random, *, turn: Turn) -> Picture:
    """Mirrored or turned without loss."""
    return image.transpose(turn)


def negative(image: Picture, rng: Random) -> Picture:
    """The photographic negative."""
    return ImageOps.invert(image)


def border(image: Picture, rng: Random, *, colour: str) -> Picture:
    """A border of one colour; its width is 2 to 10 % of the shorter side."""
    fill = {"white": (255,) * 3, "black": (0,) * 3}.get(colour) or tuple(rng.randrange(30, 226) for _ in range(3))
    return ImageOps.expand(image, round(min(image.size) * rng.uniform(0.02, 0.10)), fill)


def letterbox(image: Picture, rng: Random, *, fill: str) -> Picture:
    """Bars that bring the picture to another ratio (1:1, 4:3, 16:9, 9:16, 4:5), at least 3 % each.

    `fill` is "black", "plain" (white, grey or a colour) or "blurred" (the picture itself, enlarged and blurred).
    """
    ratio = image.width / image.height
    target = rng.choice([r for r in (1.0, 4 / 3, 16 / 9, 9 / 16, 4 / 5) if abs(r / ratio - 1) > 0.06])
    width, height = max(image.width, round(image.height * target)), max(image.height, round(image.width / target))
    if fill == "blurred":
        canvas = ImageOps.fit(image, (width, height)).filter(ImageFilter.GaussianBlur(max(width, height) * 0.03))
    else:
        plain = rng.choice(((255,) * 3, (240,) * 3, tuple(rng.randrange(256) for _ in range(3))))
        canvas = Image.new("RGB", (width, height), (0, 0, 0) if fill == "black" else plain)
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return canvas


def _cut(image: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    """Cut away these shares of width and height, to the nearest pixel."""
    w, h = image.size
    return image.crop((round(w * left), round(h * top), w - round(w * right), h - round(h * bottom)))


def crop_evenly(image: Picture, rng: Random, *, least: float, most: float) -> Picture:
    """Cut a share of the width and of the height away in all, half of it on each side."""
    half = rng.uniform(least, most) / 2
    return _cut(image, half, half, half, half)


def crop_side(image: Picture, rng: Random, *, least: float, most: float) -> Picture:
    """Cut a share of the width or the height away from one side."""
    shares = [rng.uniform(least, most), 0.0, 0.0, 0.0]
    rng.shuffle(shares)
    return _cut(image, *shares)


def crop_axis(image: Picture, rng: Random, *, most: float) -> Picture:
    """Cut a share of the width or of the height away in all, half of it on each side."""
    half = rng.uniform(0, most) / 2
    return _cut(image, half, 0, half, 0) if rng.random() < 0.5 else _cut(image, 0, half, 0, half)


def crop_square(image: Picture, rng: Random) -> Picture:
    """The largest square at the centre."""
    return ImageOps.fit(image, (min(image.size),) * 2)


def crop_corner(image: Picture, rng: Random, *, most: float) -> Picture:
    """Cut 0 to `most` from one of top and bottom and from one of left and right."""
    across, down = rng.uniform(0, most), rng.uniform(0, most)
    left, top = rng.random() < 0.5, rng.random() < 0.5
    return _cut(image, across * left, down * top, across * (not left), down * (not top))


def crop_anyhow(image: Picture, rng: Random, *, most: float) -> Picture:
    """Cut 0 to `most` from each side, each side on its own."""
    return _cut(image, *(rng.uniform(0, most) for _ in range(4)))


def _turned(image: Picture, degrees: float, fill: str) -> Picture:
    """Turned about the centre on the same canvas; corners black, white or the nearest edge's colour."""
    if fill != "edge":
        return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(255,) * 3 if fill == "white" else (0,) * 3)
    pad = max(image.size) // 8
    wide = Image.fromarray(np.pad(np.asarray(image), ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
    return wide.rotate(degrees, Image.Resampling.BICUBIC).crop((pad, pad, pad + image.width, pad + image.height))


def tilt_filled(image: Picture, rng: Random, *, fill: str) -> Picture:
    """Turned by up to 5° either way on the same canvas, the corners filled."""
    return _turned(image, rng.uniform(-5, 5), fill)


def tilt_widened(image: Picture, rng: Random) -> Picture:
    """Turned by up to 5° on a canvas that grows so that no corner is lost; white or black around."""
    fill = rng.choice(((255,) * 3, (0,) * 3))
    return image.rotate(rng.uniform(-5, 5), Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def tilt_cut(image: Picture, rng: Random, *, same_ratio: bool) -> Picture:
    """Turned by up to 5° and cut to an upright rectangle inside: the largest of its ratio, or of all."""
    degrees = rng.uniform(-5, 5)
    w, h = image.size
    c, s = cos(radians(degrees)), abs(sin(radians(degrees)))
    if same_ratio:
        fit = 1 / (c + max(w / h, h / w) * s)
        width, height = w * fit, h * fit
    elif min(w, h) <= 2 * s * c * max(w, h):
        half = 0.5 * min(w, h)
        width, height = (half / s, half / c) if w >= h else (half / c, half / s)
    else:
        width, height = (w * c - h * s) / (c * c - s * s), (h * c - w * s) / (c * c - s * s)
    x, y = (w - width) / 2, (h - height) / 2
    turned = image.rotate(degrees, Image.Resampling.BICUBIC)
    return turned.crop((round(x), round(y), round(w - x), round(h - y)))


def watermark(image: Picture, rng: Random) -> Picture:
    """A line of half-transparent text somewhere on the picture."""
    return layouts.overlay_text(image, rng)


def chain(image: Picture, rng: Random, *, steps: tuple[Make, ...]) -> Picture:
    """One edit after the other."""
    for step in steps:
        image = step(image, rng)
    return image


def _edit(name: str, group: str, make: Make, asked: float | None, **more: object) -> Edit:
    return Edit(name=name, group=group, make=make, asked=asked, **more)  # type: ignore[arg-type]


def _plain_edits() -> list[Edit]:
    return [
        _edit("jpeg 20-90", "re-saved", keep, 0.98, quality=(20, 90)),
        _edit("resize 0.25-1", "re-saved", partial(resize, least=0.25, most=1.0), 0.98),
        _edit("resize 1-2", "re-saved", partial(resize, least=1.0, most=2.0), 0.98),
        _edit("grey", "re-saved", grey, 0.98),
        _edit("blur", "re-saved", blur, 0.98),
        _edit("noise", "re-saved", noise, 0.98),
        _edit("tint", "re-saved", tint, 0.98),
        _edit("brightness, contrast, colour", "re-saved", tone, None),
        _edit("watermark", "re-saved", watermark, None),
        _edit("stretch to square", "re-saved", stretch_to_square, None),
        _edit("negative", "re-saved", negative, None),
        _edit("mirror", "turned", partial(transposed, turn=Turn.FLIP_LEFT_RIGHT), 0.99),
        _edit("quarter turn left", "turned", partial(transposed, turn=Turn.ROTATE_90), 0.99),
        _edit("quarter turn right", "turned", partial(transposed, turn=Turn.ROTATE_270), 0.99),
        _edit("upside down", "turned", partial(transposed, turn=Turn.ROTATE_180), 0.99),
        _edit("mirror and quarter turn", "turned", partial(transposed, turn=Turn.TRANSPOSE), None),
    ]


def _framed_edits() -> list[Edit]:
    borders = [
        _edit(f"border {colour} 2-10 %", "framed", partial(border, colour=colour), 0.98)
        for colour in ("white", "black", "coloured")
    ]
    boxes = [
        _edit(f"letterbox {fill}", "framed", partial(letterbox, fill=fill), asked)
        for fill, asked in (("black", 0.95), ("plain", 0.95), ("blurred", None))
    ]
    bars = [
        _edit(f"caption bar {where}", "framed", partial(layouts.caption_bar, where=where), 0.80)
        for where in ("above", "below", "both")
    ]
    screens = [
        _edit(f"screenshot {name}", "screenshot", partial(layouts.screenshot, layout=name), 0.80, held_out=held)
        for name, held in layouts.LAYOUTS.items()
    ]
    return [*borders, *boxes, *bars, *screens]


def _cut_edits() -> list[Edit]:
    return [
        _edit("crop evenly 0-20 % in all", "cropped", partial(crop_evenly, least=0, most=0.2), 0.95),
        _edit("crop evenly 20-40 % in all", "cropped", partial(crop_evenly, least=0.2, most=0.4), None),
        _edit("crop one side 0-20 %", "cropped", partial(crop_side, least=0, most=0.2), 0.95),
        _edit("crop width or height 0-35 % in all", "cropped", partial(crop_axis, most=0.35), None),
        _edit("crop to square", "cropped", crop_square, None),
        _edit("crop two sides 0-10 %", "cropped", partial(crop_corner, most=0.10), None),
        _edit("crop each side 0-5 %", "cropped", partial(crop_anyhow, most=0.05), None),
        _edit("crop each side 0-10 %", "cropped", partial(crop_anyhow, most=0.10), None),
        _edit("tilt 0-5°, cut, same ratio", "tilted", partial(tilt_cut, same_ratio=True), 0.95),
        _edit("tilt 0-5°, cut, largest", "tilted", partial(tilt_cut, same_ratio=False), 0.95),
        _edit("tilt 0-5°, corners white", "tilted", partial(tilt_filled, fill="white"), 0.95),
        _edit("tilt 0-5°, corners black", "tilted", partial(tilt_filled, fill="black"), 0.95),
        _edit("tilt 0-5°, corners edge", "tilted", partial(tilt_filled, fill="edge"), 0.95),
        _edit("tilt 0-5°, canvas widened", "tilted", tilt_widened, None),
    ]


def _chained_edits() -> list[Edit]:
    mirror = partial(transposed, turn=Turn.FLIP_LEFT_RIGHT)
    even = partial(crop_evenly, least=0, most=0.2)
    side = partial(crop_side, least=0, most=0.2)
    white = partial(border, colour="white")
    quarter = partial(transposed, turn=Turn.ROTATE_90)
    screen = partial(layouts.screenshot, layout="feed")
    chains: Mapping[str, tuple[Make, ...]] = {
        "mirror + crop evenly": (mirror, even),
        "quarter turn + crop one side": (quarter, side),
        "crop evenly + border": (even, white),
        "mirror + border": (mirror, white),
        "quarter turn + border": (quarter, white),
        "half size + crop one side": (partial(resize, least=0.4, most=0.6), side),
        "mirror + screenshot feed": (mirror, screen),
        "crop evenly + screenshot feed": (even, screen),
        "negative + mirror": (negative, mirror),
    }
    made = [_edit(name, "combined", partial(chain, steps=steps), None) for name, steps in chains.items()]
    smaller = partial(resize, least=0.4, most=0.7)
    for layout in ("feed", "chat", "article"):
        steps = (partial(layouts.screenshot, layout=layout), smaller)
        name = f"screenshot {layout} + half size + jpeg 60"
        made.append(_edit(name, "combined", partial(chain, steps=steps), None, quality=(60, 60)))
    made.append(_edit("screenshot feed + jpeg 30", "combined", screen, None, quality=(30, 30)))
    made.append(_edit("border white + jpeg 30", "combined", white, None, quality=(30, 30)))
    return made


def all_edits() -> tuple[Edit, ...]:
    """Every edit, in the order of the table."""
    return (*_plain_edits(), *_framed_edits(), *_cut_edits(), *_chained_edits())


def by_name(name: str) -> Callable[[Picture, Random], bytes]:
    """The function of the edit called `name`, from picture to JPEG bytes; raises KeyError."""
    return {edit.name: edit for edit in all_edits()}[name].apply
