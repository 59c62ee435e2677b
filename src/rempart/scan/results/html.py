"""Results as one self-contained page: no pictures, no scripts, nothing loaded; the groups kept apart."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from typing import IO, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from rempart.clock import iso
from rempart.scan.paths import visible
from rempart.scan.records import Record, Result, modified
from rempart.scan.results.facts import Report
from rempart.scan.results.texts import texts

ROWS = {"match": 2000, "known_good": 200, "never_seen": 1000, "unhashed": 1000, "left_out": 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the overview: which group, how many, and how to count them from the JSON Lines."""

    key: str
    count: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the template shows."""

    lang: str
    css: Markup
    csp: str
    report: Report
    figures: tuple[Figure, ...]
    settings: tuple[tuple[str, str], ...]
    tables: Mapping[str, list[Record]]
    totals: Mapping[str, int]
    started: str
    ended: str
    duration: str


def write(report: Report, stream: IO[bytes], *, lang: str = "en") -> None:
    """Write the page in `en` or `fr`. Long groups are cut after the numbers in `ROWS`, and say so."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    words = texts(lang)

    def say(key: str, **values: object) -> str:
        return words[key].format(**{name: _number(value, lang) for name, value in values.items()})

    environment.globals.update(say=say, number=lambda count: _number(count, lang))
    environment.filters.update(visible=visible, modified=modified)
    here = resources.files("rempart.scan.results")
    template = environment.from_string((here / "report.html").read_text("utf-8"))
    page = _page(report, lang, words, (here / "report.css").read_text("utf-8"))
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
    for part in template.generate(page=page):
        text.write(part)
    text.flush()
    text.detach()


def _page(report: Report, lang: str, words: Mapping[str, str], css: str) -> Page:
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    facts, tally = report.facts, report.tally
    return Page(
        lang=lang,
        css=Markup(css),  # noqa: S704  our own file
        csp=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        report=report,
        figures=_figures(report),
        settings=_settings(report, words),
        tables={name: list(islice(rows, ROWS[name])) for name, rows in _tables(report)},
        totals={
            "match": tally.matched, "known_good": tally.known_good, "never_seen": tally.never_seen_pictures,
            "unhashed": tally.unhashed, "left_out": tally.left_out,
        },
        started=iso(facts.started), ended=iso(facts.ended),
        duration=_duration((facts.ended - facts.started).total_seconds()),
    )  # fmt: skip


def _tables(report: Report) -> Iterator[tuple[str, Iterator[Record]]]:
    yield "match", report.records(Result.MATCH)
    yield "known_good", report.records(Result.KNOWN_GOOD)
    yield "never_seen", (record for record in report.records(Result.CLEAR) if record.is_picture)
    yield "unhashed", (record for record in report.records(Result.UNHASHED) if not record.by_design)
    yield "left_out", (record for record in report.records(Result.UNHASHED) if record.by_design)


def _figures(report: Report) -> tuple[Figure, ...]:
    tally = report.tally
    rows = (
        ("match_exact", tally.exact, 'result = "match", a match has probe "exact"'),
        ("match_similar", tally.similar, 'result = "match", no match has probe "exact"'),
        ("known_good", tally.known_good, 'result = "known_good"'),
        ("never_seen", tally.never_seen_pictures, 'result = "clear", media_type begins with "image/"'),
        ("other_clear", tally.other_clear, 'result = "clear", any other media_type or null'),
        ("unhashed", tally.unhashed, 'result = "unhashed", problem is not "link" or "special"'),
        ("total", tally.files, 'all objects whose problem is not "link" or "special"'),
        ("left_out", tally.left_out, 'problem = "link" or "special"'),
    )
    return tuple(Figure(key=key, count=count, rule=rule) for key, count, rule in rows)


def _settings(report: Report, words: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    facts = report.facts
    unkept = words["atime_unkept"].format(count=facts.atime_unkept)
    return (
        (words["probe_set"], facts.probe_set),
        (words["radius"], str(facts.radius)),
        (words["recipe"], facts.recipe),
        (words["workers"], str(facts.workers)),
        (words["archives"], words["archives_yes"] if facts.archives else words["archives_no"]),
        (words["atime"], unkept if facts.atime_unkept else words["atime_kept"]),
        (words["limits"], ", ".join(f"{name} {value}" for name, value in facts.limits)),
        (words["software"], ", ".join(f"{name} {value}" for name, value in facts.software)),
    )


def _number(value: object, lang: str) -> Any:
    """Whole numbers with a thin space between thousands, which both languages read."""
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else value


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours} h {minutes:02} min {whole % 60:02} s" if hours else f"{minutes} min {whole % 60:02} s"
