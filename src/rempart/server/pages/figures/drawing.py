"""The charts of the page of figures, with words of its language."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from babel.dates import format_date
from markupsafe import Markup

from rempart.server.pages.figures import charts
from rempart.server.pages.figures.charts import Series
from rempart.server.pages.figures.contexts import AGES, StatisticsPage
from rempart.server.pages.texts import Texts

_BARS = 12
CHARTS = ("checks", "verdicts", "cases", "decisions", "ages", "times", "lists", "probes")
"""The names of the charts, in the order of the page."""


def drawn(page: StatisticsPage, words: Texts) -> StatisticsPage:
    """The page with its charts and the names of its months."""
    months = [one.month for one in page.checks]
    labels = {month: format_date(_first(month), "MMMM y", locale=words.lang) for month in months}
    return replace(page, charts={name: _chart(name, page, words) for name in CHARTS}, labels=labels)


def _chart(name: str, page: StatisticsPage, words: Texts) -> Markup:
    if name in ("lists", "probes"):
        told = [one for one in (page.lists if name == "lists" else page.probes) if one.share is not None][:_BARS]
        rows = [(one.label, round(100 * (one.share or 0))) for one in told]
        if not rows:
            return Markup("")
        return charts.bars(
            words.say(f"figures.chart.{name}"), rows, top=100,
            shown=lambda value: words.say("figures.percent", value=value),
        )  # fmt: skip
    if name == "ages":
        return _ages(page, words)
    return _by_month(name, page, words)


def _ages(page: StatisticsPage, words: Texts) -> Markup:
    if not page.queues:
        return Markup("")
    sums = [sum(one.counts[place] for one in page.queues) for place in range(len(AGES))]
    rows = [(words.say(f"figures.age.{age}"), count) for age, count in zip(AGES, sums, strict=True)]
    return charts.bars(words.say("figures.chart.ages"), rows, shown=lambda value: str(words.number(value)))


def _by_month(name: str, page: StatisticsPage, words: Texts) -> Markup:
    places = _places([one.month for one in page.checks], words)
    values: dict[str, list[int | None]] = {
        "checks": [one.total for one in page.checks],
        "hold": [one.hold for one in page.checks],
        "block": [one.block for one in page.checks],
        "opened": [one.opened for one in page.cases],
        "decided": [one.decided for one in page.cases],
        "upheld": [one.upheld for one in page.cases],
        "cleared": [one.cleared for one in page.cases],
        "middle": [None if one.middle is None else round(one.middle / 3600) for one in page.cases],
        "nearly_all": [None if one.nearly_all is None else round(one.nearly_all / 3600) for one in page.cases],
    }
    wanted = _SERIES[name]
    if not any(value for one in wanted for value in values[one]):
        return Markup("")
    series = [Series(name=words.say(f"figures.{one}"), values=values[one]) for one in wanted]
    draw = charts.lines if name in ("cases", "times") else charts.columns
    title = words.say(f"figures.chart.{name}")
    return draw(title, places, series, shown=lambda value: str(words.number(value)))


_SERIES = {
    "checks": ("checks",),
    "verdicts": ("block", "hold"),
    "cases": ("opened", "decided"),
    "decisions": ("upheld", "cleared"),
    "times": ("middle", "nearly_all"),
}


def _places(months: list[str], words: Texts) -> list[str]:
    """Short names of months; January with the year, and the first unless January follows."""
    with_year = {month for month in months if month.endswith("-01")}
    if not with_year & set(months[1:2]):
        with_year |= set(months[:1])
    return [
        format_date(_first(month), "MMM yy" if month in with_year else "MMM", locale=words.lang) for month in months
    ]


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
