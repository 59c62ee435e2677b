"""From what is known of an upload to a ruling: the lists are asked, then the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

from rempart.cases.opening import CaseMatch
from rempart.intake.upload_values import Prepared, Ruled
from rempart.lists.lookup import Asked, Found, ListMatch
from rempart.lists.parts.values import Looked
from rempart.policy.facts import Facts
from rempart.policy.rules import Policy


def of_lists(matches: Sequence[ListMatch]) -> Sequence[CaseMatch]:
    """Matches of lists in the database, which have a list's id, a mode and an entry's number."""
    return cast(Sequence[CaseMatch], matches)


class Lists(Protocol):
    """The lists as they are now; `lists.live.LiveLists` is one."""

    def catch_up(self) -> int: ...

    def lookup_many(self, batch: Sequence[Sequence[Asked]], *, radius: int) -> list[Found]: ...


class Parts(Protocol):
    """What looks for parts of listed pictures; `lists.parts.finding.PartFinder` is one."""

    def find(self, content: bytes | memoryview) -> Looked: ...

    def still(self, matches: Sequence[ListMatch]) -> tuple[ListMatch, ...]: ...


class Ruler:
    """Asks the lists and applies the policy in force. Safe from several threads."""

    def __init__(
        self, lists: Lists, *, radius: int, policy: tuple[int, Policy], parts: Parts | None = None
    ) -> None:  # fmt: skip
        self.lists, self.parts = lists, parts
        self._radius = radius
        self.policy = policy
        self.lookups = 0
        """How many signals were looked up."""

    def rule(self, group: Sequence[Prepared]) -> list[Ruled]:
        """Look up and rule, many at once. Raises UnavailableError when the lists cannot be asked."""
        asked = [one.asked() for one in group]
        self.lookups += sum(map(len, asked))
        found = self.lists.lookup_many(asked, radius=self._radius)
        return [self.apply(one, self._with_parts(one, answer)) for one, answer in zip(group, found, strict=True)]

    def _with_parts(self, prepared: Prepared, found: Found) -> Found:
        """What was found by parts beside the rest, last: entries that the rest found are told once."""
        if self.parts is None or prepared.parts is None or not prepared.parts.matches:
            return found
        known = {match.entry_id for match in found.matches}
        more = (match for match in self.parts.still(prepared.parts.matches) if match.entry_id not in known)
        return replace(found, matches=(*found.matches, *more))

    def apply(self, prepared: Prepared, found: Found) -> Ruled:
        """What the policy in force says of what was found."""
        version, policy = self.policy
        request = prepared.request
        facts = Facts(
            service=request.service, outcome=prepared.outcome, published=request.published, context=request.context,
            matches=of_lists(found.matches), known_good=found.known_good,
        )  # fmt: skip
        return Ruled(found=found, ruling=policy.decide(facts), policy=version)
