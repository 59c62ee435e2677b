"""Mail: sealed while it waits, sent by SMTP with encryption, tried again when the server is away."""

import base64
import json
from datetime import timedelta
from importlib import resources
from string import Formatter

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from actors import NOON
from rempart.errors import MailUnavailableError, RefusedError, TamperedError
from rempart.evidence.vault.keyring import HeldKeys
from rempart.server.mail import SEND, Mail, Mailer, MailKind, _opened, queue_mail
from rempart.settings import MailSettings
from rempart.store.jobs import JobRunner, jobs
from rempart.store.workers import Worker
from smtpserver import certificate, smtp_server

KEYS = HeldKeys(base64.b64encode(b"k" * 32).decode())
LINK = "https://rempart.example/sign-in/once/SECRETSECRET"


def mail(**more) -> Mail:
    values = {"site": "Forum", "until": "2026-03-01 13:00 UTC", "link": LINK}
    return Mail(**({"kind": MailKind.SIGN_IN, "to": "ada@example.org", "language": "fr", "values": values} | more))


def mailer(box, **more) -> Mailer:
    settings = {"host": "127.0.0.1", "port": box.port, "security": "none", "sender": "rempart@example.org"} | more
    return Mailer(MailSettings(**settings), keyring=KEYS, clock=lambda: NOON)


def queue(store, one: Mail, **more) -> None:
    with store.write() as conn:
        queue_mail(conn, one, keyring=KEYS, at=NOON, **more)


def states(store):
    with store.read() as conn:
        return [row.state for row in conn.execute(select(jobs.c.state).order_by(jobs.c.id))]


def test_a_queued_mail_is_sent_with_what_a_mail_needs(store):
    with smtp_server() as box, Worker(store) as worker:
        queue(store, mail())
        assert JobRunner(store, worker, {SEND: mailer(box)}).run_due() == 1
    (got,) = box.mails
    assert got["To"] == "ada@example.org"
    assert got["From"] == "rempart@example.org"
    assert got["Subject"] == "Votre lien de connexion"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"].endswith("@example.org>")
    assert got["Date"].startswith("Sun, 01 Mar 2026 12:00:00")
    assert LINK in got.get_content()
    assert "à Forum" in got.get_content()
    assert states(store) == ["done"]


def test_a_waiting_mail_cannot_be_read_in_the_database(store):
    queue(store, mail())
    with store.read() as conn:
        payload = json.dumps(conn.execute(select(jobs.c.payload)).scalar_one())
    assert not [word for word in ("ada", "example", "SECRET", "Forum") if word in payload]


def test_an_altered_waiting_mail_is_not_sent(store):
    queue(store, mail())
    with store.read() as conn:
        payload = conn.execute(select(jobs.c.payload)).scalar_one()
    sealed = bytearray(base64.b64decode(payload["sealed"]))
    sealed[20] ^= 1
    with pytest.raises(TamperedError):
        _opened(payload | {"sealed": base64.b64encode(sealed).decode()}, keyring=KEYS)


def test_starttls_and_log_in(tmp_path):
    public, context = certificate(tmp_path)
    with smtp_server(context) as box:
        mailer(box, security="starttls", ca_file=str(public), user="mailer", password="secret").send(mail())
        assert box.encrypted == [True]
        assert box.commands.index("STARTTLS") < [line.startswith("AUTH") for line in box.commands].index(True)


def test_tls_from_the_first_byte(tmp_path):
    public, context = certificate(tmp_path)
    with smtp_server(context, at_once=True) as box:
        mailer(box, security="tls", ca_file=str(public)).send(mail())
        assert box.encrypted == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(tmp_path, security):
    _, context = certificate(tmp_path)
    with smtp_server(context, at_once=security == "tls") as box:
        with pytest.raises(MailUnavailableError):
            mailer(box, security=security, user="mailer", password="secret").send(mail())
        assert box.mails == []
        assert not [line for line in box.commands if line.startswith("AUTH")]


def test_nothing_is_sent_in_the_clear_where_encryption_was_asked_for():
    with smtp_server() as box:
        box.answers["STARTTLS"] = "454 not now"
        box.answers["EHLO"] = "250 test"
        with pytest.raises(MailUnavailableError):
            mailer(box, security="starttls", user="mailer", password="secret").send(mail())
        assert box.mails == []


@pytest.mark.parametrize(
    "answers",
    [
        {"CONNECT": "421 busy"},
        {"EHLO": "hang up", "HELO": "hang up"},
        {"RCPT": "451 later"},
        {"MAIL": "450 later"},
        {"DATA": "452 full"},
        {"RCPT": "hang up"},
    ],
)
def test_a_server_that_cannot_take_it_now_is_asked_again(store, answers):
    now = [NOON]
    store.clock = lambda: now[0]
    with smtp_server() as box, Worker(store) as worker:
        runner = JobRunner(store, worker, {SEND: mailer(box)})
        with store.write() as conn:
            queue_mail(conn, mail(), keyring=KEYS, at=NOON)
        box.answers.update(answers)
        runner.run_due(most=1)
        assert states(store) == ["queued"]
        box.answers.clear()
        now[0] += timedelta(hours=1)
        runner.run_due()
        assert states(store) == ["done"]
        assert len(box.mails) == 1


def test_a_server_that_is_away_is_unavailable():
    with smtp_server() as box:
        gone = mailer(box)
    with pytest.raises(MailUnavailableError):
        gone.send(mail())


def test_a_wrong_password_is_told(tmp_path):
    public, context = certificate(tmp_path)
    with smtp_server(context) as box, pytest.raises(MailUnavailableError, match="password"):
        mailer(box, security="starttls", ca_file=str(public), user="mailer", password="wrong").send(mail())


@pytest.mark.parametrize("word", ["RCPT", "MAIL", "DATA"])
def test_a_mail_that_is_refused_for_good_says_so(word):
    with smtp_server() as box:
        box.answers[word] = "550 no such person"
        with pytest.raises(RefusedError, match="550"):
            mailer(box).send(mail())


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@b.c", "a@b@c", "ada@exa mple", "a\n@b.c", "Ada <a@b.c>", "a@b.c, d@e.f", "a" * 300 + "@b.c"],
)
def test_what_is_no_address_is_never_queued(sqlite_store, address):
    with pytest.raises(RefusedError):
        queue(sqlite_store, mail(to=address))
    assert states(sqlite_store) == []


def test_a_value_with_line_breaks_makes_no_header():
    with smtp_server() as box:
        values = {"site": "Forum", "what": "x\r\nBcc: eve@example.org", "since": "-", "hint": "-", "link": "-"}
        mailer(box).send(mail(kind=MailKind.ALARM, language="en", values=values))
    assert box.mails[0]["Bcc"] is None
    assert box.mails[0]["Subject"] == "Forum: x Bcc: eve@example.org"


def test_a_text_that_lacks_a_value_is_found_when_it_is_queued(sqlite_store):
    with pytest.raises(KeyError):
        queue(sqlite_store, mail(values={"site": "Forum"}))


def test_both_languages_say_the_same_things():
    folder = resources.files("rempart.server") / "mailtexts"
    english, french = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("en", "fr"))
    assert set(english) == set(french) == set(MailKind)
    for kind in MailKind:
        for part in ("subject", "text"):
            names = [
                {name for _, name, _, _ in Formatter().parse(one[kind][part]) if name} for one in (english, french)
            ]
            assert names[0] == names[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "mail.example.org"},
        {"host": "mail.example.org", "sender": "x"},
        {"host": "h", "sender": "a@b.c", "security": "ssl"},
        {"host": "h", "sender": "a@b.c", "security": "none", "user": "u"},
        {"host": "h", "sender": "a@b.c", "port": 0},
        {"hots": "h"},
    ],
)
def test_wrong_settings_are_refused_at_start(wrong):
    with pytest.raises(ValidationError):
        MailSettings(**wrong)


def test_mail_is_off_by_default():
    assert MailSettings().host == ""
