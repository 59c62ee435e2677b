"""The ledger's leaves about a case, as far as they can still be told to be about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from rempart.evidence.ledger.records import leaves, salts


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLeaf:
    """One leaf: when, what, who by pseudonym, and what it shows to anybody."""

    id: int
    at: datetime
    action: str
    actor: str
    facts: Mapping[str, Any]


def of_case(conn: Connection, case_id: str) -> tuple[CaseLeaf, ...]:
    """A case's leaves in the order in which they were written; those whose salts were erased are not found."""
    return about(conn, f"case:{case_id}")


def about(conn: Connection, subject: str) -> tuple[CaseLeaf, ...]:
    """The same of any subject."""
    query = select(leaves.c.id, leaves.c.at, leaves.c.body).join(salts, salts.c.leaf_id == leaves.c.id)
    found = []
    for row in conn.execute(query.where(salts.c.subject == subject).order_by(leaves.c.id)):
        body = json.loads(row.body)
        found.append(CaseLeaf(id=row.id, at=row.at, action=body["action"], actor=body["actor"], facts=body["facts"]))
    return tuple(found)


def numbers_about(conn: Connection, subject: str, *, action: str, since: datetime) -> frozenset[int]:
    """The numbers of the leaves of one kind about a subject that were written since a moment."""
    query = select(leaves.c.id, leaves.c.body).join(salts, salts.c.leaf_id == leaves.c.id)
    found = conn.execute(query.where(salts.c.subject == subject, leaves.c.at >= since))
    return frozenset(row.id for row in found if json.loads(row.body)["action"] == action)
