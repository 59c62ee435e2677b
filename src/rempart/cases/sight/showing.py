"""From a grant to a picture: the evidence is opened, a worker draws what was granted, and the grant is asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from rempart.cases.records.grants import GrantRow
from rempart.cases.sight import grants
from rempart.cases.sight.evidence import Hindrance
from rempart.clock import Clock
from rempart.errors import (
    BlobMissingError,
    IncompleteError,
    NotFoundError,
    ObjectDestroyedError,
    RempartError,
    ServiceKeyMissingError,
    TamperedError,
)
from rempart.evidence.vault import Vault
from rempart.people.principal import Principal
from rempart.provenance.looking import Prompts, Sheeted, read_prompts, read_sheet
from rempart.signals.derivatives import COMPARE, METADATA, PROMPTS, Derivative, Step
from rempart.signals.drawing import Drawn, Metadata, draw, read_metadata
from rempart.signals.mediatype import HEAD_BYTES, is_film
from rempart.signals.metadata import is_whole
from rempart.signals.outcome import Outcome
from rempart.signals.pool import WorkerPool
from rempart.store.engine import Store

_T = TypeVar("_T", Metadata, Prompts, Sheeted)

_WAIT_SECONDS = 20.0
_TEXTS = (METADATA, PROMPTS, COMPARE)
_OF_ERROR: tuple[tuple[type[RempartError], Hindrance], ...] = (
    (ObjectDestroyedError, Hindrance.DESTROYED),
    (ServiceKeyMissingError, Hindrance.KEY_MISSING),
    (BlobMissingError, Hindrance.MISSING),
    (TamperedError, Hindrance.DAMAGED),
    (IncompleteError, Hindrance.DAMAGED),
)
_OF_OUTCOME: Mapping[Outcome, Hindrance] = {
    Outcome.UNREADABLE: Hindrance.UNREADABLE,
    Outcome.TOO_LARGE: Hindrance.TOO_LARGE,
    Outcome.TIMED_OUT: Hindrance.TIMED_OUT,
    Outcome.NOT_MEDIA: Hindrance.NO_PICTURE,
}


@dataclass(frozen=True, slots=True)
class _Looker:
    """In the vault's log, as in the ledger, a look stands under its own id; the grant tells whose it was."""

    pseudonym: str


class Showing:
    """Shows what was granted. Safe from several threads; blocks while evidence is opened and drawn."""

    def __init__(
        self, store: Store, *, vault: Vault, pool: WorkerPool, clock: Clock, readers: WorkerPool | None = None
    ) -> None:
        """`pool` draws and reads metadata; `readers` read prompts and compare."""
        self._store, self._pool, self._clock, self._readers = store, pool, clock, readers or pool
        self.vault = vault

    def picture(self, case_id: str, grant_id: str, *, who: Principal) -> Derivative:
        """The picture of a grant, drawn for this request alone and kept nowhere.

        Raises as `grants.good` does, before anything is opened and again when it is drawn; HinderedError when there is
        no picture, which is noted; UnavailableError when it may be tried again.
        """
        row = self._good(case_id, grant_id, who=who)
        assert row.object is not None
        stamp = stamp_of(who.pseudonym, self._clock())
        try:
            with self.vault.opened(row.object, purpose=row.purpose, by=_Looker(row.id)) as data:
                head = bytes(data[:HEAD_BYTES])
                drawn = draw(self._pool, data, Step(row.step), stamp=stamp, timeout=_WAIT_SECONDS)
        except RempartError as err:
            hindrance = next((told for kind, told in _OF_ERROR if isinstance(err, kind)), None)
            if hindrance is None:
                raise
            raise self._hindered(row.id, hindrance) from err
        if drawn.derivative is None:
            raise self._hindered(row.id, _hindrance(drawn, head))
        with self._store.write() as conn:
            grants.begin(conn, case_id, grant_id, who=who, at=self._clock(), whole=drawn.whole)
        return drawn.derivative

    def metadata(self, case_id: str, grant_id: str, *, who: Principal) -> tuple[tuple[str, str], ...]:
        """What the file of a grant says of itself, as names and values; empty where it says nothing. Raises as
        `picture` does."""
        found = self._text(case_id, grant_id, METADATA, read_metadata, self._pool, who=who)
        with self._store.write() as conn:
            grants.begin(conn, case_id, grant_id, who=who, at=self._clock(), whole=is_whole(found.pairs))
        return found.pairs

    def prompts(self, case_id: str, grant_id: str, *, who: Principal) -> Prompts:
        """The words with which somebody had the picture of a grant made, read again from its sealed bytes and kept
        nowhere. Raises as `picture` does."""
        found = self._text(case_id, grant_id, PROMPTS, read_prompts, self._readers, who=who)
        with self._store.write() as conn:
            grants.begin(conn, case_id, grant_id, who=who, at=self._clock())
        return found

    def compared(
        self, case_id: str, grant_ids: tuple[str, str], *, items: tuple[int, int], who: Principal
    ) -> Mapping[str, Any]:
        """Whether the pictures of two grants share pixels: the figures of `derivation.document.finding`. Nothing of
        either is kept, and neither is taken for the source of the other. Raises as `picture` does, also where they are
        grants of other `items`."""
        if tuple(self._good(case_id, one, COMPARE, who=who).item for one in grant_ids) != items:
            raise NotFoundError("There is no such picture in this case.", hint="Open the case again.")
        suspect, source = (
            self._text(case_id, one, COMPARE, read_sheet, self._readers, who=who).found for one in grant_ids
        )
        from rempart.provenance.derivation.comparing import Suspect
        from rempart.provenance.derivation.document import finding

        told = finding(Suspect(suspect).compare(source), suspect)
        with self._store.write() as conn:
            for one in grant_ids:
                grants.begin(conn, case_id, one, who=who, at=self._clock())
        return told

    def _text(
        self, case_id: str, grant_id: str, step: str, read: Callable[..., _T], pool: WorkerPool, *, who: Principal
    ) -> _T:
        row = self._good(case_id, grant_id, step, who=who)
        assert row.object is not None
        try:
            with self.vault.opened(row.object, purpose=row.purpose, by=_Looker(row.id)) as data:
                found = read(pool, data, timeout=_WAIT_SECONDS)
        except RempartError as err:
            hindrance = next((told for kind, told in _OF_ERROR if isinstance(err, kind)), None)
            if hindrance is None:
                raise
            raise self._hindered(row.id, hindrance) from err
        if found.outcome is not Outcome.OK:
            raise self._hindered(row.id, _OF_OUTCOME.get(found.outcome, Hindrance.UNREADABLE))
        return found

    def _good(self, case_id: str, grant_id: str, step: str = "", *, who: Principal) -> GrantRow:
        """A grant of this step, which shows text; of any picture, where none is named."""
        with self._store.read() as conn:
            row = grants.good(conn, case_id, grant_id, who=who, at=self._clock())
        if (row.step if row.step in _TEXTS else "") != step:
            raise NotFoundError("There is no such picture.", hint="Open the case again.")
        return row

    def is_good(self, case_id: str, grant_id: str, *, who: Principal) -> bool:
        """Whether a grant shows something still: asked while its picture is on the way."""
        try:
            with self._store.read() as conn:
                grants.good(conn, case_id, grant_id, who=who, at=self._clock())
        except RempartError:
            return False
        return True

    def _hindered(self, grant_id: str, hindrance: Hindrance) -> grants.HinderedError:
        with self._store.write() as conn:
            grants.fail(conn, grant_id, hindrance, at=self._clock())
        return grants.HinderedError(hindrance)


def stamp_of(pseudonym: str, at: datetime) -> str:
    """What stands over a picture that could be carried off: who was shown it, and when."""
    return f"{pseudonym}  {at:%Y-%m-%d %H:%M} UTC"


def _hindrance(drawn: Drawn, head: bytes) -> Hindrance:
    if drawn.outcome is Outcome.NOT_MEDIA and is_film(head):
        return Hindrance.FILM
    return _OF_OUTCOME.get(drawn.outcome, Hindrance.UNREADABLE)
