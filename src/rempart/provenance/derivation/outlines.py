"""The map of a finding as a drawing: frames, cells and nothing of the pictures themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from reportlab.graphics.shapes import Drawing, Group, Line, Polygon, Rect
from reportlab.lib.colors import HexColor

_INK, _AGREES, _FRAME, _PALE = HexColor("#1d2733"), HexColor("#5b7f95"), HexColor("#8a2f1d"), HexColor("#c4ccd4")

Size = tuple[float, float]


def suspect_outline(one: Mapping[str, Any], size: Size, room: Size) -> Drawing:
    """The suspect's frame with its cells, and the source's frame over it, in so much room."""
    drawing, place = _framed(size, room)
    cell = one["cell"]
    for row, line in enumerate(one["map"]):
        for column, mark in enumerate(line):
            _draw_cell(place, mark, (column * cell, row * cell), cell, drawing)
    drawing.add(_polygon(place, _within(one["quad"], size)))
    return drawing


def source_outline(one: Mapping[str, Any], suspect: Size, size: Size, room: Size) -> Drawing:
    """The source's frame, and in it the part that the suspect shows."""
    drawing, place = _framed(size, room)
    width, height = suspect
    frame = [(0.0, 0.0), (size[0], 0.0), (size[0], size[1]), (0.0, size[1])]
    back = _mapping(one["quad"], frame)
    corners = np.array([(0, 0, 1), (width, 0, 1), (width, height, 1), (0, height, 1)], np.float64) @ back.T
    if (corners[:, 2] * corners[0, 2] > 0).all():
        drawing.add(_polygon(place, _within([(float(x / z), float(y / z)) for x, y, z in corners], size)))
    return drawing


class _Place:
    """From a picture's pixels to a drawing's points, which grow upward."""

    def __init__(self, size: Size, room: Size) -> None:
        self.scale = min(room[0] / size[0], room[1] / size[1])
        self.width, self.height = size[0] * self.scale, size[1] * self.scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        return x * self.scale, self.height - y * self.scale


def _framed(size: Size, room: Size) -> tuple[Drawing, _Place]:
    place = _Place(size, room)
    drawing = Drawing(place.width, place.height)
    drawing.add(Rect(0, 0, place.width, place.height, fillColor=None, strokeColor=_INK, strokeWidth=0.8))
    return drawing, place


def _draw_cell(place: _Place, mark: str, at: tuple[float, float], cell: float, drawing: Drawing) -> None:
    if mark == " ":
        return
    side = cell * place.scale
    x, y = place.at(at[0], at[1] + cell)
    fill = _AGREES if mark == "#" else None
    group = Group(Rect(x, y, side, side, fillColor=fill, strokeColor=_PALE, strokeWidth=0.3))
    if mark == "x":
        group.add(Line(x, y, x + side, y + side, strokeColor=_INK, strokeWidth=0.5))
        group.add(Line(x, y + side, x + side, y, strokeColor=_INK, strokeWidth=0.5))
    drawing.add(group)


def _polygon(place: _Place, corners: Sequence[tuple[float, float]]) -> Polygon:
    points = [round(one, 2) for x, y in corners for one in place.at(x, y)]
    return Polygon(points, fillColor=None, strokeColor=_FRAME, strokeWidth=1.6)


def _within(corners: Sequence[Sequence[float]], size: Size) -> list[tuple[float, float]]:
    """The part of a polygon inside a frame, cut side by side (Sutherland and Hodgman 1974)."""
    found = [(float(x), float(y)) for x, y in corners]
    for axis, bound, sign in ((0, 0.0, 1), (0, size[0], -1), (1, 0.0, 1), (1, size[1], -1)):
        cut: list[tuple[float, float]] = []
        for one, two in zip(found, found[1:] + found[:1], strict=True):
            here, there = sign * (one[axis] - bound), sign * (two[axis] - bound)
            if here >= 0:
                cut.append(one)
            if (here >= 0) != (there >= 0):
                share = here / (here - there)
                cut.append((one[0] + share * (two[0] - one[0]), one[1] + share * (two[1] - one[1])))
        found = cut
    return found or [(0.0, 0.0), (0.0, 0.0)]


def _mapping(these: Sequence[Sequence[float]], those: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """The homography that takes four points to four others."""
    rows, right = [], []
    for (x, y), (u, v) in zip(these, those, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    found = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
    return np.append(found, 1.0).reshape(3, 3)
