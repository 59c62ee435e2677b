"""From one leaf of the ledger to what it changes in the counts. Server and verifier use this and nothing else.

A leaf is counted by itself, without looking at any other: by its action, its day and the facts that it shows. Whoever
has an export counts what the deployment counted, in any order. What a leaf does not tell (one that was written before
its fact was introduced) is counted under `?`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

VERSION = 1
"""Another one means that everything is counted anew."""
UNKNOWN = "?"
UNRECORDED = "not_recorded"
"""What figures call it."""
UPHELD, CLEARED = frozenset({"remove", "restrict", "acted"}), frozenset({"release"})
"""What became of a case that was rightly opened, and of one that was not; one that was merged is counted as neither."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,79}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PRODUCTION = "production"
_MOST_TOOK = 10 * 366 * 24 * 60
_MOST_AT_ONCE = 1_000_000


class Change(NamedTuple):
    """So many more of something on a day (2026-11-22, UTC); `labels` say what of it, in an order of each measure's."""

    day: str
    measure: str
    labels: tuple[str, ...]
    amount: int


Facts = Mapping[str, Any]
Counted = Iterator[tuple[Any, ...]]
"""Measure and labels."""


def fold(body: Mapping[str, Any]) -> tuple[Change, ...]:
    """What a leaf (its body: action, day, facts) adds. Facts of another shape than ours are counted under `?`."""
    action, day, facts = body.get("action"), body.get("day"), body.get("facts")
    count = _COUNTING.get(action) if isinstance(action, str) else None
    if count is None or not isinstance(day, str) or not _DAY.fullmatch(day):
        return ()
    told = count(facts if isinstance(facts, Mapping) else {})
    return tuple(Change(day, measure, tuple(map(_word, labels)), 1) for measure, *labels in told)


def measures() -> tuple[str, ...]:
    """The actions that are counted."""
    return tuple(_COUNTING)


def _check(facts: Facts) -> Counted:
    yield "checks", facts.get("verdict"), "people" if facts.get("rule") == "decided" else "rule"
    yield "checks.outcome", facts.get("outcome")
    pairs = _detectors(facts, "matches")
    if pairs:
        yield ("checks.matched",)
    yield from (("checks.matched.by", by, key) for by, key in _keys(pairs))


def _verdict(facts: Facts) -> Counted:
    yield "verdicts", facts.get("reason")


def _opened(facts: Facts) -> Counted:
    yield "cases.opened", facts.get("kind")


def _reopened(_: Facts) -> Counted:
    yield ("cases.reopened",)


def _decided(facts: Facts) -> Counted:
    decision, first = facts.get("decision"), facts.get("round") == 1
    people = "single" if facts.get("single") is True else "two" if _number(facts.get("people"), 2) else "one"
    before = facts.get("before")
    yield "cases.decided", decision
    yield "cases.decided.people", people
    yield "cases.decided.round", "first" if first else "again"
    if first and _number(facts.get("took"), 0) is not None:
        yield "cases.took", facts["took"]
    if decision == "merged":
        return
    if "detectors" not in facts:
        yield "cases.without_detectors", decision
    became = _became(decision)
    turned = None if first or before is None else _turned(before, decision)
    if turned:
        yield "cases.turned", turned
    for by, key in _keys(_detectors(facts, "detectors")):
        if first and became:
            yield "judged", by, key, became
        if turned:
            yield "cases.turned.by", turned, by, key


def _received(facts: Facts) -> Counted:
    yield "notices", facts.get("role", "none")
    yield from (("notices.regime", one) for one in _words(facts, "regimes"))


def _notice_decided(facts: Facts) -> Counted:
    outcome, flagger = facts.get("outcome"), facts.get("role") == "flagger"
    if facts.get("first") is not True:
        yield ("notices.changed",)
        return
    by = "flagger" if flagger else "other"
    yield "notices.decided", outcome
    yield "notices.decided.sender", by
    yield "notices.decided.in_time", "late" if facts.get("late") is True else "in_time"
    for regime in _words(facts, "regimes"):
        yield "notices.decided.regime", regime
    if _number(facts.get("took"), 0) is not None:
        yield "notices.took", "all", "all", facts["took"]
        yield "notices.took", "sender", by, facts["took"]
        yield from (("notices.took", "regime", one, facts["took"]) for one in _words(facts, "regimes"))


def _withdrawn(_: Facts) -> Counted:
    yield ("notices.withdrawn",)


def _complaint(_: Facts) -> Counted:
    yield ("complaints",)


def _complaint_decided(facts: Facts) -> Counted:
    word = "upheld" if facts.get("upheld") is True else "rejected"
    yield "complaints.decided", word
    if _number(facts.get("took"), 0) is not None:
        yield "complaints.took", facts["took"]
    if word == "upheld":
        yield from (("complaints.upheld.by", by, key) for by, key in _keys(_detectors(facts, "detectors")))


def _removal(facts: Facts) -> Counted:
    yield "removals", "late" if facts.get("late") is True else "in_time"
    if _number(facts.get("took"), 0) is not None:
        yield "removals.took", facts["took"]


def _stated(facts: Facts) -> Counted:
    if facts.get("kind") == "lifted":
        yield "statements.lifted", facts.get("what")
        return
    source = facts.get("source")
    begun = "own" if source == "own_initiative" else UNKNOWN if source is None else "told"
    ground = facts.get("ground")
    yield "statements", begun, ground, facts.get("category")
    yield "statements.restriction", begun, ground, facts.get("what")
    yield "statements.decided", begun, ground, facts.get("decided")
    yield "statements.detected", begun, facts.get("detected")


def _order(facts: Facts) -> Counted:
    yield "orders", facts.get("country"), facts.get("kind")
    yield "orders.topic", facts.get("country"), facts.get("topic")


def _order_acknowledged(facts: Facts) -> Counted:
    if _number(facts.get("took"), 0) is not None:
        yield "orders.acknowledged", facts["took"]


def _order_done(facts: Facts) -> Counted:
    yield "orders.done", "late" if facts.get("late") is True else "in_time"
    if _number(facts.get("took"), 0) is not None:
        yield "orders.took", facts["took"]


def _order_closed(facts: Facts) -> Counted:
    yield "orders.closed", facts.get("outcome")
    if _number(facts.get("took"), 0) is not None:
        yield "orders.closed.took", facts["took"]


def _report(facts: Facts) -> Counted:
    if facts.get("environment") == _PRODUCTION:
        yield "reports", facts.get("authority", "ncmec"), facts.get("kind")


def _referral(facts: Facts) -> Counted:
    yield "referrals", facts.get("authority"), "content" if facts.get("content") is True else "no_content"


def _disclosure(facts: Facts) -> Counted:
    yield "disclosures", facts.get("to")


def _account(_: Facts) -> Counted:
    yield ("accounts.blocked",)


def _unfounded(_: Facts) -> Counted:
    yield "misuse", "unfounded"


def _warned(_: Facts) -> Counted:
    yield "misuse", "warned"


def _shown(facts: Facts) -> Counted:
    yield "looks", facts.get("step")


_COUNTING: Mapping[str, Callable[[Facts], Counted]] = {
    "check.answered": _check, "verdict.changed": _verdict, "case.opened": _opened, "case.reopened": _reopened,
    "case.decided": _decided, "notice.received": _received, "notice.decided": _notice_decided,
    "notice.withdrawn": _withdrawn, "notice.unfounded": _unfounded, "notice.warned": _warned,
    "complaint.received": _complaint, "complaint.decided": _complaint_decided, "removal.confirmed": _removal,
    "reason.stated": _stated, "account.blocked": _account, "evidence.shown": _shown, "order.received": _order,
    "order.acknowledged": _order_acknowledged, "order.closed": _order_closed, "report.filed": _report,
    "order.carried_out": _order_done, "referral.handed_over": _referral, "disclosure.made": _disclosure,
}  # fmt: skip


def _became(decision: object) -> str | None:
    if not isinstance(decision, str):
        return None
    return "confirmed" if decision in UPHELD else "rejected" if decision in CLEARED else None


def _turned(before: object, decision: object) -> str | None:
    """What a later round turned round: `restored` was taken down and is let stay, `taken_down` the other way."""
    was, now = _became(before), _became(decision)
    if was is None or now is None or was == now:
        return None
    return "restored" if now == "rejected" else "taken_down"


def _detectors(facts: Facts, name: str) -> Sequence[tuple[str, str]]:
    found = facts.get(name)
    rows = found if isinstance(found, list) else ()
    return [(_word(row.get("list")), _word(row.get("probe"))) for row in rows if isinstance(row, Mapping)]


def _keys(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What detectors are counted by, each once: the technique, the probe, the list."""
    found = {("probe", probe) for _, probe in pairs} | {("list", name) for name, _ in pairs}
    yield from sorted(found | {("technique", "digest" if probe == "exact" else "likeness") for _, probe in pairs})


def _words(facts: Facts, name: str) -> Sequence[str]:
    found = facts.get(name)
    return sorted({_word(one) for one in found}) if isinstance(found, list) else ()


def _number(value: object, least: int) -> int | None:
    return value if type(value) is int and least <= value <= _MOST_TOOK else None


def _word(value: object) -> str:
    """A label: words and whole numbers as we write them; whatever else stands there says nothing."""
    if type(value) is int and 0 <= value <= _MOST_AT_ONCE * 10:
        return str(value)
    good = isinstance(value, str) and value != UNRECORDED and _WORD.fullmatch(value)
    return str(value) if good else UNKNOWN
