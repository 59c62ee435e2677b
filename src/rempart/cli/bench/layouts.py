"""Screens and caption bars around a photo, drawn from random parameters.

The layouts differ in kind, not only in numbers. Those marked as held out were never looked at while the region probe
was made; their figures stand apart in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageDraw

from rempart.cli.bench.canvas import Screen, font, words

Picture = Image.Image


def screenshot(image: Picture, rng: Random, *, layout: str) -> Picture:
    """A screenshot that shows the photo, in one of the `LAYOUTS`; raises KeyError for another name."""
    if layout in _WIDE:
        width, height = rng.choice(((1280, 720), (1366, 768), (1440, 900), (1600, 1000)))
    else:
        width = rng.choice((540, 640, 720, 828, 1080))
        height = round(width * rng.uniform(1.75, 2.22))
    screen = Screen(rng, width=width, height=height)
    _DRAW[layout](screen, image)
    return screen.image


def text_page(rng: Random) -> Picture:
    """A screen of text, icons and avatars without any photo."""
    width = rng.choice((540, 720, 1080))
    screen = Screen(rng, width=width, height=round(width * rng.uniform(1.2, 2.2)))
    screen.status_bar()
    while screen.y < screen.height:
        if rng.random() < 0.4:
            screen.disc(14, size=36)
        screen.paragraph(rng.choice((14, 60)), lines=rng.randint(1, 6), size=rng.choice((11, 13, 15, 22)))
        screen.y += screen.px(rng.uniform(4, 24))
    return screen.image


def caption_bar(image: Picture, rng: Random, *, where: str) -> Picture:
    """The photo with a bar of text "above", "below" or at "both" ends, as wide as the photo."""
    dark = rng.random() < 0.4
    paper, ink = ((0,) * 3, (255,) * 3) if dark else ((255,) * 3, (0,) * 3)
    size = max(10, round(image.width * rng.uniform(0.035, 0.08)))
    bars = [_caption(image.width, rng, size=size, paper=paper, ink=ink) for _ in range(2)]
    above = bars[0] if where in ("above", "both") else None
    below = bars[1] if where in ("below", "both") else None
    parts = [part for part in (above, image, below) if part]
    canvas = Image.new("RGB", (image.width, sum(part.height for part in parts)), paper)
    y = 0
    for part in parts:
        canvas.paste(part, (0, y))
        y += part.height
    return canvas


def _caption(width: int, rng: Random, *, size: int, paper: tuple[int, ...], ink: tuple[int, ...]) -> Picture:
    lines, pad = rng.randint(1, 3), round(size * rng.uniform(0.3, 1.0))
    bar = Image.new("RGB", (width, round(lines * size * 1.3) + 2 * pad), paper)
    draw = ImageDraw.Draw(bar)
    for number in range(lines):
        line = words(rng, 12)
        while draw.textlength(line, font=font(size)) > width * 0.94 and " " in line:
            line = line.rsplit(" ", 1)[0]
        x = (width - draw.textlength(line, font=font(size))) / 2 if rng.random() < 0.7 else size / 2
        draw.text((x, pad + number * size * 1.3), line, font=font(size), fill=ink)
    return bar


def overlay_text(image: Picture, rng: Random) -> Picture:
    """A line of half-transparent text on the photo, 3 to 6 % high."""
    size = max(9, round(min(image.size) * rng.uniform(0.03, 0.06)))
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    place = (image.width * rng.uniform(0, 0.5), image.height * rng.uniform(0, 0.9))
    ImageDraw.Draw(layer).text(place, words(rng, 3), font=font(size), fill=(255, 255, 255, 170))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _feed(s: Screen, image: Picture) -> None:
    s.status_bar()
    s.text(14, s.y, words(s.rng, 1), size=20)
    s.y += s.px(s.rng.uniform(34, 48))
    s.disc(12, size=32)
    s.text(52, s.y + s.px(2), words(s.rng, 2), size=13)
    s.text(52, s.y + s.px(18), words(s.rng, 3), size=10, fill=s.theme.dim)
    s.y += s.px(s.rng.uniform(38, 46))
    if s.rng.random() < 0.5:
        s.paragraph(12, lines=s.rng.randint(1, 3), size=13)
        s.y += s.px(6)
    s.photo(image, 0, width=360)
    s.y += s.px(s.rng.uniform(8, 14))
    s.icons(s.rng.randint(3, 4), size=22, spread=False)
    s.y += s.px(10)
    s.text(12, s.y, f"{s.rng.randint(2, 9999)} {words(s.rng, 1)}", size=12)
    s.y += s.px(20)
    s.paragraph(12, lines=s.rng.randint(1, 4), size=13)
    s.y += s.px(16)
    s.disc(12, size=32)
    s.paragraph(52, lines=2, size=12)
    s.navigation()


def _chat(s: Screen, image: Picture) -> None:
    s.y = s.bar(s.rng.uniform(76, 92), s.theme.card)
    s.y = 0
    s.status_bar()
    s.disc(34, size=36)
    s.text(80, s.y + s.px(4), words(s.rng, 2), size=15)
    s.y += s.px(s.rng.uniform(58, 70))
    for _ in range(s.rng.randint(0, 3)):
        _bubble(s)
    mine, width = s.rng.random() < 0.5, s.rng.uniform(215, 280)
    x, pad = (350 - width if mine else s.rng.choice((10, 46))), s.rng.choice((0, 3, 4))
    top = s.y
    s.y += s.px(pad) if pad else 0
    before = s.image.copy() if pad else None
    s.photo(image, x, width=width, most=0.5, radius=s.rng.uniform(6, 16))
    if before is not None:
        _around(s, x, width, top, pad)
    s.text(x + width - 42, s.y - s.px(18), "12:07", size=10, fill=(255, 255, 255))
    s.y += s.px(12)
    while s.y < s.height - s.px(120):
        _bubble(s)
    s.navigation()


def _around(s: Screen, x: float, width: float, top: int, pad: float) -> None:
    """Draw the bubble that holds the photo just pasted, under it."""
    inner = s.image.crop((s.px(x), top + s.px(pad), s.px(x) + s.px(width), s.y))
    box = (s.px(x) - s.px(pad), top, s.px(x) + s.px(width) + s.px(pad), s.y + s.px(pad))
    s.draw.rounded_rectangle(box, s.px(10), fill=s.theme.card)
    s.image.paste(inner, (s.px(x), top + s.px(pad)))
    s.y += s.px(pad)


def _bubble(s: Screen) -> None:
    lines, mine = s.rng.randint(1, 3), s.rng.random() < 0.5
    x, to = (110.0, 345.0) if mine else (16.0, s.rng.uniform(180, 250))
    lower = s.y + s.px(18 * lines + 14)
    colour = s.theme.accent if mine else s.theme.card
    s.draw.rounded_rectangle((s.px(x - 8), s.y, s.px(to + 8), lower), s.px(12), fill=colour)
    s.y += s.px(6)
    s.paragraph(x, lines=lines, size=13, to=to)
    s.y = lower + s.px(8)


def _viewer(s: Screen, image: Picture) -> None:
    s.image.paste(s.rng.choice(((0, 0, 0), s.theme.page)), (0, 0, *s.image.size))
    light = s.image.getpixel((0, 0))
    ink = (235, 235, 235) if isinstance(light, tuple) and light[0] < 128 else (20, 20, 20)
    s.theme = type(s.theme)(page=s.theme.page, card=s.theme.card, ink=ink, dim=ink, accent=s.theme.accent)
    s.status_bar()
    s.text(50, s.y + s.px(4), words(s.rng, 3), size=14)
    shown = min(360 / image.width * image.height * s.width / 360, s.height * 0.7)
    s.y = round((s.height - shown) / 2)
    s.photo(image, 0, width=360, most=0.7)
    s.y = s.height - s.px(s.rng.uniform(50, 80))
    s.icons(s.rng.randint(3, 5), size=22)


def _article(s: Screen, image: Picture) -> None:
    s.status_bar()
    lower = s.bar(44, s.theme.card)
    field = (s.px(12), s.y + s.px(7), s.px(300), lower - s.px(7))
    s.draw.rounded_rectangle(field, s.px(14), outline=s.theme.dim, width=1)
    s.text(30, s.y + s.px(14), words(s.rng, 2).lower().replace(" ", "."), size=12)
    s.y = lower + s.px(s.rng.uniform(10, 24))
    margin = s.rng.uniform(10, 24)
    s.paragraph(margin, lines=s.rng.randint(1, 3), size=22)
    s.y += s.px(8)
    s.paragraph(margin, lines=1, size=11, fill=s.theme.dim)
    s.y += s.px(10)
    s.photo(image, margin, width=360 - 2 * margin, most=0.45)
    s.y += s.px(5)
    s.paragraph(margin, lines=1, size=10, fill=s.theme.dim)
    s.y += s.px(14)
    while s.y < s.height:
        s.paragraph(margin, lines=s.rng.randint(3, 7), size=14)
        s.y += s.px(12)


def _microblog(s: Screen, image: Picture) -> None:
    s.status_bar()
    s.text(150, s.y, words(s.rng, 1), size=16)
    s.y += s.px(40)
    for number in range(2):
        s.draw.line((0, s.y, s.width, s.y), fill=s.theme.dim, width=1)
        s.y += s.px(10)
        s.disc(12, size=40)
        s.text(62, s.y, words(s.rng, 2), size=13)
        s.y += s.px(20)
        s.paragraph(62, lines=s.rng.randint(1, 3), size=13)
        s.y += s.px(8)
        if number == 0:
            s.photo(image, 62, width=286, most=0.5, radius=s.rng.uniform(8, 16))
            s.y += s.px(8)
        s.icons(4, size=14, fill=s.theme.dim)
        s.y += s.px(10)
    while s.y < s.height:
        s.paragraph(62, lines=2, size=13)
        s.y += s.px(20)
    s.navigation()


def _desktop(s: Screen, image: Picture) -> None:
    side = round(s.width * s.rng.uniform(0.12, 0.22))
    bar = round(s.height * s.rng.uniform(0.05, 0.09))
    s.draw.rectangle((0, 0, s.width, bar), fill=s.theme.card)
    shade = tuple((a + b) // 2 for a, b in zip(s.theme.page, s.theme.dim, strict=True))
    s.draw.rectangle((0, bar, side, s.height), fill=shade)
    s.text(10, bar // 4, words(s.rng, 3), size=11)
    for row in range(s.rng.randint(4, 12)):
        s.text(8, bar + round((row + 0.5) * s.height * 0.06), words(s.rng, 1), size=9)
    room_w, room_h = s.width - side - 2 * bar, s.height - 3 * bar
    scale = min(room_w / image.width, room_h / image.height) * s.rng.uniform(0.8, 1.0)
    shown = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    x, y = side + bar + s.rng.randint(0, max(0, room_w - shown.width)), 2 * bar
    s.image.paste(shown, (x, y))
    s.draw.text((x, y + shown.height + bar // 4), words(s.rng, 6), font=font(max(9, bar // 3)), fill=s.theme.ink)


def _forum(s: Screen, image: Picture) -> None:
    for _ in range(s.rng.randint(1, 3)):
        s.y = s.bar(26, s.theme.accent) + s.px(4)
        s.paragraph(10, lines=s.rng.randint(1, 3), size=12)
        s.y += s.px(6)
    top = s.y = s.bar(26, s.theme.accent)
    s.text(10, top - s.px(20), words(s.rng, 2), size=12, fill=(255, 255, 255))
    margin = s.rng.uniform(4, 60)
    s.y += s.px(6)
    s.paragraph(10, lines=1, size=12)
    s.y += s.px(4)
    s.photo(image, margin, width=356 - margin, most=0.4)
    s.y += s.px(s.rng.uniform(2, 8))
    s.text(10, s.y, f"{words(s.rng, 1)}.jpg", size=10, fill=s.theme.dim)
    s.y += s.px(18)
    while s.y < s.height:
        s.y = s.bar(26, s.theme.accent) + s.px(4)
        s.paragraph(10, lines=s.rng.randint(2, 5), size=12)
        s.y += s.px(6)


def _profile(s: Screen, image: Picture) -> None:
    s.status_bar()
    s.disc(20, size=80)
    s.paragraph(120, lines=3, size=13)
    s.y += s.px(40)
    s.paragraph(14, lines=2, size=12)
    s.y += s.px(10)
    s.icons(3, size=20)
    s.y += s.px(8)
    gap = s.rng.choice((1, 2, 3))
    s.photo(image, 0, width=360, most=0.5)
    s.y += s.px(gap)
    side = (360 - 2 * gap) / 3
    while s.y < s.height:
        for column in range(3):
            x, shade = s.px(column * (side + gap)), tuple(s.rng.randrange(40, 220) for _ in range(3))
            box = (x, s.y, x + s.px(side), s.y + s.px(side))
            s.draw.rectangle(box, fill=shade)
            s.draw.ellipse((x + s.px(20), s.y + s.px(20), x + s.px(90), s.y + s.px(100)), fill=shade[::-1])
        s.y += s.px(side + gap)
    s.navigation()


_WIDE = frozenset({"desktop"})
_DRAW: Mapping[str, Callable[[Screen, Picture], None]] = {
    "feed": _feed,
    "chat": _chat,
    "viewer": _viewer,
    "article": _article,
    "microblog": _microblog,
    "desktop": _desktop,
    "forum": _forum,
    "profile": _profile,
}
_HELD_OUT = frozenset({"desktop", "forum", "profile"})
LAYOUTS: Mapping[str, bool] = {name: name in _HELD_OUT for name in _DRAW}
