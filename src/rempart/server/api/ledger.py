"""The ledger: checkpoint and key for everyone; leaves and proofs for auditors."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from rempart.cases.work.withholding import About
from rempart.evidence.ledger.export import key_lines, leaf_rows, openings
from rempart.evidence.ledger.exportfile import opens_document
from rempart.evidence.ledger.leaves import SUBJECT, TIME, Opening
from rempart.evidence.ledger.sequencer import latest_checkpoint
from rempart.evidence.ledger.storedtree import StoredTree
from rempart.intake.notices.withholding import withheld
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs, public
from rempart.server.problems import ProblemError, documented
from rempart.server.service import Service, get_service

router = APIRouter(tags=["ledger"])
MOST = 1_000
_HIGHEST = 2**53 - 1

Auditor = Annotated[Principal, Depends(needs(Permission.LEDGER_READ, people=True))]
TheService = Annotated[Service, Depends(get_service)]
Size = Annotated[int, Query(ge=0, le=_HIGHEST)]


class LedgerLeaf(BaseModel):
    """A leaf: its number, its body as it was hashed, its hash in base64, and what opens its time and subject."""

    leaf: int
    body: dict[str, Any]
    hash: str
    opens: dict[str, dict[str, str]]


class LedgerPage(BaseModel):
    """Leaves in their order. `size` is that of the newest checkpoint: no leaf beyond it is shown."""

    leaves: list[LedgerLeaf]
    size: int
    more: bool


class InclusionProof(BaseModel):
    """The audit path of a leaf (RFC 6962 2.1.1), from the leaf upwards, in base64."""

    leaf: int
    size: int
    root: str
    path: list[str]


class ConsistencyProof(BaseModel):
    """That the tree of `old` leaves is the beginning of that of `new` (RFC 6962 2.1.2), in base64."""

    old: int
    new: int
    old_root: str
    new_root: str
    path: list[str]


@router.get(
    "/ledger/checkpoint",
    response_class=PlainTextResponse,
    dependencies=[Depends(public())],
    responses=documented(404),
    summary="The newest signed checkpoint",
)
def checkpoint(service: TheService) -> PlainTextResponse:
    """The newest checkpoint as a signed note (C2SP tlog-checkpoint). Keep it: it proves later that history was not
    rewritten."""
    with service.store.read() as conn:
        last = latest_checkpoint(conn)
    if last is None:
        raise ProblemError(404, "No checkpoint was signed yet.", hint="Ask again in a minute.")
    return PlainTextResponse(last.note, headers={"Cache-Control": "no-cache"})


@router.get(
    "/ledger/key",
    response_class=PlainTextResponse,
    dependencies=[Depends(public())],
    responses=documented(404),
    summary="The verifier keys",
)
def key(service: TheService) -> PlainTextResponse:
    """Every verifier key that ever signed here, one a line, the newest first."""
    with service.store.read() as conn:
        lines = key_lines(conn)
    if not lines:
        raise ProblemError(404, "Nothing was signed yet.", hint="Ask again in a minute.")
    return PlainTextResponse("".join(f"{line}\n" for line in lines), headers={"Cache-Control": "no-cache"})


@router.get("/v1/ledger/leaves", responses=documented(404), summary="Leaves, in their order")
def leaves(
    who: Auditor,
    service: TheService,
    start: Annotated[int, Query(ge=0, le=_HIGHEST, description="The first leaf wanted.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> LedgerPage:
    """Leaves from a number on, up to the newest checkpoint. What a leaf is about is left closed where it is about a
    case that is not for whoever asks, or that they have still to answer by themselves."""
    with service.store.read() as conn:
        size = _signed_size(conn)
        rows = leaf_rows(conn, start, min(size, start + limit))
        about = [About(number=row.id, subject=row.subject) for row in rows if row.salts is not None and row.subject]
        closed = withheld(conn, about, who)
    shown = [
        LedgerLeaf(
            leaf=row.position,
            body=json.loads(row.body),
            hash=b64encode(row.hash).decode(),
            opens=opens_document(_opened(row, closed=row.id in closed)),
        )
        for row in rows
    ]
    return LedgerPage(leaves=shown, size=size, more=start + limit < size)


@router.get("/v1/ledger/proofs/inclusion", responses=documented(404), summary="That a leaf is in the tree")
def inclusion(who: Auditor, service: TheService, leaf: Size, size: Size | None = None) -> InclusionProof:
    """The audit path of a leaf in the tree of the first `size` leaves; without a size, of the newest checkpoint."""
    with service.store.read() as conn:
        tree = StoredTree(conn, _within(conn, size))
        if leaf >= tree.size:
            raise ProblemError(404, f"There is no leaf {leaf} in a tree of {tree.size}.")
        path, root = tree.inclusion(leaf), tree.root()
    return InclusionProof(leaf=leaf, size=tree.size, root=_shown(root), path=[_shown(one) for one in path])


@router.get("/v1/ledger/proofs/consistency", responses=documented(404), summary="That history was not rewritten")
def consistency(who: Auditor, service: TheService, old: Size, new: Size | None = None) -> ConsistencyProof:
    """The proof that the tree of `old` leaves is the beginning of that of `new`; without `new`, of the newest
    checkpoint's."""
    with service.store.read() as conn:
        tree = StoredTree(conn, _within(conn, new))
        if old > tree.size:
            raise ProblemError(404, f"A tree of {tree.size} has no beginning of {old}.")
        path, root, before = tree.consistency(old), tree.root(), StoredTree(conn, old).root()
    return ConsistencyProof(
        old=old, new=tree.size, old_root=_shown(before), new_root=_shown(root), path=[_shown(one) for one in path]
    )


def _opened(row: Any, *, closed: bool) -> dict[str, Opening]:
    return {name: one for name, one in openings(row).items() if not (closed and name in (SUBJECT, TIME))}


def _signed_size(conn: Connection) -> int:
    last = latest_checkpoint(conn)
    return 0 if last is None else last.size


def _within(conn: Connection, size: int | None) -> int:
    """The size that was asked for, if a checkpoint covers it."""
    signed = _signed_size(conn)
    if size is not None and size > signed:
        raise ProblemError(404, f"No checkpoint covers {size} leaves yet; the newest covers {signed}.")
    return signed if size is None else size


def _shown(digest: bytes) -> str:
    return b64encode(digest).decode()
