"""The page of figures, its charts alone, and its tables as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.cases.quality import agreeing, precision
from rempart.cases.quality.counting import checks_until_now, month_of
from rempart.cases.quality.precision import Precision
from rempart.cases.records import figures as records
from rempart.cases.records.figures import CaseFigure
from rempart.errors import RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.doors import Pages, for_people
from rempart.server.pages.figures import tables
from rempart.server.pages.figures.contexts import ChecksOfMonth, Choice, QueueAges, StatisticsPage
from rempart.server.pages.figures.drawing import drawn
from rempart.server.pages.rendering import language, render
from rempart.server.pages.texts import Texts, texts

SPANS = (6, 12, 24)
"""How many months may be looked at."""
_BOUNDS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
_SHOWN = 30
_NARROWED = ("list", "category")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to see: so many months, of all cases or those of a list or category."""

    months: int = 12
    dimension: str = "all"
    key: str = ""

    @property
    def query(self) -> str:
        return f"months={self.months}" + (f"&of={self.dimension}:{self.key}" if self.key else "")


@for_people(Permission.STATISTICS_READ)
async def statistics_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Volumes, verdicts, ages, times, precision and agreement."""
    return render(request, await run_in_threadpool(_page, pages, _asked(request), _words(request, who)), who=who)


@for_people(Permission.STATISTICS_READ)
async def chart(request: Request, pages: Pages, who: Principal) -> Response:
    """One chart alone, as a picture."""
    page = await run_in_threadpool(_page, pages, _asked(request), _words(request, who))
    found = page.charts.get(request.path_params["name"])
    if not found:
        raise RefusedError("There is no such chart.", hint="Open it from the page of statistics.")
    return Response(str(found), media_type="image/svg+xml", headers={"cache-control": "no-store"})


@for_people(Permission.STATISTICS_READ)
async def csv(request: Request, pages: Pages, who: Principal) -> Response:
    """One table, for a spreadsheet."""
    name = request.path_params["name"]
    page = await run_in_threadpool(_page, pages, _asked(request), _words(request, who))
    if name not in tables.NAMES:
        raise RefusedError("There is no such table.", hint="Open it from the page of statistics.")
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="rempart-{name}.csv"'}
    return Response(tables.csv_of(page, name), media_type="text/csv; charset=utf-8", headers=headers)


def _asked(request: Request) -> Asked:
    """What the address asks for; what it says wrongly counts as not said."""
    months = request.query_params.get("months", "")
    dimension, _, key = request.query_params.get("of", "").partition(":")
    wanted = int(months) if months in {str(one) for one in SPANS} else Asked().months
    return (
        Asked(months=wanted, dimension=dimension, key=key) if dimension in _NARROWED and key else Asked(months=wanted)
    )


def _words(request: Request, who: Principal) -> Texts:
    return texts(who.language or language(request))


def _page(pages: Pages, asked: Asked, words: Texts) -> StatisticsPage:
    at = pages.access.clock()
    months = _months(at, asked.months)
    since = months[0]
    with pages.access.store.read() as conn:
        lists = precision.of_all(conn, "list", since=since)[:_SHOWN]
        categories = precision.of_all(conn, "category", since=since)[:_SHOWN]
        probes = precision.of_all(conn, "probe", since=since)[:_SHOWN]
        choices = _choices(asked, lists, categories)
        (checks, checks_until), cases = _checks(conn, months, at=at), _cases(conn, months, asked)
        ages = records.open_ages(conn, at=at, bounds=_BOUNDS)
        page = StatisticsPage(
            at=records.mark(conn, records.CASES), months=asked.months, spans=SPANS, choices=choices,
            slice=next((one.label for one in choices if one.chosen), ""), query=asked.query, checks=checks,
            checks_until=checks_until, cases=cases,
            queues=tuple(QueueAges(queue=queue, counts=counts) for queue, counts in ages),
            oldest=records.oldest_open(conn), lists=lists, categories=categories, probes=probes,
            agreements=agreeing.of_pairs(conn, since=since), looks=agreeing.of_looks(conn, since=since),
            charts={}, labels={},
        )  # fmt: skip
    return drawn(page, words)


def _months(at: datetime, count: int) -> tuple[str, ...]:
    """The names of so many months, the last one that of this time."""
    found, first = [], at.astimezone(UTC).replace(day=1)
    for _ in range(count):
        found.append(month_of(first))
        first = (first - timedelta(days=1)).replace(day=1)
    return tuple(reversed(found))


def _checks(
    conn: Connection, months: tuple[str, ...], *, at: datetime
) -> tuple[tuple[ChecksOfMonth, ...], datetime | None]:
    found: dict[str, dict[str, int]] = {month: {"allow": 0, "hold": 0, "block": 0} for month in months}
    rows, until = checks_until_now(conn, since=months[0], at=at)
    for month, _, verdict, count in rows:
        if month in found:
            found[month][verdict] += count
    return tuple(ChecksOfMonth(month=month, **counts) for month, counts in found.items()), until


def _cases(conn: Connection, months: tuple[str, ...], asked: Asked) -> tuple[CaseFigure, ...]:
    rows = records.of_cases(conn, asked.dimension, since=months[0], starts=asked.key)
    found: Mapping[str, CaseFigure] = {row.month: row for row in rows if row.key == asked.key}
    empty = CaseFigure(month="", dimension=asked.dimension, key=asked.key, label="")
    return tuple(found.get(month) or replace(empty, month=month) for month in months)


def _choices(asked: Asked, lists: tuple[Precision, ...], categories: tuple[Precision, ...]) -> tuple[Choice, ...]:
    """What the cases may be narrowed down to. What is asked for is among them even if nothing is known of it."""
    found = [("list", one.key, one.label) for one in lists] + [("category", one.key, one.label) for one in categories]
    if asked.key and not any((dimension, key) == (asked.dimension, asked.key) for dimension, key, _ in found):
        found.append((asked.dimension, asked.key, asked.key))
    return tuple(
        Choice(value=f"{dimension}:{key}", label=label, chosen=(dimension, key) == (asked.dimension, asked.key))
        for dimension, key, label in found
    )
