"""From counts to the figures of a report: which section says what, and how it is broken down.

No number stands in two breakdowns that cross each other: from two margins of one table a hidden cell could be reckoned.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from rempart.reports.transparency.folding import UNKNOWN, UNRECORDED
from rempart.reports.transparency.hiding import Group, Node, hide, is_small

JOIN = "|"
IDENTIFICATION, CATEGORIES, ORDERS, NOTICES, OWN_ILLEGAL, OWN_TERMS, APPEALS, AUTOMATED, PEOPLE, RECIPIENTS, WORDS = (
    "report_identification", "categories_names", "member_states_orders", "notices", "own_initiative_illegal",
    "own_initiative_TC", "appeals_and_recidivism", "automated_means", "human_resources", "AMAR", "qualitative",
)  # fmt: skip
FURTHER = "further_figures"
SECTIONS = (
    IDENTIFICATION, CATEGORIES, ORDERS, NOTICES, OWN_ILLEGAL, OWN_TERMS, APPEALS, AUTOMATED, PEOPLE, RECIPIENTS, WORDS,
    FURTHER,
)  # fmt: skip
"""The eleven sections of Implementing Regulation (EU) 2024/2835 in their order, and what no section of it asks for."""
_DETECTORS = ("technique", "probe", "list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that a section tells, with its breakdowns. `of` are breakdown and key where it is one of a detector."""

    section: str
    indicator: str
    node: Node
    of: tuple[str, str] = ("", "")


class Counts:
    """What was counted, by measure and labels."""

    def __init__(self, counted: Mapping[tuple[str, str], int]) -> None:
        self._of: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        for (measure, labels), count in counted.items():
            self._of[measure][tuple(labels.split(JOIN)) if labels else ()] += count

    def total(self, measure: str) -> int:
        """How many there were in all."""
        return sum(self._of[measure].values())

    def by(self, measure: str, *start: str) -> Counter[str]:
        """How many by the label after these."""
        found: Counter[str] = Counter()
        for labels, count in self._of[measure].items():
            if labels[: len(start)] == start and len(labels) > len(start):
                found[labels[len(start)]] += count
        return found

    def spans(self, measure: str, *start: str) -> dict[int, int]:
        """Lengths in minutes, and how many there were of each; the length is the last label."""
        found = self.by(measure, *start)
        return {int(length): count for length, count in found.items() if length.isascii() and length.isdigit()}


def figures(counted: Mapping[tuple[str, str], int]) -> tuple[Figure, ...]:
    """All figures, small numbers hidden."""
    counts = Counts(counted)
    trees = (*_orders(counts), *_notices(counts), *_appeals(counts), *_automated(counts), *_people(counts),
             *_further(counts))  # fmt: skip
    return (*(replace(one, node=hide(one.node)) for one in trees), *_statements(counts))


def _orders(counts: Counts) -> Iterable[Figure]:
    countries = {
        country: Node(
            value=count,
            groups={"kind": _parts(counts.by("orders", country)), "topic": _parts(counts.by("orders.topic", country))},
        )
        for country, count in counts.by("orders").items()
    }
    received = Node(
        value=counts.total("orders"), groups={"country": Group(nodes=_named(countries))},
        spans=counts.spans("orders.acknowledged"),
    )  # fmt: skip
    yield Figure(section=ORDERS, indicator="orders", node=received)
    done = Node(
        value=counts.total("orders.done"), spans=counts.spans("orders.took"),
        groups={"in_time": _parts(counts.by("orders.done"), known=("in_time", "late"))},
    )  # fmt: skip
    yield Figure(section=ORDERS, indicator="orders_carried_out", node=done)
    closed = Node(
        value=counts.total("orders.closed"), groups={"outcome": _parts(counts.by("orders.closed"))},
        spans=counts.spans("orders.closed.took"),
    )  # fmt: skip
    yield Figure(section=ORDERS, indicator="orders_closed", node=closed)


def _notices(counts: Counts) -> Iterable[Figure]:
    received = counts.total("notices")
    regimes = _marks(counts.by("notices.regime"))
    groups = {"sender": _parts(counts.by("notices"), known=("flagger", "none")), "regime": regimes}
    yield Figure(section=NOTICES, indicator="notices", node=Node(value=received, groups=groups))
    senders = {
        name: Node(value=count, spans=counts.spans("notices.took", "sender", name))
        for name, count in _with(counts.by("notices.decided.sender"), ("flagger", "other")).items()
    }
    applied = {
        name: Node(value=count, spans=counts.spans("notices.took", "regime", name))
        for name, count in counts.by("notices.decided.regime").items()
    }
    decided = Node(
        value=counts.total("notices.decided"), spans=counts.spans("notices.took", "all", "all"),
        groups={
            "outcome": _parts(counts.by("notices.decided"), known=("kept", "mixed", "not_found", "removed")),
            "sender": Group(nodes=_named(senders)), "regime": Group(nodes=_named(applied), marks=True),
            "in_time": _parts(counts.by("notices.decided.in_time"), known=("in_time", "late")),
        },
    )  # fmt: skip
    yield Figure(section=NOTICES, indicator="notices_decided", node=decided)
    yield Figure(section=NOTICES, indicator="notices_withdrawn", node=Node(value=counts.total("notices.withdrawn")))
    removals = Node(
        value=counts.total("removals"), spans=counts.spans("removals.took"),
        groups={"in_time": _parts(counts.by("removals"), known=("in_time", "late"))},
    )  # fmt: skip
    yield Figure(section=NOTICES, indicator="removals_confirmed", node=removals)


def _statements(counts: Counts) -> Iterable[Figure]:
    """One tree over all of them, of which several sections tell a branch: it is hidden as a whole."""
    root = hide(Node(
        value=counts.total("statements"),
        groups={"begun": Group(nodes=_named({
            begun: _begun(counts, begun) for begun in _with(counts.by("statements"), ("own", "told"))
        }))},
    ))  # fmt: skip
    yield Figure(section=FURTHER, indicator="statements_of_reasons", node=_alone(root))
    for begun, node in root.groups["begun"].nodes.items():
        of = f"statements_{'not_recorded' if begun == UNRECORDED else begun}"
        yield Figure(section=FURTHER, indicator=of, node=_alone(node, "detected"))
        for ground, branch in node.groups["ground"].nodes.items():
            section = {"illegal": OWN_ILLEGAL, "terms": OWN_TERMS}.get(ground, FURTHER) if begun == "own" else (
                NOTICES if begun == "told" else FURTHER
            )  # fmt: skip
            yield Figure(section=section, indicator=f"{of}_{ground}", node=branch)


def _begun(counts: Counts, begun: str) -> Node:
    of = UNKNOWN if begun == UNRECORDED else begun
    grounds = _with(counts.by("statements", of), ("illegal", "terms"))
    nodes = {name: _ground(counts, of, name, count) for name, count in grounds.items()}
    return Node(
        value=sum(grounds.values()),
        groups={"ground": Group(nodes=_named(nodes)), "detected": _parts(counts.by("statements.detected", of))},
    )  # fmt: skip


def _ground(counts: Counts, begun: str, ground: str, count: int) -> Node:
    start = (begun, UNKNOWN if ground == UNRECORDED else ground)
    groups = {
        "category": _parts(counts.by("statements", *start)),
        "restriction": _parts(counts.by("statements.restriction", *start)),
        "decided": _parts(counts.by("statements.decided", *start)),
    }
    return Node(value=count, groups=groups)


def _appeals(counts: Counts) -> Iterable[Figure]:
    yield Figure(section=APPEALS, indicator="complaints", node=Node(value=counts.total("complaints")))
    ended = {
        word: Node(value=count, groups=_detected(counts, "complaints.upheld.by") if word == "upheld" else {})
        for word, count in _with(counts.by("complaints.decided"), ("rejected", "upheld")).items()
    }
    decided = Node(
        value=sum(one.value for one in ended.values()), groups={"outcome": Group(nodes=_named(ended))},
        spans=counts.spans("complaints.took"),
    )  # fmt: skip
    yield Figure(section=APPEALS, indicator="complaints_decided", node=decided)
    yield Figure(section=APPEALS, indicator="cases_reopened", node=Node(value=counts.total("cases.reopened")))
    turned = {
        word: Node(value=count, groups=_detected(counts, "cases.turned.by", word))
        for word, count in _with(counts.by("cases.turned"), ("restored", "taken_down")).items()
    }
    node = Node(value=sum(one.value for one in turned.values()), groups={"turned": Group(nodes=_named(turned))})
    yield Figure(section=APPEALS, indicator="decisions_reversed", node=node)
    for indicator, measure in (("notices_changed", "notices.changed"), ("accounts_blocked", "accounts.blocked")):
        yield Figure(section=APPEALS, indicator=indicator, node=Node(value=counts.total(measure)))
    for word in ("unfounded", "warned"):
        node = Node(value=counts.by("misuse")[word])
        yield Figure(section=APPEALS, indicator=f"notices_{word}", node=node)
    lifted = Node(value=counts.total("statements.lifted"))
    yield Figure(section=APPEALS, indicator="restrictions_lifted", node=lifted)


def _automated(counts: Counts) -> Iterable[Figure]:
    verdicts = {
        verdict: Node(value=count, groups={"by": _parts(counts.by("checks", verdict), known=("people", "rule"))})
        for verdict, count in _with(counts.by("checks"), ("allow", "block", "hold")).items()
    }
    checks = Node(
        value=counts.total("checks"),
        groups={"verdict": Group(nodes=_named(verdicts)), "outcome": _parts(counts.by("checks.outcome"))},
    )  # fmt: skip
    yield Figure(section=AUTOMATED, indicator="checks", node=checks)
    matched = Node(value=counts.total("checks.matched"), groups=_detected(counts, "checks.matched.by"))
    yield Figure(section=AUTOMATED, indicator="checks_matched", node=matched)
    later = Node(value=counts.total("verdicts"), groups={"reason": _parts(counts.by("verdicts"))})
    yield Figure(section=AUTOMATED, indicator="verdicts_changed", node=later)
    for by in _DETECTORS:
        for key in sorted(counts.by("judged", by)):
            became = _with(counts.by("judged", by, key), ("confirmed", "rejected"))
            node = Node(value=sum(became.values()), groups={"became": _parts(became)})
            yield Figure(section=AUTOMATED, indicator="judged", node=node, of=(by, key))


def _people(counts: Counts) -> Iterable[Figure]:
    decided = Node(
        value=counts.total("cases.decided"), spans=counts.spans("cases.took"),
        groups={
            "decision": _parts(counts.by("cases.decided")),
            "people": _parts(counts.by("cases.decided.people"), known=("one", "single", "two")),
            "round": _parts(counts.by("cases.decided.round"), known=("again", "first")),
        },
    )  # fmt: skip
    yield Figure(section=PEOPLE, indicator="cases_decided", node=decided)
    looks = Node(value=counts.total("looks"), groups={"step": _parts(counts.by("looks"))})
    yield Figure(section=PEOPLE, indicator="looks_at_evidence", node=looks)


def _further(counts: Counts) -> Iterable[Figure]:
    opened = Node(value=counts.total("cases.opened"), groups={"why": _parts(counts.by("cases.opened"))})
    yield Figure(section=FURTHER, indicator="cases_opened", node=opened)
    authorities = {
        name: Node(value=count, groups={"kind": _parts(counts.by("reports", name))})
        for name, count in counts.by("reports").items()
    }
    reports = Node(value=counts.total("reports"), groups={"authority": Group(nodes=_named(authorities))})
    yield Figure(section=FURTHER, indicator="reports_filed", node=reports)
    referred = {
        name: Node(value=count, groups={"content": _parts(counts.by("referrals", name))})
        for name, count in counts.by("referrals").items()
    }
    referrals = Node(value=counts.total("referrals"), groups={"authority": Group(nodes=_named(referred))})
    yield Figure(section=FURTHER, indicator="referrals", node=referrals)
    disclosures = Node(
        value=counts.total("disclosures"), groups={"to": _parts(counts.by("disclosures"))}, hidden=_gives_away(counts)
    )
    yield Figure(section=FURTHER, indicator="disclosures", node=disclosures)
    missing = Node(value=counts.total("cases.without_detectors"))
    yield Figure(section=FURTHER, indicator="decisions_without_detectors", node=missing)


def _gives_away(counts: Counts) -> bool:
    """Whether a small number could be had from the disclosures: each report is one, each referral one for each of its
    recipients, which mostly is one, and what is left was handed over under orders."""
    reports, referrals, told = (counts.total(name) for name in ("reports", "referrals", "disclosures"))
    return any(map(is_small, (reports, referrals, told - reports - referrals, told - reports, told - referrals)))


def _detected(counts: Counts, measure: str, *start: str) -> dict[str, Group]:
    return {by: _marks(counts.by(measure, *start, by)) for by in _DETECTORS}


def _alone(node: Node, *groups: str) -> Node:
    """A number without the breakdowns that other sections tell."""
    return replace(node, groups={name: node.groups[name] for name in groups})


def _parts(values: Mapping[str, int], *, known: Sequence[str] = ()) -> Group:
    return Group(nodes=_named({name: Node(value=count) for name, count in _with(values, known).items()}))


def _marks(values: Mapping[str, int]) -> Group:
    return Group(nodes=_named({name: Node(value=count) for name, count in values.items()}), marks=True)


def _with(values: Mapping[str, int], known: Sequence[str]) -> dict[str, int]:
    """The values, and 0 for what is known and was not counted."""
    return dict.fromkeys(known, 0) | {_name(name): count for name, count in values.items()}


def _named(nodes: Mapping[str, Node]) -> Mapping[str, Node]:
    return MappingProxyType({_name(name): nodes[name] for name in sorted(nodes)})


def _name(label: str) -> str:
    """What a leaf did not tell has a name of its own."""
    return UNRECORDED if label in (UNKNOWN, "") else label
