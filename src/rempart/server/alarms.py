"""Telling the operator what must not wait until somebody looks: in the log, in `/metrics`, and by mail."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records.cases import Case
from rempart.clock import Clock, iso
from rempart.errors import RempartError
from rempart.evidence.vault import Keyring
from rempart.intake.notices.clockwork import Word
from rempart.intake.notices.removals import Unconfirmed
from rempart.reports.cybertip.filing.means import Told
from rempart.reports.cybertip.filing.means import Word as ReportWord
from rempart.reports.cybertip.values import Environment
from rempart.reports.orders.clockwork import Word as OrderWord
from rempart.server.mail import SEND, Mail, MailKind, queue_mail
from rempart.settings import Settings

log = logging.getLogger(__name__)

_OF_REPORTS = {
    Told.STOPPED: (
        "The CyberTipline refuses the credentials, and no report is sent",
        "Look at [cybertip] in the settings, then: rempart reports status",
    ),
    Told.MANUAL: (
        "A report could not be filed, and nothing more is tried by itself",
        "People find out what became of it.",
    ),
    Told.REJECTED: ("A report is not taken as it is, and was not filed", "It has to be completed and confirmed again."),
    Told.LATE: ("A report that was confirmed long ago is not filed yet", "It is still tried."),
    Told.STORAGE: (
        "A report is filed, and its receipt cannot be kept",
        "Make room where sealed bytes lie; it is tried again.",
    ),
    Told.DIFFERS: ("A report is filed, and the receipt names other files than were sent", "Ask the service about it."),
}


class Alarms:
    """Raises alarms in the transaction of what they are about. No signal, item or name stands in one."""

    def __init__(self, settings: Settings, *, keyring: Keyring, clock: Clock) -> None:
        self._mail, self._link = settings.mail, settings.server.public_url
        self._keyring, self._clock = keyring, clock
        self.raised = 0
        """How many this process has raised."""

    def breaker(self, conn: Connection, subject: str, count: int, usual: int) -> None:
        """An entry or rule matches far more than usual (`on_trip` of Breaker)."""
        what = f"The breaker of {subject} tripped: {count} matches, usual are {usual}"
        self._raise(conn, what, hint="Blocks that rest on it are holds now. Look: rempart list breakers", key=subject)

    def danger(self, conn: Connection, case: Case) -> None:
        """A person said that somebody is in immediate danger (`alarm` of `cases.work.moves.danger`)."""
        what = f"Somebody on the team says that a person is in immediate danger: a case of the queue {case.queue}"
        hint = f"Open it now: /cases/{case.id}/danger"
        self._raise(conn, what, hint=hint, key=f"danger:{case.id}:{case.round}")

    def removals(self, conn: Connection, word: Unconfirmed) -> None:
        """A service has not confirmed what it was told to remove (`alarm` of `intake.notices.removals`)."""
        many = f"{word.count} removals are" if word.count > 1 else "A removal is"
        when = "was due" if word.overdue else "is due"
        what = f"{many} not confirmed by the service {word.service}; the first {when} at {iso(word.due)}"
        hint = "Look whether it is gone, then: rempart removal list"
        self._raise(conn, what, hint=hint, key=f"removals:{word.service}:{word.due.timestamp():.0f}:{word.overdue}")

    def notice(self, conn: Connection, word: Word) -> None:
        """The time for a notice is nearly up, or is (`alarm` of `intake.notices.clockwork`)."""
        laws = ", ".join(word.regimes)
        more = f", as it is for {word.others} more that are due later" if word.others else ""
        what = f"The time for notice {word.number} is {'up' if word.overdue else 'nearly up'} ({laws}){more}"
        hint = f"It {'was' if word.overdue else 'is'} due at {iso(word.due)}. Look at it: /notices/{word.notice}"
        self._raise(conn, what, hint=hint, key=f"notice:{word.notice}:{word.due}:{word.overdue}")

    def order(self, conn: Connection, word: OrderWord) -> None:
        """The time for an authority's order is nearly up, or is (`alarm` of `reports.orders.clockwork`)."""
        laws = ", ".join(word.regimes)
        time = f"for which things are kept under an order ({laws})" if word.keeps else f"for an order ({laws})"
        what = f"The time {time} is {'up' if word.overdue else 'nearly up'}: {word.kind}"
        hint = f"It {'was' if word.overdue else 'is'} due at {iso(word.due)}. Look at it: /orders/{word.order}"
        self._raise(conn, what, hint=hint, key=f"order:{word.order}:{word.keeps}:{word.due}:{word.overdue}")

    def reports(self, conn: Connection, word: ReportWord) -> None:
        """Something about filing reports that people have to hear of (`alarm` of `reports.cybertip.filing`)."""
        what, hint = _OF_REPORTS[word.told]
        where = (
            "" if word.environment is Environment.PRODUCTION else f" ({word.environment.value}: nothing is reported)"
        )
        since = "" if word.since is None else word.since.timestamp()
        more = "" if word.report is None else f" Look at it: /reports/{word.report}"
        key = f"report:{word.told}:{word.environment}:{word.report}:{word.why}:{since}"
        self._raise(conn, what + where, hint=hint + more, key=key)

    def dead_job(self, conn: Connection, kind: str, payload: Mapping[str, Any], reason: str) -> None:
        """A job was given up (`on_dead` of JobRunner)."""
        what = f"Work of the kind {kind} failed too often and was given up"
        self._raise(conn, what, hint="Its last error is in the table jobs.", key=kind, by_mail=kind != SEND)

    def _raise(self, conn: Connection, what: str, *, hint: str, key: str, by_mail: bool = True) -> None:
        at = self._clock()
        self.raised += 1
        log.error("%s. %s", what, hint)
        if not (self._mail.host and by_mail):
            return
        for number, address in enumerate(self._mail.alarms):
            mail = Mail(kind=MailKind.ALARM, to=address, language="en", values=self._values(what, hint, at))
            try:
                queue_mail(conn, mail, keyring=self._keyring, at=at, key=f"alarm:{number}:{key}"[:200])
            except RempartError as err:  # what the alarm is about must be written down all the same
                log.error("an alarm could not be mailed: %s", err)

    def _values(self, what: str, hint: str, at: datetime) -> Mapping[str, str]:
        return {"site": "Rempart", "what": what, "since": iso(at), "hint": hint, "link": self._link}
