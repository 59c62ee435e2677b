"""Trying a policy on the checks of the past, before anybody puts it in force: the command and the page do the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.items.records import checks
from rempart.items.records.lookback import names
from rempart.policy.facts import Facts
from rempart.policy.replay import Difference, PastCheck, PastMatch, compare
from rempart.policy.rules import Policy
from rempart.policy.versions import PolicyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What would differ from the version in force, and how services call the items that are examples."""

    version: int
    difference: Difference
    names: Mapping[int, str]


def tried(conn: Connection, candidate: Policy, *, policies: PolicyStore, since: datetime, most: int) -> Tried:
    """Decide past checks anew, up to `most` of them. Nothing is changed."""
    version, current = policies.current(conn)
    found = compare(current, candidate, _past(conn, since, most))
    ids = sorted({item for examples in found.examples.values() for item in examples})
    called = {item: f"{service}: {name}" for item, (service, name) in names(conn, ids).items()}
    return Tried(version=version, difference=found, names=called)


def _past(conn: Connection, since: datetime, most: int) -> Iterator[PastCheck]:
    for one in checks.since(conn, since, most=most):
        facts = one.facts or {}
        yield PastCheck(
            item=one.item,
            facts=Facts(
                service=one.service, outcome=one.outcome, published=facts.get("published"),
                context=facts.get("context", {}),
                known_good=[PastMatch.of(match) for match in facts.get("known_good", ())],
                matches=[PastMatch.of(match) for match in facts.get("matches", ())],
            ),
        )  # fmt: skip
