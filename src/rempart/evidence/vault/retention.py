"""How long evidence is kept: regimes as data, none of them switched on by default.

While a case is open its objects are kept on the basis `case`. After that only a regime that the operator switched on
keeps them, from its trigger, for exactly as long as it says; an operator may lengthen that with a reason that is on
record, never shorten it. A legal hold is stronger than all of these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

from rempart.deadlines.clocks import later
from rempart.errors import RefusedError

CASE = "case"
"""The basis of what is kept while a case is open; its reference is the case's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A law that obliges to keep, from a trigger, for a time."""

    id: str
    title: str
    source: str
    trigger: str
    months: int

    def keep_until(self, triggered: datetime, *, longer: timedelta = timedelta(0), reason: str = "") -> datetime:
        """When the duty ends that began at `triggered`: the same day of a later month, or that month's last.

        `longer` needs a `reason`; less than the regime's own time is refused.
        """
        if longer < timedelta(0):
            raise RefusedError(f"{self.id} cannot be shortened.", hint="Switch the regime off where it does not apply.")
        if longer and not reason.strip():
            raise RefusedError(f"{self.id} is lengthened without a reason.", hint="Write down why.")
        return later(triggered, months=self.months) + longer


def regimes() -> Mapping[str, Regime]:
    """The regimes that are known, by id."""
    raw = json.loads(files("rempart.evidence.vault").joinpath("retention.json").read_text(encoding="utf-8"))
    found = {}
    for one in raw["regimes"]:
        months = 12 * one.get("years", 0) + one.get("months", 0)
        texts = {name: one[name] for name in ("id", "title", "source", "trigger")}
        found[one["id"]] = Regime(months=months, **texts)
    return found


def regime(name: str) -> Regime:
    """A regime by its id. Raises RefusedError."""
    known = regimes()
    if name not in known:
        raise RefusedError(f"There is no retention regime {name}.", hint="Known: " + ", ".join(known))
    return known[name]
