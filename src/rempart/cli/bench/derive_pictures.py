"""Copies and decoys for `rempart bench derive`: pictures made from one another, and pictures that only look so.

An edit takes a picture, another one that has nothing to do with it, and a `random.Random`; a decoy takes two pictures
that have nothing to do with each other and gives them something in common that is no copying of one from the other.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from rempart.cli.bench import edits, layouts
from rempart.cli.bench.canvas import font, words

Picture = Image.Image
Edit = Callable[[Picture, Picture, Random], Picture]
Decoy = Callable[[Picture, Picture, Random], tuple[Picture, Picture]]


def saved(image: Picture, quality: int) -> Picture:
    """The picture after it was saved as JPEG."""
    return Image.open(io.BytesIO(edits.to_jpeg(image, quality=quality))).convert("RGB")


def _jpeg(image: Picture, other: Picture, rng: Random, *, least: int, most: int) -> Picture:
    return saved(image, rng.randint(least, most))


def _mirror(image: Picture, other: Picture, rng: Random) -> Picture:
    return saved(ImageOps.mirror(image), 70)


def _size(image: Picture, other: Picture, rng: Random, *, factor: float) -> Picture:
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return saved(image.resize(size, Image.Resampling.LANCZOS), 80)


def _stretch(image: Picture, other: Picture, rng: Random) -> Picture:
    return saved(image.resize((round(image.width * rng.uniform(0.7, 1.3)), image.height)), 80)


def _turn(image: Picture, other: Picture, rng: Random, *, most: float) -> Picture:
    return saved(image.rotate(rng.uniform(-most, most), Image.Resampling.BICUBIC), 80)


def _perspective(image: Picture, other: Picture, rng: Random) -> Picture:
    w, h = image.size
    moved = [(x + rng.uniform(0, 0.15) * w * (1 - 2 * (x > 0)), y + rng.uniform(0, 0.15) * h * (1 - 2 * (y > 0)))
             for x, y in ((0, 0), (w, 0), (w, h), (0, h))]  # fmt: skip
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(((0, 0), (w, 0), (w, h), (0, h)), moved, strict=True):
        rows += [[u, v, 1, 0, 0, 0, -x * u, -x * v], [0, 0, 0, u, v, 1, -y * u, -y * v]]
    right = np.array([c for point in ((0, 0), (w, 0), (w, h), (0, h)) for c in point], np.float64)
    plan = np.linalg.solve(np.array(rows, np.float64), right)
    return saved(image.transform((w, h), Image.Transform.PERSPECTIVE, plan.tolist(), Image.Resampling.BICUBIC), 80)


def _blur(image: Picture, other: Picture, rng: Random) -> Picture:
    return saved(image.filter(ImageFilter.GaussianBlur(2)), 80)


def _grey(image: Picture, other: Picture, rng: Random) -> Picture:
    grey = ImageEnhance.Contrast(ImageOps.grayscale(image)).enhance(rng.uniform(0.6, 1.5))
    return saved(ImageEnhance.Brightness(grey).enhance(rng.uniform(0.7, 1.3)).convert("RGB"), 80)


def _centre(image: Picture, other: Picture, rng: Random, *, share: float) -> Picture:
    w, h = round(image.width * share), round(image.height * share)
    made = image.copy()
    made.paste(ImageOps.fit(other, (w, h)), ((image.width - w) // 2, (image.height - h) // 2))
    return saved(made, 80)


def _crop(image: Picture, other: Picture, rng: Random, *, share: float) -> Picture:
    w, h = round(image.width * share), round(image.height * share)
    x, y = rng.randint(0, image.width - w), rng.randint(0, image.height - h)
    return saved(image.crop((x, y, x + w, y + h)), 70)


def _paste(image: Picture, other: Picture, rng: Random, *, scale: float) -> Picture:
    canvas = ImageOps.fit(other, image.size)
    small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    canvas.paste(small, (rng.randint(0, canvas.width - small.width), rng.randint(0, canvas.height - small.height)))
    return saved(canvas, 80)


def _collage(image: Picture, other: Picture, rng: Random) -> Picture:
    """Four tiles, each cut to fill its own: ours, and three of the other one's."""
    w, h = image.width // 2, image.height // 2
    tiles = [ImageOps.fit(image, (h, h)), *(ImageOps.fit(turn, (h, h)) for turn in _turns(other)[:3])]
    rng.shuffle(tiles)
    canvas = Image.new("RGB", (2 * h + 6, 2 * h + 6), (255,) * 3)
    for number, tile in enumerate(tiles):
        canvas.paste(tile, (number % 2 * (h + 6), number // 2 * (h + 6)))
    return saved(canvas, 80) if w else canvas


def _turns(image: Picture) -> list[Picture]:
    return [image, ImageOps.mirror(image), ImageOps.flip(image), image.rotate(180)]


def _screen(image: Picture, other: Picture, rng: Random, *, layout: str) -> Picture:
    return saved(layouts.screenshot(image, rng, layout=layout), 80)


def _captioned(image: Picture, other: Picture, rng: Random) -> Picture:
    return saved(layouts.caption_bar(image, rng, where=rng.choice(("above", "below", "both"))), 80)


def _negative(image: Picture, other: Picture, rng: Random) -> Picture:
    return ImageOps.invert(image)


def _drawing(image: Picture, other: Picture, rng: Random) -> Picture:
    return ImageOps.invert(ImageOps.grayscale(image).filter(ImageFilter.FIND_EDGES)).convert("RGB")


EDITS: Mapping[str, Edit] = {
    "JPEG 60 to 90": partial(_jpeg, least=60, most=90),
    "JPEG 20 to 40": partial(_jpeg, least=20, most=40),
    "mirrored, JPEG 70": _mirror,
    "turned by up to 20°": partial(_turn, most=20),
    "seen from the side": _perspective,
    "stretched by up to 30 %": _stretch,
    "half size": partial(_size, factor=0.5),
    "a quarter of the size": partial(_size, factor=0.25),
    "twice the size": partial(_size, factor=2.0),
    "blurred, 2 pixels": _blur,
    "grey, other contrast and brightness": _grey,
    "the middle 40 % of both sides replaced": partial(_centre, share=0.4),
    "the middle 60 % of both sides replaced": partial(_centre, share=0.6),
    "cut to half of both sides, JPEG 70": partial(_crop, share=0.5),
    "cut to a quarter of both sides, JPEG 70": partial(_crop, share=0.25),
    "pasted into another photo at 40 %": partial(_paste, scale=0.4),
    "pasted into another photo at 25 %": partial(_paste, scale=0.25),
    "cut to a square in a collage of four": _collage,
    "with a caption bar": _captioned,
    "screenshot of a feed": partial(_screen, layout="feed"),
    "screenshot of a chat": partial(_screen, layout="chat"),
    "negative": _negative,
    "edges drawn, as a change of style": _drawing,
}


def _strip(size: int, width: int, rng: Random, *, alpha: int) -> Picture:
    """A banner of text: a plain or half-transparent ground, two lines."""
    dark = rng.random() < 0.5
    ground, ink = ((20, 20, 24), (250, 240, 200)) if dark else ((250,) * 3, (10,) * 3)
    bar = Image.new("RGBA", (width, size), (*ground, alpha))
    draw = ImageDraw.Draw(bar)
    for line in range(2):
        at = (size * 0.1, size * (0.08 + 0.44 * line))
        draw.text(at, words(rng, 9), font=font(max(9, round(size * 0.34))), fill=(*ink, 255))
    return bar


def _banner(one: Picture, two: Picture, rng: Random, *, share: float, alpha: int) -> tuple[Picture, Picture]:
    two = ImageOps.fit(two, one.size)
    height = round(one.height * share)
    bar = _strip(height, one.width, rng, alpha=alpha)
    at = (0, rng.choice((0, one.height - height)))
    return tuple(saved(_over(each, bar, at), 85) for each in (one, two))  # type: ignore[return-value]


def _over(image: Picture, layer: Picture, at: tuple[int, int]) -> Picture:
    whole = Image.new("RGBA", image.size, (0, 0, 0, 0))
    whole.paste(layer, at)
    return Image.alpha_composite(image.convert("RGBA"), whole).convert("RGB")


def _same_screen(one: Picture, two: Picture, rng: Random, *, layout: str) -> tuple[Picture, Picture]:
    """Two photos in the same screenshot: one page, its photo exchanged."""
    seed = rng.getrandbits(32)
    two = ImageOps.fit(two, one.size)
    return tuple(saved(layouts.screenshot(each, Random(seed), layout=layout), 85) for each in (one, two))  # type: ignore[return-value]  # noqa: S311


def _marked(one: Picture, two: Picture, rng: Random) -> tuple[Picture, Picture]:
    """The same half-transparent text all over, as picture agencies put it."""
    text, size = words(rng, 2), max(12, round(min(one.size) * 0.06))
    made = []
    for each in (one, ImageOps.fit(two, one.size)):
        layer = Image.new("RGBA", each.size, (0, 0, 0, 0))
        draw = ImageDraw.Draw(layer)
        for y in range(0, each.height, 4 * size):
            for x in range(-(y % 7) * size, each.width, 12 * size):
                draw.text((x, y), text, font=font(size), fill=(255, 255, 255, 110))
        made.append(saved(Image.alpha_composite(each.convert("RGBA"), layer).convert("RGB"), 85))
    return made[0], made[1]


def _framed(one: Picture, two: Picture, rng: Random) -> tuple[Picture, Picture]:
    """The same ornamental frame round two photos."""
    w, h, thick = one.width, one.height, round(min(one.size) * 0.12)
    frame = Image.new("RGB", (w, h), tuple(rng.randrange(60, 200) for _ in range(3)))
    draw = ImageDraw.Draw(frame)
    for _ in range(400):
        x, y, r = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(2, thick / 3)
        draw.ellipse((x - r, y - r, x + r, y + r), outline=tuple(rng.randrange(256) for _ in range(3)), width=2)
    made = []
    for each in (one, two):
        canvas = frame.copy()
        canvas.paste(ImageOps.fit(each, (w - 2 * thick, h - 2 * thick)), (thick, thick))
        made.append(saved(canvas, 85))
    return made[0], made[1]


def _patterned(one: Picture, two: Picture, rng: Random, *, kind: str) -> tuple[Picture, Picture]:
    """Two photos in front of the same repeating pattern, which fills half of each picture."""
    w, h = one.size
    step = rng.randint(18, 40)
    tile = Image.new("RGB", (step, step), (205, 200, 190))
    draw = ImageDraw.Draw(tile)
    if kind == "bricks":
        draw.rectangle((1, 1, step - 2, step // 2 - 2), fill=(150, 80, 60))
        draw.rectangle((-step // 2, step // 2 + 1, step // 2 - 2, step - 2), fill=(140, 75, 62))
        draw.rectangle((step // 2 + 1, step // 2 + 1, step, step - 2), fill=(158, 84, 60))
    else:
        draw.rectangle((0, 0, step // 2, step // 2), fill=(40, 40, 40))
        draw.ellipse((step // 2, step // 2, step - 2, step - 2), fill=(200, 40, 40))
    ground = Image.fromarray(np.tile(np.asarray(tile), (-(-h // step), -(-w // step), 1))[:h, :w])
    made = []
    for each in (one, two):
        canvas = ground.copy()
        inner = ImageOps.fit(each, (round(w * 0.7), round(h * 0.7)))
        canvas.paste(inner, (rng.randint(0, w - inner.width), rng.randint(0, h - inner.height)))
        made.append(saved(canvas, 85))
    return made[0], made[1]


def _symmetric(one: Picture, two: Picture, rng: Random) -> tuple[Picture, Picture]:
    """Two photos, each with its left half mirrored to the right."""
    made = []
    for each in (one, ImageOps.fit(two, one.size)):
        half = each.crop((0, 0, each.width // 2, each.height))
        canvas = each.copy()
        canvas.paste(ImageOps.mirror(half), (each.width - half.width, 0))
        made.append(saved(canvas, 85))
    return made[0], made[1]


def _tiled(one: Picture, two: Picture, rng: Random) -> tuple[Picture, Picture]:
    """Two photos, each repeated three by three."""
    made = []
    for each in (one, ImageOps.fit(two, one.size)):
        small = np.asarray(each.resize((each.width // 3, each.height // 3), Image.Resampling.LANCZOS))
        made.append(saved(Image.fromarray(np.tile(small, (3, 3, 1))), 85))
    return made[0], made[1]


DECOYS: Mapping[str, Decoy] = {
    "the same caption banner, 20 % of the height": partial(_banner, share=0.2, alpha=255),
    "the same caption banner, 35 % of the height": partial(_banner, share=0.35, alpha=255),
    "the same half-transparent banner": partial(_banner, share=0.22, alpha=130),
    "the same text all over, half-transparent": _marked,
    "the same screen of a feed": partial(_same_screen, layout="feed"),
    "the same screen of a chat": partial(_same_screen, layout="chat"),
    "the same ornamental frame": _framed,
    "in front of the same bricks": partial(_patterned, kind="bricks"),
    "in front of the same tiles": partial(_patterned, kind="tiles"),
    "both made symmetric": _symmetric,
    "both repeated three by three": _tiled,
}
