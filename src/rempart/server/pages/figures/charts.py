"""Charts as SVG, drawn on the server. What a chart shows stands in a table beside it as well.

The colours come from the page's style sheet by class (`s1`, `s2`, …); the attributes are for a chart that stands alone.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import leather
from markupsafe import Markup

WIDTH, HEIGHT = 720, 260
_BAR_HEIGHT, _BARS_FRAME = 26, 70
_PALETTE = ("#1f5f6b", "#c08a2d", "#7a6c9e")
_INK, _LINE = "#4d5a5c", "#cfd6d2"
_LONGEST_NAME = 26
_TICKS = 5
_FONT = "system-ui, sans-serif"
_SAID_ONCE = {"text": ("font-family", "font-size", "fill"), "line": ("stroke-width",)}
"""What the library says at each element, and the whole picture says once."""
_LONG = re.compile(r"\d+\.\d{2,}")
Shown = Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Numbers with a name, one for each place of the chart; None leaves a place empty."""

    name: str
    values: Sequence[int | None]


def columns(title: str, places: Sequence[str], series: Sequence[Series], *, shown: Shown = str) -> Markup:
    """Columns over places, several series on top of each other, the first at the bottom."""
    chart = leather.Chart()
    sums = [list(accumulate(one)) for one in zip(*([v or 0 for v in s.values] for s in series), strict=True)]
    for number, one in reversed(list(enumerate(series))):
        rows = [(place, so_far[number]) for place, so_far in zip(_distinct(places), sums, strict=True)]
        chart.add_columns(rows, name=one.name, fill_color=_PALETTE[number])
    _count_axis(chart, max((one[-1] for one in sums), default=0), shown)
    _place_axis(chart, places)
    return _drawn(chart, title, order=[len(series) - number for number in range(len(series))], height=HEIGHT)


def lines(title: str, places: Sequence[str], series: Sequence[Series], *, shown: Shown = str) -> Markup:
    """Lines over places."""
    chart = leather.Chart()
    # From 0 to 100: the library widens any other span to round numbers, and would leave room at the end.
    across = [100 * number / max(1, len(places) - 1) for number in range(len(places))]
    order = [number + 1 for number, one in enumerate(series) if any(value is not None for value in one.values)]
    for number in order:
        one = series[number - 1]
        chart.add_line(list(zip(across, one.values, strict=True)), name=one.name, stroke_color=_PALETTE[number - 1])
    if not order:
        return Markup("")
    chart.add_x_scale(0, 100)
    _count_axis(chart, max(value for one in series for value in one.values if value is not None), shown)
    _place_axis(chart, places, ticks=across)
    return _drawn(chart, title, order=order, height=HEIGHT)


def bars(title: str, rows: Sequence[tuple[str, int]], *, top: int | None = None, shown: Shown = str) -> Markup:
    """Bars that lie, one under the other, with their names before them."""
    chart = leather.Chart()
    named = [(_short(name), value) for name, value in rows]
    keys = _distinct([name for name, _ in named])
    chart.add_bars([(value, key) for key, (_, value) in zip(keys, named, strict=True)], fill_color=_PALETTE[0])
    highest = max((value for _, value in rows), default=0) if top is None else top
    ticks = _ticks(highest)
    chart.add_x_scale(0, max(ticks))
    chart.add_x_axis(ticks=ticks, tick_formatter=lambda value, _place, _count: shown(int(value)))
    chart.add_y_axis(tick_formatter=lambda value, _place, _count: str(value).rstrip("\u200b"))
    return _drawn(chart, title, order=[1], height=_BARS_FRAME + _BAR_HEIGHT * len(rows))


def _drawn(chart: leather.Chart, title: str, *, order: Sequence[int], height: int) -> Markup:
    """The chart as one element that a screen reader calls by its title."""
    root = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {height}", "class": "chart", "role": "img",
        "aria-label": title, "font-family": _FONT, "font-size": "13", "fill": _INK,
    })  # fmt: skip
    group: ET.Element = chart.to_svg_group(WIDTH, height)
    for background in [one for one in group if one.tag == "rect"]:
        group.remove(background)
    for one in group.iter():
        for name in _SAID_ONCE.get(one.tag, ()):
            one.attrib.pop(name, None)
        if one.tag == "line":
            one.set("stroke", _LINE)
        for name, value in one.attrib.items():
            one.set(name, _LONG.sub(lambda found: f"{float(found[0]):.1f}", value))
    shapes = [one for one in group.iter("g") if (one.get("class") or "").startswith("series")]
    for shape, number in zip(shapes, order, strict=True):
        shape.set("class", f"{shape.get('class')} s{number}")
    for key, number in zip(_keys(group), order, strict=False):
        key.set("class", f"s{number}")
    root.append(group)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  (the library escapes what it is given)


def _keys(group: ET.Element) -> list[ET.Element]:
    """The coloured squares of the legend, in its order."""
    header = group[0][0]
    return [one for one in header.iter() if one.tag in ("rect", "circle")]


def _count_axis(chart: leather.Chart, highest: int, shown: Shown) -> None:
    ticks = _ticks(highest)
    chart.add_y_scale(0, max(ticks))
    chart.add_y_axis(ticks=ticks, tick_formatter=lambda value, _place, _count: shown(int(value)))


def _place_axis(chart: leather.Chart, places: Sequence[str], *, ticks: Sequence[float] | None = None) -> None:
    every = 1 if len(places) <= 12 else 2 if len(places) <= 24 else 4
    first = next((number for number, name in enumerate(places) if name[-1:].isdigit()), 0) % every  # years are shown
    told = [name if number % every == first else "" for number, name in enumerate(places)]
    chart.add_x_axis(ticks=ticks, tick_formatter=lambda _value, place, _count: told[place])


def _ticks(highest: int) -> list[int]:
    """Round whole numbers from 0 to the highest or a little more."""
    step = 1
    while step * _TICKS < highest:
        step = step * 2 if str(step)[0] in "15" else step // 2 * 5
    return list(range(0, max(highest, 1) + step, step))


def _distinct(names: Sequence[str]) -> list[str]:
    """The names with so many zero-width spaces that no two are the same: the library tells places apart by them."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        found.append(name + "\u200b" * seen[name])
    return found


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
