"""A report as files: every section as CSV, and what is needed to make the very same files again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rempart.errors import ForeignFileError, RefusedError
from rempart.reports.reasons.dsa.words import CATEGORIES as OF_DATABASE
from rempart.reports.transparency.folding import VERSION
from rempart.reports.transparency.hiding import FEWEST
from rempart.reports.transparency.periods import Period
from rempart.reports.transparency.rows import Row, by_section, rows
from rempart.reports.transparency.sections import CATEGORIES, figures
from rempart.reports.transparency.template import Layout, Template

FORMAT = "rempart-transparency-report/1"
MANIFEST, TEMPLATE, WRITTEN = "report.json", "template.json", "written.toml"
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_PREFIX = "STATEMENT_CATEGORY_"
_KEYS = {
    "format",
    "counting",
    "hidden_below",
    "from",
    "to",
    "time_zone",
    "ledger",
    "leaves",
    "root",
    "checkpoint",
    "files",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a report was made of: days, and the first so many leaves of a ledger, with the root over them."""

    period: Period
    origin: str
    leaves: int
    root: str
    checkpoint: str = field(repr=False)


def files_of(
    counted: Mapping[tuple[str, str], int], made: Made, *, template: Template, written: str, own: Sequence[Row]
) -> dict[str, bytes]:
    """All files of a report, by their names. `own` are the rows of `written`, the operator's text."""
    told = by_section([*rows(figures(counted)), *_categories(), *own])
    found = {one.file: _csv(told.get(one.section, ()), one, template, made.period) for one in template.layouts}
    found |= {TEMPLATE: template.text.encode(), WRITTEN: written.encode()}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(found.items())}
    manifest = {
        "format": FORMAT, "counting": VERSION, "hidden_below": FEWEST, "from": f"{made.period.first:%Y-%m-%d}",
        "to": f"{made.period.last:%Y-%m-%d}", "time_zone": "UTC", "ledger": made.origin, "leaves": made.leaves,
        "root": made.root, "checkpoint": made.checkpoint, "files": digests,
    }  # fmt: skip
    return found | {MANIFEST: (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()}


def read_manifest(text: str) -> tuple[Made, Mapping[str, str]]:
    """What a report says it was made of, and the digests of its files. Raises ForeignFileError, and RefusedError for
    one that another version made."""
    try:
        document: Any = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT or document.keys() != _KEYS:
            raise ValueError("the keys")
        if (document["counting"], document["hidden_below"]) != (VERSION, FEWEST):
            raise RefusedError(
                "This report was counted in another way.", hint="Verify it with the version that made it."
            )
        made = Made(
            period=Period(first=date.fromisoformat(document["from"]), last=date.fromisoformat(document["to"])),
            origin=_text(document["ledger"]), leaves=_number(document["leaves"]), root=_text(document["root"]),
            checkpoint=_text(document["checkpoint"]),
        )  # fmt: skip
        files = {_text(name): _text(digest) for name, digest in document["files"].items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as err:
        raise ForeignFileError(f"{MANIFEST} does not say what a report says: {err}.") from err
    return made, files


def _categories() -> Iterable[Row]:
    """The categories that statements name, so that whoever reads the codes knows what they are."""
    for code in sorted(OF_DATABASE):
        name = code.removeprefix(_PREFIX).replace("_", " ").capitalize()
        yield Row(section=CATEGORIES, indicator="category", by="category", key=code, unit="text", value=name)


def _csv(told: Sequence[Row], layout: Layout, template: Template, period: Period) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guarded(heading) for _, heading in layout.columns])
    usual = {"period_from": f"{period.first:%Y-%m-%d}", "period_to": f"{period.last:%Y-%m-%d}"}
    for row in told:
        values = {name: getattr(row, name) for name in Row.__slots__}
        values |= usual | {"label": template.label(row.indicator, row.unit)}
        writer.writerow([guarded(values[name]) for name, _ in layout.columns])
    return out.getvalue().encode()


def guarded(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.lstrip(" \u00a0").startswith(_RISKY) else value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is needed")
    return value


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a number is needed")
    return value
