"""What a package shows of the ledger and of custody: the leaves about its case with their proofs, and who touched what.

It is read when the package is made, and not frozen before, so that the last step is in it and a checkpoint covers most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from rempart.clock import iso
from rempart.errors import LedgerIncompleteError
from rempart.evidence.ledger.export import signing_key
from rempart.evidence.ledger.lookup import MOST, KeptLeaf, about
from rempart.evidence.ledger.proof import prove
from rempart.evidence.ledger.sequencer import latest_checkpoint
from rempart.evidence.vault import records as vault_records
from rempart.reports.referrals.members import as_json
from rempart.reports.referrals.values import Part

_SEALED = "vault.sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A leaf, what it is about, and what of it is opened."""

    leaf: KeptLeaf
    values: Mapping[str, str | bytes]


def custody(conn: Connection, frozen: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the chain of custody of the sealed objects, where these recipients may read it."""
    if Part.CUSTODY.value not in frozen["parts"]:
        return
    rows = {
        one: [
            {"at": iso(line.at), "by": line.who, "action": line.action, "why": line.why, "result": line.result}
            for line in vault_records.custody_of(conn, one)
        ]
        for one in _objects(frozen)
    }
    yield "custody.json", as_json({"objects": rows})


def proofs(conn: Connection, frozen: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the checkpoint, its key, the list of steps, and a proof of each step that the checkpoint covers.

    Whoever may read signals is shown in it which digest was sealed; others learn of the case alone.
    """
    if Part.PROOFS.value not in frozen["parts"]:
        return
    checkpoint = latest_checkpoint(conn)
    size = 0 if checkpoint is None else checkpoint.size
    if checkpoint is not None:
        yield "ledger/checkpoint.txt", checkpoint.note.encode()
        with suppress(LedgerIncompleteError):  # the key is published elsewhere; whoever checks brings it
            yield "ledger/key.txt", f"{signing_key(conn, checkpoint.note)}\n".encode()
    rows, found = [], []
    for step in _steps(conn, frozen):
        at = step.leaf.position
        name = f"ledger/{at}.json" if at is not None and at < size else None
        rows.append(
            {"at": iso(step.leaf.at), "action": step.leaf.action, "by": step.leaf.actor,
             "facts": dict(step.leaf.facts), "leaf": at, "about": step.values["subject"], "proof": name}
        )  # fmt: skip
        if name is not None and at is not None:
            found.append((name, prove(conn, at, values=step.values)))
    yield "ledger/steps.json", as_json({"steps": rows})
    yield from found


def _steps(conn: Connection, frozen: Mapping[str, Any]) -> Sequence[_Step]:
    found = [
        _Step(leaf=leaf, values={"subject": subject})
        for subject in (f"case:{frozen['case']}", f"referral:{frozen['referral']}")
        for leaf in _all_about(conn, subject)
    ]
    if Part.CUSTODY.value in frozen["parts"]:
        for one in _objects(frozen):
            found += [
                _Step(leaf=leaf, values=_opened(conn, one, leaf, frozen)) for leaf in _all_about(conn, one)
            ]  # fmt: skip
    return sorted(found, key=lambda one: one.leaf.number)


def _opened(conn: Connection, one: str, leaf: KeptLeaf, frozen: Mapping[str, Any]) -> dict[str, str | bytes]:
    values: dict[str, str | bytes] = {"subject": one}
    there = vault_records.find_object(conn, one)
    if leaf.action == _SEALED and there is not None and there.sha256 and Part.SIGNALS.value in frozen["parts"]:
        values["sha256"] = there.sha256
    return values


def _objects(frozen: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(frozen["objects"]))


def _all_about(conn: Connection, subject: str) -> Iterator[KeptLeaf]:
    some = about(conn, subject, most=MOST)
    while some:
        yield from some
        some = about(conn, subject, before=some[-1].number, most=MOST) if len(some) == MOST else ()
