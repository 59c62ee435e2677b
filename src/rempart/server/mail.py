"""Mail by SMTP, off until it is set up: sign-in links, alarms, and letters about notices, sent as jobs.

A mail waits in the database sealed under the service key: it may hold a link that lets somebody in.
"""

from __future__ import annotations

import base64
import json
import secrets
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from enum import StrEnum
from functools import cache
from importlib import resources
from string import Formatter

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import MailUnavailableError, RefusedError, TamperedError
from rempart.evidence.vault.keyring import Keyring
from rempart.settings import MailSettings
from rempart.store.jobs import Job, enqueue

SEND = "mail.send"
LANGUAGES = ("en", "fr")
_PURPOSE = "mail"
_NONCE = 12
_SECONDS = 20.0
_MOST_ADDRESS = 254


class MailKind(StrEnum):
    """What mails there are."""

    SIGN_IN = "sign_in"
    ALARM = "alarm"
    LETTER = "letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail: to whom, and the values that its text in `language` asks for."""

    kind: MailKind
    to: str
    language: str
    values: Mapping[str, str]


def queue_mail(conn: Connection, mail: Mail, *, keyring: Keyring, at: datetime, key: str | None = None) -> None:
    """Write a mail in the caller's transaction; it is sent once that is committed.

    Raises RefusedError for an address that is none, and KeyError for a value that the text asks for and is not given.
    """
    _check_address(mail.to)
    texts = _texts(mail.language)[mail.kind]
    wanted = {name for text in texts.values() for _, name, _, _ in Formatter().parse(text) if name}
    values = {name: mail.values[name] for name in wanted}
    body = json.dumps({"kind": mail.kind, "to": mail.to, "language": mail.language, "values": values}).encode()
    active = keyring.active()
    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + AESGCM(active.derived(_PURPOSE)).encrypt(nonce, body, active.id.encode())
    enqueue(conn, SEND, {"key": active.id, "sealed": base64.b64encode(sealed).decode()}, now=at, key=key)


class Mailer:
    """The handler of `mail.send` jobs."""

    def __init__(self, settings: MailSettings, *, keyring: Keyring, clock: Clock) -> None:
        self._settings, self._keyring, self._clock = settings, keyring, clock
        self._domain = settings.sender.rpartition("@")[2].rstrip(">")

    def __call__(self, job: Job) -> None:
        """Send one mail. MailUnavailableError when the mail server is away: the job is tried again."""
        self.send(_opened(job.payload, keyring=self._keyring))

    def send(self, mail: Mail) -> None:
        """Send now. RefusedError when the server will not take this mail, MailUnavailableError when it is away."""
        message = self._message(mail)
        try:
            with self._connected() as server:
                server.send_message(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as err:
            code = _code(err)
            if code >= 500:
                raise RefusedError(
                    f"The mail server refused a mail ({code}).", hint="Check [mail] and the address."
                ) from err
            raise MailUnavailableError(f"The mail server could not take a mail now ({code}).") from err
        except smtplib.SMTPAuthenticationError as err:
            raise MailUnavailableError("The mail server refused the user name or password.") from err
        except (smtplib.SMTPException, OSError) as err:
            raise MailUnavailableError(f"The mail server could not be used: {type(err).__name__}.") from err

    def _connected(self) -> smtplib.SMTP:
        chosen = self._settings
        context = ssl.create_default_context(cafile=chosen.ca_file or None)
        if chosen.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                chosen.host, chosen.port, local_hostname=self._domain, timeout=_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(chosen.host, chosen.port, local_hostname=self._domain, timeout=_SECONDS)
        try:
            if chosen.security == "starttls":
                server.starttls(context=context)
            if chosen.user:
                server.login(chosen.user, chosen.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, mail: Mail) -> EmailMessage:
        texts = _texts(mail.language)[mail.kind]
        message = EmailMessage()
        message["From"] = self._settings.sender
        message["To"] = mail.to
        message["Subject"] = " ".join(texts["subject"].format_map(mail.values).split())
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = make_msgid(domain=self._domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(texts["text"].format_map(mail.values) + "\n")
        message["Content-Language"] = mail.language  # after the content, which takes such headers away
        return message


def _opened(payload: Mapping[str, str], *, keyring: Keyring) -> Mail:
    key = keyring.get(payload["key"])
    sealed = base64.b64decode(payload["sealed"])
    try:
        body = AESGCM(key.derived(_PURPOSE)).decrypt(sealed[:_NONCE], sealed[_NONCE:], key.id.encode())
    except (InvalidTag, ValueError) as err:
        raise TamperedError("A mail that waited was altered.") from err
    found = json.loads(body)
    return Mail(
        kind=MailKind(found["kind"]), to=found["to"], language=found["language"], values=found["values"]
    )  # fmt: skip


@cache
def _texts(language: str) -> Mapping[str, Mapping[str, str]]:
    name = language if language in LANGUAGES else LANGUAGES[0]
    text = (resources.files("rempart.server") / "mailtexts" / f"{name}.json").read_text("utf-8")
    found: Mapping[str, Mapping[str, str]] = json.loads(text)
    return found


def _check_address(address: str) -> None:
    name, at, domain = address.rpartition("@")
    plain = address.isascii() and address.isprintable() and not set(address) & set(' ,;<>"()[]\\')
    if not (name and at and domain and plain) or "@" in name or len(address) > _MOST_ADDRESS:
        raise RefusedError("This is no mail address.")


def _code(err: smtplib.SMTPException) -> int:
    if isinstance(err, smtplib.SMTPRecipientsRefused):
        return int(max(code for code, _ in err.recipients.values()))
    return int(getattr(err, "smtp_code", 0))
