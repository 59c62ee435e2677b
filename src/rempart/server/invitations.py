"""One-time links by mail, to people whose name is an address."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import Connection

from rempart.clock import Clock, iso
from rempart.errors import RempartError
from rempart.evidence.vault import Keyring
from rempart.people.records.persons import Person
from rempart.server.mail import Mail, MailKind, queue_mail
from rempart.settings import Settings

log = logging.getLogger(__name__)


class Invitations:
    """Mails a link in the transaction that makes it, if `mail.host` and `server.public_url` are set.

    Without `public_url` the address would be the one that the asking browser named, which is not for others to follow.
    Whoever made the link sees it too: a mail that cannot be queued is told in the log and stops nothing.
    """

    def __init__(self, settings: Settings, *, keyring: Keyring, clock: Clock) -> None:
        self._on = bool(settings.mail.host and settings.server.public_url)
        self._site, self._keyring, self._clock = settings.server.public_url, keyring, clock

    def __call__(self, conn: Connection, person: Person, link: str, until: datetime) -> None:
        """Queue the mail; nothing for a person whose name is no address."""
        if not self._on or "@" not in person.name:
            return
        values = {"site": self._site, "until": iso(until), "link": link}
        mail = Mail(kind=MailKind.SIGN_IN, to=person.name, language=person.language, values=values)
        try:
            queue_mail(conn, mail, keyring=self._keyring, at=self._clock())
        except RempartError as err:
            log.error("a sign-in link could not be mailed: %s", err)
