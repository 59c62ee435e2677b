"""What a look for parts of listed pictures comes to."""

from __future__ import annotations

from dataclasses import dataclass

from rempart.lists.lookup import ListMatch
from rempart.signals.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of a look: an outcome that is not OK says that parts could not be looked for."""

    outcome: Outcome = Outcome.OK
    matches: tuple[ListMatch, ...] = ()
