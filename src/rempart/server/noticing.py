"""Notices as a deployment's settings ask for them: who writes letters, whom these name for help, and the post."""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.evidence.vault import Keyring
from rempart.intake.notices.letters import LANGUAGES, Letter, Post, Sender, nothing_posted
from rempart.intake.notices.sending import Sending
from rempart.intake.notices.writing import Writer
from rempart.server.mail import Mail, MailKind, queue_mail
from rempart.server.pages.notice.helplines import helplines
from rempart.settings import Settings
from rempart.store.engine import Store


def writer_of(settings: Settings, keyring: Keyring) -> Writer:
    """Who writes letters about notices; they are mailed too where mail is set up and a mail address was given."""
    return Writer(
        sender=_sender(settings, child=False), for_children=_sender(settings, child=True), keyring=keyring,
        post=_post(keyring) if settings.mail.host else nothing_posted,
    )  # fmt: skip


def sending_of(settings: Settings, store: Store, keyring: Keyring) -> Sending:
    """What takes in the notices of the page."""
    return Sending(
        store=store, writer=writer_of(settings, keyring), service=settings.notices.service,
        regimes=settings.notices.regimes,
    )  # fmt: skip


def _post(keyring: Keyring) -> Post:
    def post(conn: Connection, address: str, letter: Letter) -> bool:
        values = {"subject": letter.subject, "text": letter.text}
        mail = Mail(kind=MailKind.LETTER, to=address, language=letter.language, values=values)
        try:
            queue_mail(conn, mail, keyring=keyring, at=letter.at, key=f"letter:{letter.id}")
        except RefusedError:  # a telephone number, say: the page of the case shows the letter all the same
            return False
        return True

    return post


def _sender(settings: Settings, *, child: bool) -> Sender:
    told = settings.notices
    address = settings.server.public_url or f"http://localhost:{settings.server.port}"
    lines = {
        language: tuple(f"{one.name}: {one.address}" for one in helplines(told, language, child=child))
        for language in LANGUAGES
    }
    return Sender(
        page=f"{address.rstrip('/')}/notice/follow", help=lines,
        regulator={language: told.regulator for language in LANGUAGES if told.regulator},
    )  # fmt: skip
