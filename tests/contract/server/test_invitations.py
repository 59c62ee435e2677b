"""One-time links by mail: to people whose name is an address, where mail and the public address are set."""

import base64
import secrets

import pytest

from actors import NOON
from rempart.evidence.vault.keyring import HeldKeys
from rempart.people import persons
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.signin import LINK_LIFE
from rempart.server.invitations import Invitations
from rempart.server.mail import SEND, Mailer
from rempart.settings import MailSettings, ServerSettings, Settings
from rempart.store.jobs import JobRunner
from rempart.store.workers import Worker
from smtpserver import smtp_server

KEYS = HeldKeys(base64.b64encode(b"k" * 32).decode())
LINK = "https://checks.example/sign-in/link/SECRETSECRET"


def invited(store, tmp_path, box, *, name, public_url="https://checks.example", host="127.0.0.1"):
    mail = MailSettings(host=host, port=box.port, security="none", sender="rempart@example.org")
    settings = Settings(data=tmp_path, mail=mail, server=ServerSettings(public_url=public_url))
    invite = Invitations(settings, keyring=KEYS, clock=lambda: NOON)
    with store.write() as conn:
        person = persons.add(
            conn, name=name, roles=[Role.REVIEWER], by=CONSOLE, at=NOON, random=secrets.token_bytes, language="fr"
        )
        invite(conn, person, LINK, NOON + LINK_LIFE)
    with Worker(store) as worker:
        JobRunner(store, worker, {SEND: Mailer(mail, keyring=KEYS, clock=lambda: NOON)}).run_due()
    return box.mails


def test_a_link_is_mailed_to_whom_it_is_for_in_their_language(store, tmp_path):
    with smtp_server() as box:
        (got,) = invited(store, tmp_path, box, name="ada@example.org")
    assert got["To"] == "ada@example.org"
    assert got["Subject"] == "Votre lien de connexion"
    assert LINK in got.get_content()


@pytest.mark.parametrize(
    "lacking", [{"name": "ada"}, {"name": "ada@example.org", "public_url": ""}, {"name": "ada@example.org", "host": ""}]
)
def test_nothing_is_mailed_without_an_address_a_public_address_or_a_mail_server(store, tmp_path, lacking):
    with smtp_server() as box:
        assert invited(store, tmp_path, box, **lacking) == []


def test_an_address_that_cannot_be_mailed_stops_no_invitation(store, tmp_path, caplog):
    with smtp_server() as box:
        assert invited(store, tmp_path, box, name="ada@nowhere@twice") == []
    assert "could not be mailed" in caplog.text
    with store.read() as conn:
        assert persons.named(conn, "ada@nowhere@twice").active
