"""What the drawn screens are made of: themes, words, lines of text, bars and rounded photos."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
_SYLLABLES: Final = tuple(re.findall(r"\w+", "ba ce di fo gu la me ni po ru sa te vi zo an el in or un ter son mar"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The colours of an interface."""

    page: Colour
    card: Colour
    ink: Colour
    dim: Colour
    accent: Colour


def theme(rng: Random) -> Theme:
    """A light or a dark theme, with its shades varied."""
    accent = (rng.randrange(20, 120), rng.randrange(80, 180), rng.randrange(150, 250))
    if rng.random() < 0.5:
        page = rng.choice(((255,) * 3, (250,) * 3, (242, 242, 247), (240, 242, 245), (236, 229, 221)))
        return Theme(page=page, card=(255,) * 3, ink=(20, 20, 25), dim=(130, 130, 138), accent=accent)
    page = rng.choice(((0,) * 3, (18,) * 3, (21, 32, 43), (24, 25, 26), (11, 20, 26)))
    card = tuple(min(255, c + rng.choice((0, 12, 20))) for c in page)
    return Theme(page=page, card=card, ink=(235, 235, 240), dim=(140, 140, 148), accent=accent)  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font; no font of the machine is needed."""
    return ImageFont.load_default(size)


def words(rng: Random, count: int) -> str:
    """Made-up words, the first with a capital."""
    made = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(count)]
    return " ".join(made).capitalize()


class Screen:
    """A picture of a screen that is drawn from the top downward, in units of 1/360 of its width."""

    def __init__(self, rng: Random, *, width: int, height: int) -> None:
        self.rng = rng
        self.theme = theme(rng)
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width, height), self.theme.page)
        self.draw = ImageDraw.Draw(self.image)
        self.y = 0

    def px(self, units: float) -> int:
        """Pixels of a length in units."""
        return max(1, round(units * min(self.width, self.height) / 360))

    def text(self, x: float, y: int, text: str, *, size: float, fill: Colour | None = None) -> int:
        """Write one line at x units, y pixels; returns the y below it."""
        self.draw.text((self.px(x), y), text, font=font(self.px(size)), fill=fill or self.theme.ink)
        return y + self.px(size * 1.35)

    def paragraph(self, x: float, *, lines: int, size: float, to: float = 345, fill: Colour | None = None) -> None:
        """Lines of made-up text from x units to at most `to` units; the last one is shorter."""
        for number in range(lines):
            limit = self.px(to) - self.px(x)
            if number == lines - 1:
                limit = round(limit * self.rng.uniform(0.2, 0.9))
            line = words(self.rng, 14)
            while self.draw.textlength(line, font=font(self.px(size))) > limit and " " in line:
                line = line.rsplit(" ", 1)[0]
            self.y = self.text(x, self.y, line, size=size, fill=fill)

    def disc(self, x: float, *, size: float, fill: Colour | None = None) -> None:
        """An avatar or round button at x units, at the current height."""
        r = self.px(size)
        colour = fill or tuple(self.rng.randrange(60, 220) for _ in range(3))
        self.draw.ellipse((self.px(x), self.y, self.px(x) + r, self.y + r), fill=colour)

    def bar(self, height: float, fill: Colour) -> int:
        """A bar over the full width at the current height; returns its lower edge without moving there."""
        lower = self.y + self.px(height)
        self.draw.rectangle((0, self.y, self.width, lower - 1), fill=fill)
        return lower

    def status_bar(self) -> None:
        """Clock, signal and battery at the top of a phone."""
        top = self.y + self.px(6)
        clock = f"{self.rng.randint(0, 23)}:{self.rng.randint(0, 59):02d}"
        self.text(14, top, clock, size=13)
        for i in range(3):
            x = 290 + 18 * i
            self.draw.rectangle((self.px(x), top + self.px(2), self.px(x + 12), top + self.px(11)), fill=self.theme.ink)
        self.y += self.px(self.rng.uniform(24, 34))

    def icons(self, count: int, *, size: float = 20, fill: Colour | None = None, spread: bool = True) -> None:
        """A row of outlined icons at the current height; moves below it."""
        step = 340 / count if spread else size * 1.7
        for i in range(count):
            x, s = self.px(12 + (step - size) / 2 * spread + step * i), self.px(size)
            draw = self.rng.choice((self.draw.ellipse, self.draw.rectangle))
            draw((x, self.y, x + s, self.y + s), outline=fill or self.theme.ink, width=self.px(1.8))
        self.y += self.px(size)

    def photo(self, image: Image.Image, x: float, *, width: float, most: float = 0.62, radius: float = 0) -> None:
        """Paste the photo at x units, scaled to `width` units and at most `most` of the height; moves below it."""
        scale = min(self.px(width) / image.width, self.height * most / image.height)
        shown = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        mask = Image.new("L", shown.size, 0)
        corners = self.px(radius) if radius else 0
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, shown.width - 1, shown.height - 1), corners, 255)
        self.image.paste(shown, (self.px(x) + (self.px(width) - shown.width) // 2, self.y), mask)
        self.y += shown.height

    def navigation(self) -> None:
        """The row of icons at the bottom of a phone, over whatever was there."""
        height = self.px(self.rng.uniform(44, 60))
        self.y = self.height - height
        self.draw.rectangle((0, self.y, self.width, self.height), fill=self.theme.card)
        self.draw.line((0, self.y, self.width, self.y), fill=self.theme.dim, width=1)
        self.y += self.px(10)
        self.icons(self.rng.randint(3, 5))
