"""Who writes letters about notices: one value that everything hands round which may have to write one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import NotFoundError
from rempart.evidence.vault import Keyring
from rempart.intake.notices import letters
from rempart.intake.notices.letters import LetterKind, Post, Sender, nothing_posted
from rempart.intake.notices.records import locations
from rempart.intake.notices.records import notices as records
from rempart.intake.notices.values import Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes in the name of one service; `post` sends where an address was given and mail is on. `for_children` names
    those who help children; without it the same help is named to everybody."""

    sender: Sender
    for_children: Sender | None = None
    keyring: Keyring = field(repr=False)
    post: Post = nothing_posted

    def write(self, conn: Connection, kind: LetterKind, notice: str, *, at: datetime) -> None:
        """Write a letter about a notice as it stands now, in the caller's transaction."""
        row = records.find(conn, notice)
        if row is None:
            raise NotFoundError("There is no such notice.")
        letters.write(
            conn, kind, row, locations.of(conn, [notice]), keyring=self.keyring, at=at, post=self.post,
            sender=self.sender_for(row.track),
        )  # fmt: skip

    def sender_for(self, track: str) -> Sender:
        """Who writes about a notice of this track."""
        return (self.for_children if track == Track.CHILD else None) or self.sender
