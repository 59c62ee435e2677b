"""A proof that one leaf stands in the ledger: a small file that needs neither the rest of the ledger nor the database.

It may open commitments of the leaf: whoever is given it can check that the leaf was about just this item, at just this
time, and learns nothing of any other leaf.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from rempart.errors import ForeignFileError, LedgerChangedError, LedgerIncompleteError, RefusedError
from rempart.evidence.ledger.canonical import canonical, parse
from rempart.evidence.ledger.export import leaf_rows, openings, salt_of, signing_key
from rempart.evidence.ledger.exportfile import (
    LONGEST_LINE,
    LeafLine,
    TileLine,
    opens_document,
    opens_wrongly,
    read_body,
    read_line,
    read_lines,
    read_opens,
    unbase64,
)
from rempart.evidence.ledger.leaves import TIME, Opening
from rempart.evidence.ledger.notes import VerifierKey, parse_checkpoint
from rempart.evidence.ledger.sequencer import latest_checkpoint
from rempart.evidence.ledger.storedtree import StoredTree
from rempart.evidence.ledger.tree import HASH_BYTES, TILE_WIDTH, inclusion_path, is_included, leaf_hash, root_of
from rempart.evidence.ledger.verify import verify

FORMAT = "rempart-ledger-proof/1"
_KEYS = {"body", "checkpoint", "format", "key", "leaf", "opens", "path"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a proof shows."""

    origin: str
    size: int
    leaf: int
    body: Mapping[str, Any]
    opened: Mapping[str, str | bytes]
    key: str


def prove(conn: Connection, position: int, *, values: Mapping[str, str | bytes] | None = None) -> bytes:
    """The proof of a leaf under the newest checkpoint, opening its time and those commitments whose `values` are given.

    Raises LedgerIncompleteError for a leaf that no checkpoint covers yet, RefusedError for a value that is not the one
    the leaf was about, or whose salt was erased.
    """
    checkpoint = latest_checkpoint(conn)
    if checkpoint is None or position >= checkpoint.size:
        raise LedgerIncompleteError(f"No checkpoint covers leaf {position} yet.")
    (row,) = leaf_rows(conn, position, position + 1)
    body = parse(row.body.encode())
    opened = {TIME: openings(row)[TIME]}
    for name, value in (values or {}).items():
        opened[name] = _opening(row.body, row.salts, name, value, body)
    return _document(
        note=checkpoint.note,
        key=signing_key(conn, checkpoint.note),
        leaf=position,
        body=body,
        opens=opened,
        path=StoredTree(conn, checkpoint.size).inclusion(position),
    )


def prove_from_export(path: Path, position: int, *, keys: Sequence[VerifierKey]) -> bytes:
    """The same out of an export, which is verified first; it opens what the export opens of that leaf.

    Raises what `verify` raises, and LedgerIncompleteError for a leaf that the export does not have.
    """
    found = verify(path, keys=keys)
    if position >= found.size:
        raise LedgerIncompleteError(f"The export has {found.size} leaves, and so none of number {position}.")
    roots: list[bytes] = []
    tiles: dict[int, bytes] = {}
    with path.open("rb") as stream:
        head = parse(stream.readline()[:-1])
        for line in read_lines(stream):
            told = read_line(line)
            if isinstance(told, TileLine):
                roots.append(root_of(_split(told.hashes)))
                if told.tile in (position // TILE_WIDTH, (found.size - 1) // TILE_WIDTH):
                    tiles[told.tile] = told.hashes
            elif isinstance(told, LeafLine) and told.leaf == position:
                leaf = told

    def subtree(start: int, end: int) -> bytes:
        tile = start // TILE_WIDTH
        if end <= (tile + 1) * TILE_WIDTH and tile in tiles:
            return root_of(_split(tiles[tile])[start - tile * TILE_WIDTH : end - tile * TILE_WIDTH])
        return root_of(roots[tile : -(-end // TILE_WIDTH)])

    return _document(
        note=head["checkpoint"],
        key=head["key"],
        leaf=position,
        body=leaf.body,
        opens={one.name: one for one in leaf.opens or ()},
        path=inclusion_path(position, found.size, subtree),
    )


def check_proof(data: bytes, *, keys: Sequence[VerifierKey]) -> Proven:
    """Check a proof. The leaf stood in the ledger, and was about what is opened, when all of this holds:

    1. The checkpoint is signed by one of `keys`.
    2. The path leads from the body's hash to the checkpoint's root, for a leaf of that number in a tree of that size.
    3. Whatever is opened opens its commitment in the body, and the time is of the day shown.

    Raises LedgerChangedError, LedgerKeyError, and ForeignFileError for what is no proof.
    """
    told = _read(data)
    try:
        checkpoint, body, opens = (
            parse_checkpoint(told["checkpoint"]),
            read_body(told["body"]),
            read_opens(told["opens"]),
        )
        path, leaf = [unbase64(one) for one in told["path"]], int(told["leaf"])
    except (RefusedError, ValueError, TypeError) as err:
        raise LedgerChangedError(f"The proof was altered: {err}.") from err
    key = checkpoint.check(keys)  # 1
    if not is_included(leaf_hash(canonical(body)), leaf, checkpoint.size, path, checkpoint.root):  # 2
        raise LedgerChangedError("The path does not lead from this leaf to the signed root.")
    if (wrong := opens_wrongly(body, opens)) is not None:  # 3
        raise LedgerChangedError(f"The proof was altered: {wrong}.")
    return Proven(
        origin=checkpoint.origin,
        size=checkpoint.size,
        leaf=leaf,
        body=body,
        opened={one.name: one.value for one in opens},
        key=key.line,
    )


def is_proof(path: Path) -> bool:
    """Does a file say in its first line that it is a proof?"""
    with path.open("rb") as stream:
        return b'"format":"rempart-ledger-proof/' in stream.readline(LONGEST_LINE)


def _read(data: bytes) -> dict[str, Any]:
    try:
        told = parse(data.removesuffix(b"\n"))
    except ValueError as err:
        raise ForeignFileError(f"This is no proof: {err}.") from err
    if not isinstance(told, dict) or told.keys() != _KEYS or told["format"] != FORMAT:
        raise ForeignFileError("This is no proof that this version knows.")
    return told


def _opening(body: str, salts: bytes | None, name: str, value: str | bytes, told: Mapping[str, Any]) -> Opening:
    if name not in told["sealed"]:
        known = ", ".join(sorted(told["sealed"]))
        raise RefusedError(f"The leaf commits to no {name!r}.", hint=f"It commits to {known}.")
    if salts is None:
        raise RefusedError("The leaf's salts were erased: nothing can be opened any more.")
    opening = Opening(name=name, salt=salt_of(body, salts, name), value=value)
    if not opening.opens(told["sealed"][name]):
        raise RefusedError(f"This is not the {name} that the leaf is about.")
    return opening


def _document(
    *, note: str, key: str, leaf: int, body: Mapping[str, Any], opens: Mapping[str, Opening], path: Sequence[bytes]
) -> bytes:
    told = {
        "body": dict(body),
        "checkpoint": note,
        "format": FORMAT,
        "key": key,
        "leaf": leaf,
        "opens": opens_document(opens),
        "path": [b64encode(one).decode() for one in path],
    }
    return canonical(told) + b"\n"


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]
