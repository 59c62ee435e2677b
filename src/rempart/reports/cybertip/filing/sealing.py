"""Answers of the service are kept to the byte, sealed under the service key."""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.evidence.vault import Keyring
from rempart.reports.cybertip.records import calls
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.sealing import box_of


def seal_answer(body: bytes, *, report: str, run: int, no: int, keyring: Keyring) -> bytes:
    """Seal what was answered to a call."""
    return box_of(keyring).seal(body.decode("latin-1"), owner=_owner(report, run, no))


def opened_answer(row: CallRow, *, keyring: Keyring) -> bytes | None:
    """What was answered to a call, to the byte; None where no answer came. Raises TamperedError."""
    if row.response is None:
        return None
    return box_of(keyring).open(row.response, owner=_owner(row.report, row.run, row.no)).encode("latin-1")


def rewrap_answers(conn: Connection, *, keyring: Keyring) -> int:
    """Keep every answer under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = box_of(keyring), 0
    for row in calls.all_sealed(conn):
        owner = _owner(row.report, row.run, row.no)
        assert row.response is not None
        if not box.current(row.response, owner=owner):
            calls.reseal(conn, row, sealed=box.seal(box.open(row.response, owner=owner), owner=owner))
            changed += 1
    return changed


def _owner(report: str, run: int, no: int) -> str:
    return f"call:{report}:{run}:{no}"
