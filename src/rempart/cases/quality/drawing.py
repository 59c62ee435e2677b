"""Drawing cases for a second look: unpredictable for whoever works, and the same for whoever draws again later.

Each month has a seed that the software draws at random. A case is drawn when the first 8 bytes of HMAC-SHA-256 under
that seed, over the case's id, a zero byte and the number of its round, as a number, are under so many percent of all
there are. The ledger holds a commitment to the seed from its first use on: nobody can choose another one afterwards.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection

from rempart.cases.records import samples as records
from rempart.cases.records.cases import Case
from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import SYSTEM
from rempart.store.ids import new_id

CHANCE, SINGLE = "chance", "single"
"""Why a case is looked at again: it was drawn, or one person decided it alone."""
_ALL = 1 << 64
_SEED_BYTES = 32


def drawn(seed: bytes, case_id: str, round_: int, *, percent: int) -> bool:
    """Whether a round of a case is drawn."""
    found = hmac.digest(seed, b"%s\0%d" % (case_id.encode(), round_), "sha256")
    return int.from_bytes(found[:8]) * 100 < percent * _ALL


def draw(
    conn: Connection,
    case: Case,
    *,
    single: bool,
    percent: int,
    at: datetime,
    random: Callable[[int], bytes] = os.urandom,
) -> bool:
    """Draw or not, when a round of a case settles, in the caller's transaction; says whether it was drawn now.

    What one person decided alone is always drawn. Done again for the same round it changes nothing.
    """
    if not single and not drawn(_seed(conn, at, random), case.id, case.round, percent=percent):
        return False
    why, name = SINGLE if single else CHANCE, new_id("sample")
    row = {"id": name, "case_id": case.id, "round": case.round, "why": why, "at": at, "state": "waiting"}
    if not records.add(conn, row):
        return False
    # Not with the subject of the case: its page shows what the ledger says of it.
    leaf = Leaf(action="sample.drawn", actor=SYSTEM.pseudonym, facts={"why": why}, subject=f"sample:{name}")
    append(conn, leaf, at=at)
    return True


def _seed(conn: Connection, at: datetime, random: Callable[[int], bytes]) -> bytes:
    month = at.astimezone(UTC).strftime("%Y-%m")
    known = records.seed(conn, month)
    if known is not None:
        return known
    fresh = random(_SEED_BYTES)
    if records.add_seed(conn, month=month, seed=fresh, at=at):
        sealed = {"seed": fresh.hex()}
        append(conn, Leaf(action="sample.seed", actor=SYSTEM.pseudonym, facts={"month": month}, sealed=sealed), at=at)
    found = records.seed(conn, month)
    assert found is not None
    return found
