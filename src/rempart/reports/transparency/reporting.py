"""A report of a deployment: the ledger is signed and counted to its end first, so that nothing of its days is left out
and whoever has an export can make it again."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection

from rempart.errors import ConflictError, RefusedError
from rempart.evidence.ledger.sequencer import SignedCheckpoint
from rempart.evidence.ledger.storedtree import StoredTree
from rempart.reports.transparency.counting import count
from rempart.reports.transparency.laying import Made, files_of
from rempart.reports.transparency.periods import Period
from rempart.reports.transparency.records import counts as records
from rempart.reports.transparency.template import Template
from rempart.reports.transparency.written import read_written
from rempart.store.engine import Store

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The files of a report by their names, what it was made of, and whether its period was not over yet."""

    files: dict[str, bytes]
    made: Made
    early: bool


def report(
    store: Store, period: Period, *, signed: SignedCheckpoint, origin: str, template: Template, written: str
) -> Report:
    """Make a report of a period. `signed` is a checkpoint that was signed a moment ago, `origin` the ledger's name.

    Raises RefusedError for a period that has not begun, and for what the operator wrote where it cannot be used.
    """
    now = store.clock()
    if period.first > now.date():
        raise RefusedError("This period has not begun.", hint="Choose days that are over.")
    own = read_written(written)
    count(store, _nobody_minds)
    counted, leaves, root = _standing(store, period)
    made = Made(
        period=period, origin=origin, leaves=leaves, root=b64encode(root).decode(), checkpoint=signed.note
    )  # fmt: skip
    files = files_of(counted, made, template=template, written=written, own=own)
    return Report(files=files, made=made, early=now < period.over_at)


def _standing(store: Store, period: Period) -> tuple[Counter[tuple[str, str]], int, bytes]:
    """What was counted of a period, of how many leaves, and the root over these: all of one moment."""
    for _ in range(_TRIES):
        with store.read() as conn:
            before = records.mark(conn, records.POSITION)
            found = records.of_days(conn, first=f"{period.first:%Y-%m-%d}", last=f"{period.last:%Y-%m-%d}")
            root = StoredTree(conn, before).root()
            if records.mark(conn, records.POSITION) == before:  # a server counts meanwhile
                return found, before, root
    raise ConflictError("The ledger grows too fast to be counted.", hint="Try again at a quieter hour.")


def _nobody_minds(conn: Connection) -> None:
    """The guard of a count that needs no lease: the mark itself keeps two from counting the same."""
