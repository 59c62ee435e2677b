"""The page itself: figures by month with their charts, and how findings held up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response

from rempart.reports.transparency.monthly import Run
from rempart.reports.transparency.periods import Every
from rempart.reports.transparency.public import Detector, Published, published
from rempart.reports.transparency.records import counts as records
from rempart.server.pages.figures import charts
from rempart.server.pages.published.contexts import Found, Months, Series, TransparencyPage
from rempart.server.pages.published.showing import for_anybody, show, words_of
from rempart.server.pages.texts import Texts
from rempart.server.service import Service

GROUPS: Mapping[str, tuple[str, ...]] = {
    "told": ("notices", "complaints"),
    "restricted": ("statements", "accounts"),
    "people": ("decided",),
    "machines": ("checks", "matched"),
    "authorities": ("orders", "reports"),
}
"""The parts of the page, and what each shows."""
_KEPT_SECONDS = 300
_KEPT = "published_figures"
"""Where the application keeps the page in each language."""


@for_anybody
async def transparency(request: Request, service: Service) -> Response:
    """The public figures."""
    answer = show(request, await run_in_threadpool(_page_now, request.app.state, service, words_of(request)))
    answer.headers["cache-control"] = f"public, max-age={_KEPT_SECONDS}"
    return answer


def _page_now(state: State, service: Service, words: Texts) -> TransparencyPage:
    """The page as it stands. It is made anew only when something more was counted, or on another day: anybody may ask
    for it as often as for any page."""
    told, today = service.settings.transparency, service.clock().date()
    kept: dict[str, tuple[object, TransparencyPage]] = getattr(state, _KEPT, {})
    with service.store.read() as conn:
        key = (today, records.mark(conn, records.POSITION), told)
        before = kept.get(words.lang)
        if before is not None and before[0] == key:
            return before[1]
        found = published(conn, today=today, every=Every(told.period))
    page = _page(found, service, words)
    setattr(state, _KEPT, {**kept, words.lang: (key, page)})
    return page


def _page(found: Published, service: Service, words: Texts) -> TransparencyPage:
    told, period = service.settings.transparency, found.period
    return TransparencyPage(
        service=told.name, since=found.since, half_years=Every(told.period) is Every.HALF_YEAR,
        groups={
            group: tuple(_series(name, found.series[name], words) for name in names) for group, names in GROUPS.items()
        },
        first=_long(period.first, words.lang) if period else "", last=_long(period.last, words.lang) if period else "",
        detectors=tuple(_found(one, words) for one in found.detectors), reversed_=found.reversed_,
        medians={name: took(minutes, words) for name, minutes in found.medians.items()},
    )  # fmt: skip


def _found(one: Detector, words: Texts) -> Found:
    def told(value: float | None) -> str:
        shown = "" if value is None else format_decimal(round(100 * value, 1), format="0.0", locale=words.lang)
        return words.say("published.percent", value=shown) if shown else ""

    return Found(
        by=one.by, key=one.key, judged=one.judged, confirmed=one.confirmed, share=told(one.share), low=told(one.low),
        high=told(one.high),
    )  # fmt: skip


def _series(name: str, some: tuple[Run, ...], words: Texts) -> Series:
    months = tuple(Months(label=label_of(one, words.lang), count=one.count) for one in some)
    chart = Markup("")
    if sum(one.count is not None for one in months) > 1:
        values = [one.count for one in months]
        chart = charts.columns(
            words.say(f"published.{name}"), _places(some, words.lang),
            [charts.Series(name=words.say(f"published.{name}"), values=values)],
            shown=lambda value: str(words.number(value)),
        )  # fmt: skip
    return Series(name=name, months=months, chart=chart)


def label_of(run: Run, lang: str) -> str:
    """A month, or several: November 2026, October – December 2026."""
    last = format_date(_day(run.last), "MMMM y", locale=lang)
    if run.first == run.last:
        return last
    same = run.first[:4] == run.last[:4]
    return f"{format_date(_day(run.first), 'MMMM' if same else 'MMMM y', locale=lang)} – {last}"


def took(minutes: int, words: Texts) -> str:
    """A length in words, in the largest unit that does not hide much."""
    if minutes < 120:
        return words.count("published.minutes", minutes)
    if minutes < 48 * 60:
        return words.count("published.hours", -(-minutes // 60))
    return words.count("published.days", -(-minutes // (24 * 60)))


def _places(some: tuple[Run, ...], lang: str) -> list[str]:
    """Short names for the axis: the last month of each run, the first of a year with the year."""
    before = ("", *(one.last[:4] for one in some))
    return [
        format_date(_day(one.last), "MMM" if one.last[:4] == year else "MMM yy", locale=lang)
        for one, year in zip(some, before, strict=False)
    ]


def _long(day: date, lang: str) -> str:
    return format_date(day, "d MMMM y", locale=lang)


def _day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
