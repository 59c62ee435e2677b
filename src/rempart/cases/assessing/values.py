"""What a person answers about a case, and what is known of a case's answers: values, checked where they are made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rempart.errors import RefusedError
from rempart.lists.entry import Category
from rempart.policy.facts import Verdict

MOST_RATIONALE = 4_000
MOST_NOTE = 500
MOST_ACCOUNTS = 50
LONGEST_LOOK = 24 * 3600


class Decision(StrEnum):
    """What a case may conclude: one of the first three, and any of the others beside it."""

    NO_VIOLATION = "no_violation"
    REMOVE = "remove"
    RESTRICT = "restrict"
    ADD_TO_LIST = "add_to_list"
    REPORT = "report"
    REFER = "refer"
    BLOCK_ACCOUNT = "block_account"


MAIN = (Decision.NO_VIOLATION, Decision.RESTRICT, Decision.REMOVE)
"""What becomes of the items, the mildest first."""
TAKE_DOWNS = frozenset({Decision.REMOVE, Decision.RESTRICT})
"""What never waits for a second person."""
ALONE_AFTER_LIMIT = frozenset({Decision.REPORT, Decision.REFER})
"""What one person may do in immediate danger, or where nobody seconds within the limit."""
NEVER_WITH_NO_VIOLATION = frozenset({Decision.ADD_TO_LIST, Decision.REPORT, Decision.BLOCK_ACCOUNT})

VERDICT_OF = {
    Decision.NO_VIOLATION: Verdict.ALLOW,
    Decision.REMOVE: Verdict.BLOCK,
    Decision.RESTRICT: Verdict.HOLD,
}
"""What a service is told of each item."""


class Ending(StrEnum):
    """How a case ended, as its row says: what became of its items."""

    RELEASE = "release"
    REMOVE = "remove"
    RESTRICT = "restrict"
    ACTED = "acted"  # an account case in which something was done
    MERGED = "merged"  # its items were confirmed as the same as another case's, and judged there


ENDING_OF = {
    Decision.NO_VIOLATION: Ending.RELEASE,
    Decision.REMOVE: Ending.REMOVE,
    Decision.RESTRICT: Ending.RESTRICT,
}


class ImageKind(StrEnum):
    """What sort of picture it is. A pseudo-photograph looks like a photograph, however it was made."""

    PHOTOGRAPH = "photograph"
    PSEUDO_PHOTOGRAPH = "pseudo_photograph"
    DERIVATIVE = "derivative"
    NON_PHOTOGRAPHIC = "non_photographic"


class OriginBasis(StrEnum):
    """How somebody knows that a picture was made or changed by a machine."""

    C2PA = "c2pa"
    IPTC = "iptc"
    GENERATOR_METADATA = "generator_metadata"
    WATERMARK = "watermark"
    VISIBLE_SIGNS = "visible_signs"
    STATEMENT = "statement"
    OPINION = "opinion"


class Confidence(StrEnum):
    """How sure a person is. An answer that is not sure asks for a second one."""

    SURE = "sure"
    PROBABLE = "probable"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One answer to "how do you know?". It fills the report; no rule reads it."""

    basis: OriginBasis
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.note) > MOST_NOTE:
            raise RefusedError(f"A note on the origin has at most {MOST_NOTE} characters.")

    def document(self) -> dict[str, str]:
        """As it is stored."""
        return {"basis": self.basis.value, "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One person's answer, as it is handed in.

    `accounts` are numbers of items of the case whose uploaders are to be blocked (an account case blocks its own).
    `list_id` is the list for `add_to_list`. `seconds` is how long the person had the form open.
    """

    decisions: frozenset[Decision]
    category: Category | None = None
    image_kind: ImageKind | None = None
    origin: tuple[Origin, ...] = ()
    confidence: Confidence = Confidence.SURE
    rationale: str = ""
    list_id: str | None = None
    accounts: tuple[int, ...] = ()
    seconds: int | None = None

    def __post_init__(self) -> None:
        self._check_decisions()
        if len(self.rationale) > MOST_RATIONALE:
            raise RefusedError(f"A rationale has at most {MOST_RATIONALE} characters.", hint="Shorten it.")
        if len({one.basis for one in self.origin}) != len(self.origin):
            raise RefusedError("Each way to know the origin is given once.", hint="Put both notes into one.")
        if len(self.accounts) > MOST_ACCOUNTS:
            raise RefusedError(f"At most {MOST_ACCOUNTS} accounts at a time.", hint="Open account cases for the rest.")
        if self.seconds is not None and not 0 <= self.seconds <= LONGEST_LOOK:
            raise RefusedError("That is no length of time that a person looks.", hint="Leave it out.")

    @property
    def main(self) -> Decision | None:
        """What becomes of the items; None in an account case."""
        return main_of(self.decisions)

    def _check_decisions(self) -> None:
        if len(self.decisions & set(MAIN)) > 1:
            raise RefusedError("No violation, remove and restrict exclude each other.", hint="Choose one of them.")
        if not self.decisions:
            raise RefusedError("An answer has a decision.", hint="Choose no violation, remove or restrict.")
        both = self.decisions & NEVER_WITH_NO_VIOLATION
        if Decision.NO_VIOLATION in self.decisions and both:
            raise RefusedError(
                f"No violation does not go together with: {', '.join(sorted(both))}.", hint="Choose one or the other."
            )
        if Decision.ADD_TO_LIST in self.decisions:
            if self.list_id is None or self.category is None:
                raise RefusedError("Adding to a list needs the list and a category.", hint="Choose both.")
        elif self.list_id is not None:
            raise RefusedError("A list is named, but nothing is added to it.", hint="Choose add to list as well.")
        if Decision.BLOCK_ACCOUNT not in self.decisions and self.accounts:
            raise RefusedError("Accounts are named, but none is blocked.", hint="Choose block account as well.")


def main_of(decisions: Collection[Decision]) -> Decision | None:
    """The one of `MAIN` among them."""
    return next((one for one in MAIN if one in decisions), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that was given, as those may see it who may. `pseudonym` is all that is shown of the person."""

    id: str
    round: int
    pseudonym: str
    own: bool
    at: datetime
    decisions: frozenset[Decision]
    category: Category | None
    image_kind: ImageKind | None
    origin: tuple[Origin, ...]
    confidence: Confidence
    rationale: str = field(repr=False)
    list_id: str | None
    accounts: tuple[int, ...]
    blind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What follows from answers and has not taken effect yet, or just did. It can be undone until `settles_at`."""

    id: str
    kind: str  # provisional, final
    state: str  # waiting, settling, settled
    decisions: frozenset[Decision]
    by: tuple[str, ...]
    single: bool
    settles_at: datetime
    undoable: bool  # by whoever asks, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Decisions of one's own that nobody seconded, and from when one may confirm them alone."""

    decisions: frozenset[Decision]
    after: datetime
    why: str  # limit, one_person
    new_session: bool  # in a session that began after the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a case stands for one person: what she may do next, and what she may see of others' answers.

    Whoever has not answered yet sees a case as if nobody had (`blind`): `stage` is then `first` also where she would
    be the second, and `answers`, `outcomes` and `waiting` are empty. A lead with whom a disagreement lies sees all.
    """

    case_id: str
    state: str  # open, decided
    stage: str  # first, second, lead, held, settling; decided
    round: int
    may_answer: bool
    why_not: str  # empty when one may
    arbiter: bool
    blind: bool
    own: Given | None
    answers: tuple[Given, ...]
    outcomes: tuple[Pending, ...]
    waiting: frozenset[Decision]  # decisions that another person has to second
    alone: Alone | None
    ending: str | None
