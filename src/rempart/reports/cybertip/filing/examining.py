"""Whether a document may be sent, found out before the transaction that says so: a schema takes its time."""

from __future__ import annotations

from dataclasses import dataclass

from rempart.errors import RefusedError
from rempart.reports.cybertip.document.editions import Edition
from rempart.reports.cybertip.drafting.holding import tip_of
from rempart.reports.cybertip.filing.means import Means
from rempart.reports.cybertip.records import reports
from rempart.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found of the document with this digest: so many things are wrong. `edition` is what it is written in;
    without a digest nothing was looked at."""

    edition: Edition
    digest: bytes | None = None
    wrong: int = 0


def examine(store: Store, report_id: str, means: Means, *, edition: Edition) -> Examined:
    """Look at the document of a report that is about to be opened; one that is open was looked at then."""
    with store.read() as conn:
        row = reports.find(conn, report_id)
    if row is None or row.number is not None:
        return Examined(edition=edition)
    try:
        tip = tip_of(row, keyring=means.vault.keyring)
    except RefusedError:
        return Examined(edition=edition)
    return Examined(edition=edition, digest=row.digest, wrong=len(means.check(tip, store.clock())))
