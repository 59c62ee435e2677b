"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

from rempart.server.pages.published.figures import GROUPS

SERIES = [name for names in GROUPS.values() for name in names]
FAMILIES: dict[str, list[str]] = {
    "published.": [f"{name}{end}" for name in SERIES for end in ("", ".what")],
    "published.group.": list(GROUPS),
    "published.technique.": ["digest", "likeness"],
    "published.time.": [
        "notices_decided", "removals_confirmed", "complaints_decided", "cases_decided", "orders",
        "orders_carried_out", "orders_closed",
    ],
    "published.minutes.": ["one", "other"], "published.hours.": ["one", "other"], "published.days.": ["one", "other"],
}  # fmt: skip
SAME = {"published.statements", "published.minutes.one", "published.minutes.other", "published.percent"}
SAYING: set[str] = set()
