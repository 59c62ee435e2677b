"""Agreement between people: the first two answers to the same case, and second looks against what a case concluded.

Nothing here is told of a person: the pairs of all people are put together, and small numbers are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from rempart.cases.quality.kappa import Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The agreement on something: `what` is `decision` or `category`; `key` the decision, or scheme and code, empty
    for all of them together."""

    what: str
    key: str
    agreement: Agreement
