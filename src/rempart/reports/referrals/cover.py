"""The readable page of a package, as PDF: who sends what to whom, what people decided, where it is, how to check it.

The same frozen referral gives the same bytes. The built-in typefaces know Western European letters alone; any other is
shown by its number (`\\u043b`), and stands as it is in the data beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from rempart.reports.referrals.values import Part
from rempart.reports.referrals.wording import Words, words

MOST_PLACES = 60
_MOST_ADDRESS = 400
_INK, _RULE, _PALE = HexColor("#1d2733"), HexColor("#8896a5"), HexColor("#eef2f6")
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=10, leading=14, textColor=_INK, splitLongWords=1)
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=8.5, leading=11.5)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontName="Helvetica-Bold", fontSize=12.5, leading=16, spaceBefore=12, spaceAfter=4, keepWithNext=1)  # fmt: skip  # noqa: E501
_TITLE = ParagraphStyle("title", parent=_HEAD, fontSize=20, leading=25, spaceBefore=0)
_BOX = ParagraphStyle("box", parent=_TEXT, backColor=_PALE, borderPadding=7, spaceBefore=10, spaceAfter=12, leftIndent=7, rightIndent=7)  # fmt: skip  # noqa: E501
_LINE = ParagraphStyle("line", parent=_TEXT, leftIndent=18, firstLineIndent=-9, spaceAfter=3)
_CODE = ParagraphStyle("code", parent=_BOX, fontName="Courier", fontSize=9, leading=12)


def cover(frozen: Mapping[str, Any]) -> bytes:
    """The cover of a frozen referral, in its language."""
    said, stream = words(frozen["language"]), BytesIO()
    document = SimpleDocTemplate(
        stream, pagesize=A4, leftMargin=22 * mm, rightMargin=22 * mm, topMargin=20 * mm, bottomMargin=20 * mm,
        title=f"{said.say('title')} {frozen['referral']}", author=_plain(frozen["from"]["name"] or "Rempart"),
        lang=said.language, invariant=1,
    )  # fmt: skip

    def foot(canvas: Any, _: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_RULE)
        canvas.drawString(22 * mm, 12 * mm, said.say("page", referral=frozen["referral"], page=canvas.getPageNumber()))

    document.build([*_head(frozen, said), *_body(frozen, said)], onFirstPage=foot, onLaterPages=foot)
    return stream.getvalue()


def _head(frozen: Mapping[str, Any], said: Words) -> Iterator[Flowable]:
    yield _p(said.say("title"), _TITLE)
    yield _p(said.say("subtitle", referral=frozen["referral"]))
    if frozen["danger"]:
        yield _p(said.say("danger"), _BOX)
    has_content = Part.CONTENT.value in frozen["parts"] and frozen["contents"]
    yield _p(said.say("warning" if has_content else "no_content"), _BOX)
    rows = [(said.say("to"), "\n".join(_party(one, said) for one in frozen["to"]))]
    own = frozen["from"]
    known = [own["name"] or said.say("unnamed"), own["contact"], own["country"] and said.say("country", **own)]
    rows.append((said.say("from"), "\n".join(filter(None, known))))
    rows.append((said.say("made"), _when(frozen["made"])))
    rows.append((said.say("case"), frozen["case"]))
    if frozen["authority_name"]:
        rows.append((said.say("authority"), frozen["authority_name"]))
    rows.append((said.say("ground"), said.say("ground." + frozen["ground"])))
    yield _facts(rows)
    if frozen["note"]:
        yield _p(said.say("note"), _HEAD)
        yield _p(frozen["note"])


def _body(frozen: Mapping[str, Any], said: Words) -> Iterator[Flowable]:
    if Part.ASSESSMENTS.value in frozen["parts"]:
        yield _p(said.say("says"), _HEAD)
        yield _p(said.say("says_text"), _LEAD)
        for one in frozen["assessments"]:
            yield _p(f"• {_answer(one, said)}", _LINE)
        if not frozen["assessments"]:
            yield _p(said.say("nobody"))
        yield from _origins(frozen, said)
    yield _p(said.say("where"), _HEAD)
    yield from _places(frozen, said)
    yield _p(said.say("holds"), _HEAD)
    for part in frozen["parts"]:
        count = len(frozen["contents"]) if part == Part.CONTENT else len(frozen.get(part, ()))
        yield _p("• " + said.say(f"part.{part}", count=count), _LINE)
    if frozen["contents_missing"]:
        yield _p(said.say("content_missing", count=frozen["contents_missing"]))
    if frozen["held_back"]:
        yield _p(said.say("held_back"), _HEAD)
        yield _p(", ".join(said.say(f"held.{one}") for one in frozen["held_back"]) + ".")
        yield _p(said.say("held_text"))
    yield _p(said.say("check"), _HEAD)
    yield _p(said.say("check_text"))
    yield _p("age -d -i KEY.txt PACKAGE.age > package.zip\npython verify_referral.py package.zip NAME+HASH+KEY", _CODE)
    yield _p(said.say("check_key"))


def _origins(frozen: Mapping[str, Any], said: Words) -> Iterator[Flowable]:
    told = frozen.get("origins", ())
    if told:
        yield _p(said.say("origins"), _HEAD)
        yield _p(said.say("origins_text"), _LEAD)
    for one in told[:MOST_PLACES]:
        signed = said.say("origin_state." + one["credentials"]) if one["credentials"] else ""
        words = [said.say("origin." + one["declaration"]), _short(one["generator"] or ""), signed]
        yield _p(said.say("place", place=one["place"], address="; ".join(filter(None, words))), _LINE)


def _places(frozen: Mapping[str, Any], said: Words) -> Iterator[Flowable]:
    for one in frozen["locations"][:MOST_PLACES]:
        item = said.say("item", item=one["item"]) if one.get("item") else ""
        shown = _short(one["address"] or item or said.say("where_none"))
        yield _p(said.say("place", place=one["place"], address=shown), _LINE)
        stands = said.say("stands." + one["stands"])
        facts = said.say("place_facts", service=one["service"], at=_when(one["first_seen"]), stands=stands)
        both = said.say("both", one=item, other=facts)
        yield _p(both if item and one["address"] else facts, _PLACE)
    if len(frozen["locations"]) > MOST_PLACES:
        yield _p(said.say("where_more", count=len(frozen["locations"]) - MOST_PLACES))
    if not frozen["locations"]:
        yield _p(said.say("where_none"))


_LEAD = ParagraphStyle("lead", parent=_TEXT, spaceAfter=5)
_PLACE = ParagraphStyle("place", parent=_SMALL, leftIndent=22, spaceAfter=5)


def _party(one: Mapping[str, str], said: Words) -> str:
    kind = said.say("class." + one["class"])
    return f"{one['name']} ({kind}, {one['country']})" if one["country"] else f"{one['name']} ({kind})"


def _answer(one: Mapping[str, Any], said: Words) -> str:
    category = said.say("category", **one) if one["scheme"] and one["code"] else said.say("no_category")
    return said.say(
        "answer", at=_when(one["at"]), by=one["by"], category=category,
        decisions=", ".join(said.say(f"decision.{two}") for two in one["decisions"]),
        kind=said.say("kind." + (one["image_kind"] or "none")), confidence=said.say("confidence." + one["confidence"]),
    )  # fmt: skip


def _facts(rows: list[tuple[str, str]]) -> Table:
    table = Table(
        [[_p(name, _SMALL), _p(value)] for name, value in rows],
        colWidths=[38 * mm, 124 * mm],
        hAlign="LEFT",
        splitInRow=1,
    )
    table.setStyle(TableStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]))  # fmt: skip
    return table


def _when(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _p(text: str, style: ParagraphStyle = _TEXT) -> Paragraph:
    return Paragraph(escape(_plain(text)).replace("\n", "<br/>"), style)


def _short(text: str) -> str:
    """An address that is longer than anybody reads is cut; it stands whole in the data."""
    return text if len(text) <= _MOST_ADDRESS else f"{text[:_MOST_ADDRESS]} […]"


def _plain(text: str) -> str:
    """A text in letters that the typefaces have; control characters as their numbers too."""
    shown = "".join(one if one.isprintable() or one == "\n" else f"\\x{ord(one):02x}" for one in text)
    return shown.encode("cp1252", "backslashreplace").decode("cp1252")
