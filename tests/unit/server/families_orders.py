"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

from rempart.deadlines.clocks import State as Clock
from rempart.reports.orders.values import (
    Contest,
    Ground,
    OrderKind,
    OrderState,
    Outcome,
    PartState,
    RecipientClass,
    Topic,
    What,
)

_KINDS = [one.value for one in OrderKind]
FAMILIES: dict[str, list[str]] = {
    "orders.show.": ["live", "closed", "all"],
    "orders.kind.": _KINDS,
    "orders.kind_text.": _KINDS,
    "orders.about_text.": _KINDS,
    "orders.topic.": [one.value for one in Topic],
    "orders.class.": [one.value for one in RecipientClass],
    "orders.state.": [one.value for one in OrderState],
    "orders.outcome.": [one.value for one in Outcome],
    "orders.contest.": [one.value for one in Contest],
    "orders.part.": [
        *(one.value for one in PartState if one is not PartState.DONE),
        *(f"{kind}.done" for kind in _KINDS),
    ],
    "orders.clock_what.": ["act", "keep"],
    "orders.clock_state.": [one.value for one in Clock],
    "orders.objects.": [
        f"{kind}.{form}" for kind in ("removal", "preservation", "destruction") for form in ("one", "other")
    ],
    "orders.subject.": ["report", "referral", "order"],
    "orders.what.": [one.value for one in What],
    "orders.ground.": [one.value for one in Ground],
    "orders.told.": ["extension", "contest", "answer"],
}
SAME: set[str] = {
    "orders.utc",
    "orders.kind.destruction",
    "orders.destroy",
    "orders.class.police",
    "orders.class.ncmec",
}
SAYING: set[str] = {
    *(
        f"reports/orders/{name}.py"
        for name in (
            "answering", "destroying", "disclosures", "locating", "reading", "removing", "seeing", "taking", "values",
        )
    ),
}  # fmt: skip
