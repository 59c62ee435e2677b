"""Agreement between people: the first two answers to the same case, and second looks against the first answer.

Nothing here is told of a person: the pairs of all people are put together, and small numbers are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection

from rempart.cases.assessing.values import main_of
from rempart.cases.quality.kappa import Agreement, agreement, per_category
from rempart.cases.records import agreements as records
from rempart.cases.records.agreements import Answered

PAIRS, LOOKS = "pairs", "looks"
NONE = "none"
"""Where somebody gave no category, or (in a case of an account) decided about no items."""
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The agreement on something: `what` is `decision` or `category`; `key` is the decision, or scheme and code; empty
    for all of them together."""

    what: str
    key: str
    agreement: Agreement


def of_pairs(conn: Connection, *, since: str = "") -> tuple[Agreed, ...]:
    """How the first two people who judged a case agree, neither knowing of the other, from a month on."""
    return tuple(_agreed(conn, PAIRS, since))


def of_looks(conn: Connection, *, since: str = "") -> tuple[Agreed, ...]:
    """How second looks, drawn afterwards, agree with the first answer, from a month on."""
    return tuple(_agreed(conn, LOOKS, since))


def count_pairs(conn: Connection, *, since: datetime | None) -> Mapping[tuple[str, str, str, str, str], int]:
    """Pairs of answers by month, what they are of, and what they say; from the start of a month on."""
    found: Counter[tuple[str, str, str, str, str]] = Counter()
    for _, group in groupby(records.answered(conn, since=since), key=lambda one: (one.case_id, one.round)):
        for of, first, second in _paired(tuple(group)):
            if since is not None and second.at < since:
                continue
            month = second.at.astimezone(UTC).strftime("%Y-%m")
            found.update((month, of, *said) for said in _said(first, second))
    return found


def _agreed(conn: Connection, of: str, since: str) -> Iterator[Agreed]:
    for what in ("decision", "category"):
        counts = records.counted(conn, of, what, since=since)
        if counts:
            yield Agreed(what=what, key="", agreement=agreement(counts))
            for key, one in per_category(counts).items():
                yield Agreed(what=what, key=key, agreement=one)


def _paired(answers: Sequence[Answered]) -> Iterator[tuple[str, Answered, Answered]]:
    """The pairs in one round: its first two answers, and its first with each second look."""
    given = [one for one in answers if not one.look]
    if not given:
        return
    others = [one for one in given[1:] if one.person != given[0].person]
    if others:
        yield PAIRS, given[0], others[0]
    for one in answers:
        if one.look and one.person != given[0].person:
            yield LOOKS, given[0], one


def _said(first: Answered, second: Answered) -> Iterable[tuple[str, str, str]]:
    """What a pair says: of the decision always; of the category where somebody gave one, and both in one scheme."""
    yield "decision", main_of(first.decisions) or NONE, main_of(second.decisions) or NONE
    schemes = {one for one in (first.scheme, second.scheme) if one is not None}
    if len(schemes) == 1:
        yield "category", _category(first), _category(second)


def _category(one: Answered) -> str:
    return NONE if one.scheme is None else f"{one.scheme} {one.code}"[:_LONGEST]
