"""The events of a case in words: keys of the texts for what the ledger calls them."""

from __future__ import annotations

from rempart.cases.work.timeline import Event
from rempart.server.pages.desk.contexts import Happening

ACTIONS = frozenset({
    "case.opened", "case.claimed", "case.released", "case.handed_over", "case.held", "case.resumed", "case.escalated",
    "case.reopened", "case.prioritised", "case.moved", "case.danger", "case.noted", "case.restricted",
    "case.readmitted",
    "case.facts_added", "case.forgotten", "case.assessed", "case.undone", "case.confirmed_alone", "case.decided",
    "case.settled", "notifier.read", "search.made", "evidence.shown", "evidence.covered", "near.answered",
    "account.blocked", "task.ended", "referral.counted",
})  # fmt: skip
"""Events that have words of their own; others stand there as the ledger calls them."""
FACTS = ("to", "minutes", "step", "purpose")
"""Facts that are told with an event, each with words of its own."""


def told(event: Event) -> Happening:
    """An event as the page tells it."""
    facts = tuple(
        (f"happening_fact.{name}", str(event.facts[name])) for name in FACTS if event.facts.get(name) not in (None, "")
    )
    known = event.action in ACTIONS
    return Happening(
        at=event.at, by=event.actor, action=f"happening.{event.action}" if known else "", raw=event.action,
        facts=facts, text=event.text or "", withheld=event.withheld,
    )  # fmt: skip
