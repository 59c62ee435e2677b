"""Sending a notice from the page: once, however often its button is pressed.

The number and the secret of what was sent follow, under the service key, from the text itself and the random mark that
the page gave it at its first step. So the same text sent again finds what is there, without anything being kept for it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.intake.notices.records import notices as records
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.sealing import box_of
from rempart.intake.notices.submit import submit
from rempart.intake.notices.tickets import RandomBytes, new_number, new_secret, opens
from rempart.intake.notices.values import NoticeForm, Submitted, Track, Via, preview
from rempart.intake.notices.writing import Writer
from rempart.people.principal import SYSTEM, Principal
from rempart.store.engine import Store

AGAIN = timedelta(minutes=10)
"""So long the secret of what was sent is shown again to whoever sends the same once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a process needs for it. `service` and `regimes` are the operator's settings."""

    store: Store
    writer: Writer
    service: str
    regimes: Sequence[str]

    def send(
        self,
        form: NoticeForm,
        *,
        text: str,
        once: str,
        address: str,
        at: datetime,
        via: Via = Via.PAGE,
        by: Principal = SYSTEM,
        received: datetime | None = None,
        service: str | None = None,
    ) -> Submitted:
        """Take a notice in, or find the one that the same text made before; then `secret` is empty after a while.

        `text` is what was sent, `once` its mark; without one it is always a new notice. The rest is for notices that
        others bring, as `submit` has it; `service` is theirs. Blocks. Raises as `submit`.
        """
        drawn = self._drawn(text) if once else secrets.token_bytes
        number, secret = "", ""
        if once:
            again = self._drawn(text)
            number, secret = new_number(again), new_secret(again)
        try:
            with self.store.write() as conn:
                self._stop_if_there(conn, number, secret)
                made = submit(
                    conn, form, service=service or self.service, regimes=self.regimes, writer=self.writer, at=at,
                    address=address, random=drawn, via=via, by=by, received=received,
                )  # fmt: skip
                if made.number != number:  # the same may have come in while this waited for its turn
                    self._stop_if_there(conn, number, secret)
                return made
        except _ThereError as err:
            return self._before(err.row, form, secret if at - err.row.entered < AGAIN else "")

    def _drawn(self, text: str) -> RandomBytes:
        return _Stream(box_of(self.writer.keyring).mark(f"notice sent {text}"))

    @staticmethod
    def _stop_if_there(conn: Connection, number: str, secret: str) -> None:
        row = records.by_number(conn, number) if number else None
        if row is not None and opens(secret, row.secret_hash):
            raise _ThereError(row)

    def _before(self, row: NoticeRow, form: NoticeForm, secret: str) -> Submitted:
        return Submitted(
            notice=row.id, number=row.number, secret=secret, track=Track(row.track), received=row.received,
            due=row.due, regimes=preview(form, self.regimes), guarded=False,
        )  # fmt: skip


class _ThereError(Exception):
    """The same was sent before; what this transaction did is undone."""

    def __init__(self, row: NoticeRow) -> None:
        self.row = row


class _Stream:
    """Bytes that follow from a seed, as many as are drawn."""

    def __init__(self, seed: bytes) -> None:
        self._seed, self._drawn = seed, 0

    def __call__(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            self._drawn += 1
            found += hashlib.sha256(self._seed + self._drawn.to_bytes(4, "big")).digest()
        return found[:count]
