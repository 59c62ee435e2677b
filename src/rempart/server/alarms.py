"""What the operator is told by mail without asking: work that was given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from rempart.clock import Clock, iso
from rempart.evidence.vault.keyring import Keyring
from rempart.server.mail import SEND, Mail, MailKind, queue_mail
from rempart.settings import Settings

OnDead = Callable[[Connection, str, Mapping[str, Any], str], None]


def job_alarm(settings: Settings, *, keyring: Keyring, clock: Clock) -> OnDead | None:
    """What a JobRunner calls when it gives a job up: a mail for each kind of work, while none waits already.

    None where nobody is told. The payload is not in the mail, nor is anything else of an item.
    """
    if not settings.mail.host or not settings.mail.alarms_to:
        return None

    def on_dead(conn: Connection, kind: str, payload: Mapping[str, Any], reason: str) -> None:
        if kind == SEND:
            return  # a mail about mail that cannot be sent would not arrive either
        values = {
            "site": settings.server.public_url or "Rempart", "what": f"Work of the kind {kind} was given up",
            "since": iso(clock()), "hint": reason, "link": settings.server.public_url,
        }  # fmt: skip
        for to in settings.mail.alarms_to:
            mail = Mail(kind=MailKind.ALARM, to=to, language="en", values=values)
            queue_mail(conn, mail, keyring=keyring, at=clock(), key=f"alarm:{kind}:{to}")

    return on_dead
