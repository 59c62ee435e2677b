"""The gate: may this photo go into a generator, and may this picture come out of it?

Photos are held against the lists, as an upload is, and against those that somebody asked to protect. Whoever asks is
told yes or no, and never why. Nothing is kept of a photo but where a list holds it: then people look at it, as at an
upload that is blocked, and what was kept for them goes with the case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection

from rempart.errors import RefusedError, UnavailableError
from rempart.evidence.ledger import Leaf, append
from rempart.intake.generator import tries
from rempart.intake.generator.marked import UNREAD, Marked
from rempart.intake.generator.protection import ProtectedPhotos
from rempart.intake.generator.records import gate as records
from rempart.intake.generator.records import protected
from rempart.intake.generator.tries import TryLimits
from rempart.intake.generator.values import Check, GateRecord, Passage
from rempart.intake.upload import Checker
from rempart.intake.upload_erasure import erase_again
from rempart.intake.upload_ruling import Ruler
from rempart.intake.upload_values import CheckRequest, Prepared, Ruled
from rempart.items.records import items
from rempart.lists.lookup import asked_of
from rempart.lists.own import is_own
from rempart.lists.parts.values import Looked
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.policy.versions import PolicyStore
from rempart.signals.examine import Examination
from rempart.signals.outcome import Outcome
from rempart.store.counters import current_number
from rempart.store.engine import Store
from rempart.store.ids import new_id

REFERENCES_LAST = timedelta(days=1)
"""How long after its check a reference photo may still go into a picture."""
ITEM = "gate:"
"""What the ids of items begin with that a gate made, where a list holds a picture."""
_COULD_LOOK = frozenset({Outcome.OK, Outcome.LOW_QUALITY})
_SECONDS = 60.0
_TURNS = 5


class Cause(StrEnum):
    """Why a picture was refused; never told to whoever asked."""

    LISTED = "listed"
    PROTECTED = "protected"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A picture at the gate. `references` are the records of what it was made from."""

    passage: Passage
    by: Principal
    service: str
    content: bytes
    seen: Examination
    end_user: str | None = None
    references: tuple[GateRecord, ...] = ()

    def prepared(self, *, parts: Looked | None) -> Prepared:
        """The question that an upload of these bytes would ask."""
        request = CheckRequest(
            service=self.service, by=self.by, item_id=new_id(f"{ITEM}{self.passage.value}"), content=self.content,
            uploader=self.end_user, published=False, context={"gate": self.passage.value},
            hosted=False,
        )  # fmt: skip
        return Prepared(request=request, request_id="", seen=self.seen, parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is answered: allow with a record, hold (only ever for the operator's own checker) or block without.

    `marked`: whether a photo that may be used carries our own mark; None where that is not asked.
    """

    verdict: Verdict
    record: GateRecord | None = None
    marked: Marked | None = None


HELD, REFUSED = Told(verdict=Verdict.HOLD), Told(verdict=Verdict.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found of a picture, and in which state of lists, protected photos and policy."""

    ruled: Ruled
    protected: int
    cause: Cause | None


class Gate:
    """The gate of a service; safe from several threads, and its calls block."""

    def __init__(
        self,
        store: Store,
        *,
        checker: Checker,
        ruler: Ruler,
        photos: ProtectedPhotos,
        policies: PolicyStore,
        limits: TryLimits | None = None,
        marks: Callable[[bytes], Marked] = lambda _: UNREAD,
    ) -> None:
        self._store, self._checker, self._ruler = store, checker, ruler
        self._photos, self._policies, self._marks = photos, policies, marks
        self._limits = limits or TryLimits()

    def reference(self, content: bytes, *, by: Principal, service: str, end_user: str | None = None) -> Told:
        """May this photo be used? Allow with its record and what our own mark says, or block, whatever the cause.

        Raises TooManyRequestsError when this person tried too often, UnavailableError when it could not be checked.
        """
        subject = tries.subject_of(service, end_user)
        with self._store.write() as conn:
            tries.tried(conn, subject, limits=self._limits, at=self._store.clock())
        passing = Passing(
            passage=Passage.REFERENCE, by=by, service=service, content=content,
            seen=self._checker.examined_now(content, whole=True), end_user=end_user,
        )  # fmt: skip
        told = self.pass_on(passing, subject=subject)
        return told if told.record is None else replace(told, marked=self._marks(content))

    def references(self, ids: Sequence[str], *, service: str) -> tuple[GateRecord, ...]:
        """The records of reference photos, in the order asked. Raises RefusedError for one that is not good."""
        wanted = list(dict.fromkeys(ids))
        plain = [one for one in wanted if one.isascii() and one.isprintable()]
        with self._store.read() as conn:
            found = records.of_ids(conn, service, plain, since=self._store.clock() - REFERENCES_LAST)
        if len(found) < len(wanted):
            raise RefusedError(
                "reference: One of them is unknown, or older than a day.",
                hint="Send the photo to /v1/gate/reference again, and what it answers as `gate`.",
            )
        return tuple(found[one] for one in wanted)

    def pass_on(
        self, passing: Passing, *, subject: bytes | None = None, passes: Callable[[], bool] | None = None
    ) -> Told:
        """Say of a picture what becomes of it, and write that down; a refusal is counted for `subject`.

        `passes` is the operator's own checker: asked last, and only of what nothing else speaks against; what it does
        not let pass is held. Raises UnavailableError when it could not be checked: nothing passes then.
        """
        prepared = passing.prepared(parts=self._checker.parts_of(passing.content, passing.seen))
        passed: tuple[Check, ...] = ()
        for _ in range(_TURNS):
            look = self.look(prepared)
            if look.cause is not None:
                self._refuse(passing, prepared, look, subject)
                return REFUSED
            if passes is not None and not passed:
                if not passes():
                    self._hold(passing, look)
                    return HELD
                passed = (Check.OUTPUT_CHECKER,)
            with self._store.write() as conn:
                if self._is_newest(conn, look):
                    return Told(verdict=Verdict.ALLOW, record=self._let_through(conn, passing, look, passed))
            self._ruler.lists.catch_up()
            self._photos.catch_up()
        raise UnavailableError("The lists change too fast just now.", hint="Send it again shortly.")

    def look(self, prepared: Prepared) -> Look:
        """Look a picture up, and say what speaks against it. Raises UnavailableError."""
        mark, asked = self._photos.mark, asked_of(prepared.seen)
        held = self._photos.holds(asked)
        ruled = self._ruler.rule([prepared])[0]
        return Look(ruled=ruled, protected=mark, cause=_cause(prepared, ruled, held=held))

    def _is_newest(self, conn: Connection, look: Look) -> bool:
        """Whether what was looked at is what is there at this moment; the policy is brought up here."""
        self._ruler.policy = self._policies.current(conn)
        return (
            current_number(conn, "lists") <= look.ruled.found.mark
            and current_number(conn, protected.COUNTER) <= look.protected
            and self._ruler.policy[0] == look.ruled.policy
        )

    def _let_through(self, conn: Connection, passing: Passing, look: Look, also: Sequence[Check]) -> GateRecord:
        at = self._store.clock()
        parts = (Check.PARTIAL,) if self._ruler.parts is not None else ()
        record = GateRecord(
            id=new_id("gate"), passage=passing.passage, service=passing.service, at=at,
            lists=look.ruled.found.mark, protected=look.protected, policy=look.ruled.policy,
            checks=(Check.LISTS, *parts, Check.PROTECTED, *also), references=passing.references,
        )  # fmt: skip
        records.add(conn, record)
        append(conn, _leaf(passing, look, Verdict.ALLOW, record=record.id), at=at)
        return record

    def _hold(self, passing: Passing, look: Look) -> None:
        with self._store.write() as conn:
            append(conn, _leaf(passing, look, Verdict.HOLD), at=self._store.clock())

    def _refuse(self, passing: Passing, prepared: Prepared, look: Look, subject: bytes | None) -> None:
        if look.cause is Cause.LISTED and look.ruled.ruling.case:
            self._open_case(prepared)
        at = self._store.clock()
        with self._store.write() as conn:
            if subject is not None:
                tries.refused(conn, subject, at=at)
            append(conn, _leaf(passing, look, Verdict.BLOCK), at=at)

    def _open_case(self, prepared: Prepared) -> None:
        """People look at it as at an upload that its service has deleted: what they need stays until they are done."""
        assert prepared.seen is not None
        asked = prepared.request
        answer = self._checker.write(asked, prepared.seen, parts=prepared.parts).result(_SECONDS)
        if answer.case is None:  # the lists changed meanwhile, and nobody is to look at it any more
            with self._store.write() as conn:
                known = items.known(conn, asked.service, [asked.item_id])[asked.item_id]
                erase_again(conn, known.id, at=self._store.clock())


def _leaf(passing: Passing, look: Look, verdict: Verdict, *, record: str | None = None) -> Leaf:
    facts = {"passage": passing.passage.value, "verdict": verdict.value, "policy": look.ruled.policy}
    if look.cause is not None:
        facts["cause"] = look.cause.value
    sealed: dict[str, str | bytes] = {} if record is None else {"record": record}
    return Leaf(action="gate.answered", actor=passing.by.pseudonym, facts=facts, sealed=sealed)


def _cause(prepared: Prepared, ruled: Ruled, *, held: bool) -> Cause | None:
    """What speaks against a picture: the policy, or somebody's notice or wish about it, or that nobody could look."""
    matches = ruled.found.matches
    if matches and (ruled.ruling.verdict is not Verdict.ALLOW or ruled.ruling.case):
        return Cause.LISTED
    if held or any(is_own(one.list) for one in matches):
        return Cause.PROTECTED
    if prepared.outcome not in _COULD_LOOK or ruled.ruling.verdict is not Verdict.ALLOW:
        return Cause.UNREADABLE
    return None
