"""The report on a comparison, as PDF: findings, their maps as outlines, error rates, and what none of it tells.

It is made from the JSON document alone, holds no clock, and is the same to the bit for the same document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from html import escape
from importlib import resources
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from rempart.provenance.derivation.calibration import calibration
from rempart.provenance.derivation.outlines import source_outline, suspect_outline

LANGUAGES = ("en", "fr")
MOST_MAPS, MOST_ROWS = 40, 60
_ROOM = (80 * mm, 80 * mm)
_INK, _RULE, _PALE = HexColor("#1d2733"), HexColor("#8896a5"), HexColor("#eef2f6")
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=10, leading=14, textColor=_INK, splitLongWords=1)
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=8.5, leading=11.5)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontName="Helvetica-Bold", fontSize=12.5, leading=16, spaceBefore=12, spaceAfter=4, keepWithNext=1)  # fmt: skip  # noqa: E501
_TITLE = ParagraphStyle("title", parent=_HEAD, fontSize=20, leading=25, spaceBefore=0)
_BOX = ParagraphStyle("box", parent=_TEXT, backColor=_PALE, borderPadding=7, spaceBefore=10, spaceAfter=12, leftIndent=7, rightIndent=7)  # fmt: skip  # noqa: E501
_LINE = ParagraphStyle("line", parent=_TEXT, leftIndent=12, firstLineIndent=-9, spaceAfter=3)

Words = Mapping[str, str]


def report(document: Mapping[str, Any], *, language: str = "en") -> bytes:
    """The PDF of what `rempart derive --json` gave, in English or French; it names the digest of that very line."""
    said, stream = _words(language), BytesIO()
    digest = hashlib.sha256(written(document).encode()).hexdigest()
    paper = SimpleDocTemplate(
        stream, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=20 * mm,
        title=said["title"], author="Rempart", lang=language, invariant=1,
    )  # fmt: skip

    def foot(canvas: Any, _: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_RULE)
        page = said["page"].format(digest=(document["sha256"] or "")[:16], page=canvas.getPageNumber())
        canvas.drawString(20 * mm, 12 * mm, page)

    story = [*_head(document, said), *_findings(document, said), *_rates(said), *_made(document, said, digest)]
    paper.build(story, onFirstPage=foot, onLaterPages=foot)
    return stream.getvalue()


def written(document: Mapping[str, Any]) -> str:
    """The document as `--json` prints it, with the end of its line."""
    return json.dumps(document) + "\n"


@cache
def _words(language: str) -> Words:
    text = resources.files(__package__).joinpath("texts", f"{language}.json").read_text("utf-8")
    found: Words = json.loads(text)
    return found


def _head(document: Mapping[str, Any], said: Words) -> Iterator[Flowable]:
    results = document["results"]
    found = sum(one.get("finding") == "shared_content" for one in results)
    yield _p(said["title"], _TITLE)
    yield _p(said["subtitle"])
    yield _p(said["answer_some" if found else "answer_none"].format(found=found, count=len(results)), _BOX)
    yield _p(said["suspect"], _HEAD)
    yield _facts(_file(document, document["suspect"], said))
    yield _p(said["all"], _HEAD)
    first = sorted(results, key=lambda one: one.get("finding") != "shared_content")
    rows = [(said["source"], said["digest"], said["finding"])]
    rows += [(one["source"], (one["sha256"] or "–")[:16], _finding(one, said)) for one in first[:MOST_ROWS]]
    yield _grid(rows, (84 * mm, 36 * mm, 50 * mm))
    if len(first) > MOST_ROWS:
        yield _p(said["more"].format(count=len(first) - MOST_ROWS), _SMALL)


def _findings(document: Mapping[str, Any], said: Words) -> Iterator[Flowable]:
    told = [one for one in document["results"] if one.get("map") and one["inliers"] >= _least(document)]
    for one in sorted(told, key=lambda one: one["finding"] != "shared_content")[:MOST_MAPS]:
        yield KeepTogether([
            _p(f"{said['source']}: {one['source']}", _HEAD), _facts(_told(one, said)), Spacer(1, 3 * mm),
            _maps(document, one, said), _p(said["legend"], _SMALL),
        ])  # fmt: skip


def _least(document: Mapping[str, Any]) -> int:
    return int(document["method"]["rules"]["least_kept"])


def _told(one: Mapping[str, Any], said: Words) -> list[tuple[str, str]]:
    rows = [*_file(one, one["source"], said), (said["finding"], f"{_finding(one, said)}. {_reason(one, said)}")]
    rows.append((said["points"], said["points_value"].format(**one)))
    share = partial(_percent, said=said)
    rows.append((said["agreement"], said["agreement_value"].format(agreement=share(one["agreement"]), **_less(one))))
    rows.append((said["mirrored"], said["yes" if one["mirrored"] else "no"]))
    rows.append((said["part"], said["part_value"].format(shown=share(one["shown"]), covers=share(one["covers"]))))
    if one["band"]:
        low, high = share(one["band"]["from"]), share(one["band"]["to"])
        rows.append((said["band"], said["band_value"].format(low=low, high=high, **one["band"])))
    return rows


def _less(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "agreement"}


def _maps(document: Mapping[str, Any], one: Mapping[str, Any], said: Words) -> Table:
    suspect, source = (document["width"], document["height"]), (one["width"], one["height"])
    drawn = [suspect_outline(one, suspect, _ROOM), source_outline(one, suspect, source, _ROOM)]
    titles = [_p(said["map_suspect"], _SMALL), _p(said["map_source"], _SMALL)]
    table = Table([titles, drawn], colWidths=[85 * mm, 85 * mm], hAlign="LEFT")
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return table


def _rates(said: Words) -> Iterator[Flowable]:
    found = calibration()
    yield _p(said["rests"], _HEAD)
    yield _p(said["rests_text"].format(pictures=found["pictures"]))
    names = _row_names(said)
    rows = [(said["edit"], said["comparisons"], said["found"], said["share"])]
    rows += [
        (names.get(one["name"], one["name"]), str(one["comparisons"]), str(one["found"]),
         _percent(one["found"] / one["comparisons"], said=said))
        for one in found["copies"]
    ]  # fmt: skip
    yield _p(said["copies"], _HEAD)
    yield _grid(rows, (90 * mm, 28 * mm, 28 * mm, 24 * mm))
    rows = [(said["pairs"], said["comparisons"], said["findings"], said["bound"])]
    for key in ("unrelated", "decoys"):
        for one in found[key]:
            name = names.get(one["name"], one["name"])
            label = said["unrelated"].format(name=name) if key == "unrelated" else name
            rows.append(
                (label, str(one["comparisons"]), str(one["found"]), _percent(one["bound"], said=said, digits=3))
            )
    yield _p(said["others"], _HEAD)
    yield _grid(rows, (90 * mm, 26 * mm, 22 * mm, 32 * mm))


def _row_names(said: Words) -> dict[str, str]:
    """What the calibration's rows are called, where a language has names of its own for them."""
    return {key.removeprefix("row."): text for key, text in said.items() if key.startswith("row.")}


def _made(document: Mapping[str, Any], said: Words, digest: str) -> Iterator[Flowable]:
    yield _p(said["cannot"], _HEAD)
    for one in ("first", "new", "same", "absent"):
        yield _p(f"• {said[f'cannot.{one}']}", _LINE)
    method = document["method"]
    rules = dict(method["rules"])
    rules["least_agreement"] = _percent(rules["least_agreement"], said=said)
    rules["least_spread"] = _percent(rules["least_spread"], said=said)
    yield _p(said["made"], _HEAD)
    yield _p(said["rules"].format(**rules))
    yield _p(said["made_value"].format(**method))
    yield _facts([(said["data"], digest)])


def _file(one: Mapping[str, Any], path: str, said: Words) -> list[tuple[str, str]]:
    rows = [(said["file"], path), (said["digest"], one["sha256"] or "–")]
    if "width" in one:
        rows.append((said["size"], said["size_value"].format(**one)))
    return rows


def _finding(one: Mapping[str, Any], said: Words) -> str:
    return said[f"finding.{one.get('finding', 'none')}"]


def _reason(one: Mapping[str, Any], said: Words) -> str:
    return said[f"reason.{one.get('reason', 'none')}"].format(outcome=one["outcome"])


def _percent(share: float, *, said: Words, digits: int = 0) -> str:
    shown = f"{100 * share:.{digits}f}"
    return f"{shown.replace('.', ',')} %" if said is _words("fr") else f"{shown} %"


def _facts(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table([[_p(name, _SMALL), _p(value)] for name, value in rows], colWidths=[36 * mm, 134 * mm], hAlign="LEFT")
    table.setStyle(_ruled())
    return table


def _grid(rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
    cells = [[_p(cell, _SMALL) for cell in row] for row in rows]
    table = Table(cells, colWidths=widths, hAlign="LEFT", repeatRows=1)
    table.setStyle(_ruled())
    return table


def _ruled() -> TableStyle:
    return TableStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ])  # fmt: skip


def _p(text: str, style: ParagraphStyle = _TEXT) -> Paragraph:
    return Paragraph(escape(_plain(text)), style)


def _plain(text: str) -> str:
    """A text in letters that the typefaces have; control characters as their numbers too."""
    shown = "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)
    return shown.encode("cp1252", "backslashreplace").decode("cp1252")
