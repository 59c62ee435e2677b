"""The whole file on a notice, as evidence of what was done and when: one ZIP that can be checked without us.

It holds what the notice had, its time limits, what became of each address, findings, letters, the ledger's leaves about
it with a proof of each, and the checkpoint that they stand under. No picture is in it, and neither who sent the notice
nor what they wrote, unless a lead asks for that with a purpose.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import is_blind
from rempart.cases.work.queue import visible as visible_case
from rempart.clock import iso
from rempart.errors import LedgerIncompleteError, NotPermittedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.export import signing_key
from rempart.evidence.ledger.lookup import MOST, KeptLeaf, about
from rempart.evidence.ledger.proof import prove
from rempart.evidence.ledger.sequencer import latest_checkpoint
from rempart.evidence.vault import Keyring
from rempart.intake.notices import disclosing, findings, reading
from rempart.intake.notices.letters import Letter, letters_of
from rempart.intake.notices.records import notices
from rempart.intake.notices.records.findings import FindingRow
from rempart.intake.notices.tickets import number_of
from rempart.intake.notices.views import NoticeFile
from rempart.people.permissions import Permission
from rempart.people.principal import Principal

FORMAT = "rempart-notice-file/1"
_STAMP = (1980, 1, 1, 0, 0, 0)  # every member alike, so that the same file has the same bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was done: a leaf of the ledger. `proof` names its file, empty while no checkpoint covers it."""

    leaf: KeptLeaf
    subject: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that the file says. `left_out` are cases that the one who asks may not know everything of yet; `told` is who
    sent it, where that was asked for."""

    file: NoticeFile
    findings: tuple[FindingRow, ...]
    letters: tuple[Letter, ...] = field(repr=False)
    steps: tuple[Step, ...]
    left_out: tuple[str, ...]
    made: datetime
    by: str
    told: Mapping[str, str] = field(repr=False)


Cover = Callable[[Dossier], bytes]
"""Makes the readable page of a file."""


def export(
    conn: Connection, notice_id: str, who: Principal, *, keyring: Keyring, cover: Cover, at: datetime, purpose: str = ""
) -> bytes:
    """The file on a notice, in the caller's transaction, which writes down that it was made.

    With a `purpose` it holds who sent the notice and what they wrote. Raises NotPermittedError for whoever is no lead,
    NotFoundError also where one of its cases is kept from them, and TamperedError.
    """
    if not who.may(Permission.NOTICES_LEAD):
        raise NotPermittedError("Only a lead may do this.")
    reading.visible(conn, notice_id, who)
    told: dict[str, str] = {}
    if purpose.strip():
        told = dict(disclosing.read_sender(conn, notice_id, who, purpose=purpose, keyring=keyring, at=at))
    dossier = _dossier(conn, notice_id, who, keyring=keyring, told=told, at=at)
    if told and dossier.file.explanation:
        told["explanation"] = dossier.file.explanation
    facts = {"letters": len(dossier.letters), "leaves": len(dossier.steps), "sender": bool(told)}
    append(conn, Leaf(action="notice.exported", actor=who.pseudonym, facts=facts, subject=f"notice:{notice_id}"), at=at)
    return _zip(conn, dossier, cover(dossier))


def id_of(conn: Connection, name: str) -> str:
    """The id of a notice by its public number, or the id itself; whether there is one, `export` says."""
    row = notices.by_number(conn, number_of(name))
    return name if row is None else row.id


def _dossier(
    conn: Connection, notice_id: str, who: Principal, *, keyring: Keyring, told: Mapping[str, str], at: datetime
) -> Dossier:
    file = reading.notice(conn, notice_id, who, keyring=keyring, at=at)
    cases = dict.fromkeys([one.case_id for one in file.places] + [one.case_id for one in file.complaints])
    left_out = tuple(one for one in cases if is_blind(conn, visible_case(conn, one, who), who))
    subjects = [f"notice:{notice_id}", *(f"case:{one}" for one in cases if one not in left_out)]
    return Dossier(
        file=file, findings=findings.of(conn, notice_id), letters=letters_of(conn, notice_id, keyring=keyring),
        steps=tuple(_steps(conn, subjects)), left_out=left_out, made=at, by=who.pseudonym, told=told,
    )  # fmt: skip


def _steps(conn: Connection, subjects: Sequence[str]) -> Iterator[Step]:
    checkpoint = latest_checkpoint(conn)
    size = 0 if checkpoint is None else checkpoint.size
    found = [(leaf, subject) for subject in subjects for leaf in _all_about(conn, subject)]
    for leaf, subject in sorted(found, key=lambda one: one[0].number):
        covered = leaf.position is not None and leaf.position < size
        yield Step(leaf=leaf, subject=subject, proof=f"proofs/{leaf.position}.json" if covered else "")


def _all_about(conn: Connection, subject: str) -> Iterator[KeptLeaf]:
    some = about(conn, subject, most=MOST)
    while some:
        yield from some
        some = about(conn, subject, before=some[-1].number, most=MOST) if len(some) == MOST else ()


def _zip(conn: Connection, dossier: Dossier, cover: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "index.html", cover)
        _put(archive, "notice.json", _json(_notice(dossier)))
        for place, letter in enumerate(dossier.letters, start=1):
            text = f"{letter.subject}\n\n{letter.text}\n" if letter.text else ""
            _put(archive, f"letters/{place:02}-{letter.kind.value}.txt", text.encode())
        for step in dossier.steps:
            if step.proof and step.leaf.position is not None:
                _put(archive, step.proof, prove(conn, step.leaf.position, values={"subject": step.subject}))
        for name, data in _statement(conn):
            _put(archive, name, data)
    return out.getvalue()


def _statement(conn: Connection) -> Iterator[tuple[str, bytes]]:
    """The newest checkpoint, and the public key that it was signed with; nothing before there is one."""
    checkpoint = latest_checkpoint(conn)
    if checkpoint is None:
        return
    yield "checkpoint.txt", checkpoint.note.encode()
    try:
        yield "key.txt", f"{signing_key(conn, checkpoint.note)}\n".encode()
    except LedgerIncompleteError:
        return  # the key is published elsewhere; whoever checks brings it


def _notice(dossier: Dossier) -> dict[str, Any]:
    file = dossier.file
    row = file.notice
    places = {one.id: one.place for one in file.places}
    return {
        "format": FORMAT, "made": iso(dossier.made), "by": dossier.by, "number": row.number, "service": row.service,
        "received": iso(row.received), "via": row.via, "role": row.role, "track": row.track, "state": row.state,
        "outcome": row.outcome, "decided": _time(row.decided_at), "withdrawn": _time(row.withdrawn_at),
        "elements": list(row.declared),
        "laws": [
            {
                "id": one.regime.id, "source": one.regime.source, "applies": one.applies,
                "missing": [part.value for part in one.missing], "barred": one.barred,
            }
            for one in file.regimes
        ],
        "clocks": [
            {
                "law": one.regime.id, "since": iso(one.trigger), "due": iso(one.due), "met": _time(one.met),
                "warned": _time(one.warned), "alarmed": _time(one.alarmed), "state": one.state.value,
            }
            for one in file.clocks
        ],
        "places": [
            {
                "place": one.place, "address": one.url, "case": one.case_id, "state": one.state, "why": one.why,
                "decided": _time(one.decided_at), "removed": _time(one.removed_at),
            }
            for one in file.places
        ],
        "findings": [
            {
                "kind": one.kind, "place": places.get(one.location or ""), "case": one.case_id,
                "distance": one.distance, "by": one.by, "at": iso(one.at),
            }
            for one in dossier.findings
        ],
        "complaints": [
            {"at": iso(one.at), "state": one.state, "by": one.by, "decided": _time(one.decided_at)}
            for one in file.complaints
        ],
        "letters": [
            {"kind": one.kind.value, "language": one.language, "at": iso(one.at), "mailed": _time(one.mailed)}
            for one in dossier.letters
        ],
        "steps": [
            {
                "at": iso(one.leaf.at), "action": one.leaf.action, "by": one.leaf.actor, "facts": dict(one.leaf.facts),
                "leaf": one.leaf.position, "proof": one.proof or None,
            }
            for one in dossier.steps
        ],
        "left_out": list(dossier.left_out), "sender": dict(dossier.told) or None,
    }  # fmt: skip


def _time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=_STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data)
