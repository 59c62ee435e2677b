"""Leaves by what they are about: the way from an item, case or list to the numbers that prove and reveal them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from rempart.evidence.ledger import records

MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLeaf:
    """A leaf as the deployment itself knows it, with its exact time.

    `number` is that of the row; `position` its place in the tree, None until the sequencer gave it one.
    """

    number: int
    position: int | None
    at: datetime
    action: str
    actor: str
    facts: Mapping[str, Any]


def about(conn: Connection, subject: str, *, before: int | None = None, most: int = MOST) -> tuple[KeptLeaf, ...]:
    """The leaves about a subject ("case:…", "item:…"), the youngest first, those numbered below `before`.

    Leaves whose salts were erased are about nothing any more, and are not found.
    """
    own = [records.salts.c.subject == subject]
    if before is not None:
        own.append(records.salts.c.leaf_id < before)
    numbers = select(records.salts.c.leaf_id).where(*own).order_by(records.salts.c.leaf_id.desc()).limit(most)
    query = (
        select(records.leaves.c.id, records.leaves.c.at, records.leaves.c.body, records.positions.c.position)
        .join_from(records.leaves, records.positions, records.positions.c.leaf_id == records.leaves.c.id, isouter=True)
        .where(records.leaves.c.id.in_(list(conn.execute(numbers).scalars())))
        .order_by(records.leaves.c.id.desc())
    )
    return tuple(_leaf(row) for row in conn.execute(query))


def _leaf(row: Any) -> KeptLeaf:
    body = json.loads(row.body)
    return KeptLeaf(
        number=row.id, position=row.position, at=row.at, action=body["action"], actor=body["actor"],
        facts=body["facts"],
    )  # fmt: skip
