"""Letters about notices go out by mail where an address was given and mail is on; else they are on the page alone."""

import pytest
from sqlalchemy import select

from desks import join_team
from judging import LEA, NO, REMOVE, RUI
from noticing import NoticeDesk, form
from rempart.evidence.ledger.lookup import about
from rempart.intake.notices.letters import letters_of
from rempart.intake.notices.values import Answer
from rempart.intake.notices.withdrawal import withdraw
from rempart.server.mail import SEND, Mailer
from rempart.server.noticing import writer_of
from rempart.store.jobs import JobRunner, jobs
from rempart.store.workers import Worker
from serving import make_data
from smtpserver import smtp_server


@pytest.fixture
def desk(store):
    with store.write() as conn:
        join_team(conn, RUI, LEA)
    return NoticeDesk(store)


@pytest.fixture
def post(desk, tmp_path):
    """Mail is on; call it to send what waits, gives every mail so far."""
    with smtp_server() as box:
        told = f'[mail]\nhost = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\nsender = "help@forum.example"\n'
        settings = make_data(tmp_path / "data", more=told)
        desk.writer = writer_of(settings, desk.vault.keyring)

        def sent():
            mailer = Mailer(settings.mail, keyring=desk.vault.keyring, clock=desk.clock)
            with Worker(desk.store) as worker:
                JobRunner(desk.store, worker, {SEND: mailer}).run_due()
            return box.mails

        yield sent


def letters(desk, told):
    with desk.store.read() as conn:
        return letters_of(conn, told.notice, keyring=desk.vault.keyring)


def test_each_letter_of_a_notice_is_mailed_once_in_the_persons_language_and_says_what_the_page_says(desk, post):
    told = desk.take(form(language="fr", explanation="On me voit sur mon balcon."))
    desk.decide(told, REMOVE, people=(RUI,))
    assert [one["Subject"] for one in post()] == [f"Votre dossier {told.number}"]
    desk.confirm(told)
    mails = post()
    post()
    assert [one["To"] for one in mails] == ["ada@mail.example"] * 2
    written = letters(desk, told)
    assert all(one.mailed for one in written)
    for mail, letter in zip(mails, written, strict=True):
        assert mail["Content-Language"] == "fr"
        assert mail.get_content().split() == letter.text.split()
        whole = mail.as_string()
        for kept in (told.secret, "/photos/", "balcon", "Ada Byron"):
            assert kept not in whole


@pytest.mark.parametrize(
    "contact", ["", "+33 6 12 34 56 78", "@ada on the forum", "ada@", "a@b@c", "Ada <a@b.example>"]
)
def test_whoever_gave_no_mail_address_reads_it_on_the_page_alone_and_nothing_fails(desk, post, contact):
    told = desk.take(form(contact=contact))
    desk.decide(told, NO, people=(RUI,))
    assert post() == []
    assert [(one.kind, one.mailed) for one in letters(desk, told)] == [("acknowledgement", None), ("kept", None)]
    assert [one.kind for one in desk.seen(told).letters] == ["acknowledgement", "kept"]
    with desk.store.read() as conn:
        written = [one for one in about(conn, f"notice:{told.notice}") if one.action == "letter.written"]
    assert [one.facts["mailed"] for one in written] == [False, False]


def test_a_child_is_mailed_nothing_since_no_address_is_kept(desk, post):
    told = desk.take(form(minor=Answer.UNSURE))
    assert post() == []
    (letter,) = letters(desk, told)
    assert "Take It Down" in letter.text
    assert "StopNCII" not in letter.text


def test_without_mail_nothing_waits_to_be_sent(desk):
    told = desk.take()
    with desk.store.read() as conn:
        assert conn.scalars(select(jobs.c.id).where(jobs.c.kind == SEND)).all() == []
    assert [one.mailed for one in letters(desk, told)] == [None]


def test_who_takes_a_notice_back_is_written_that_it_is_done_and_nothing_after_that(desk, post):
    told = desk.take()
    with desk.store.write() as conn:
        withdraw(conn, told.notice, writer=desk.writer, at=desk.clock())
    assert [one.kind for one in letters(desk, told)] == ["acknowledgement", "withdrawn"]
    assert len(post()) == 2
    with desk.store.read() as conn:
        assert conn.scalars(select(jobs.c.id).where(jobs.c.kind == SEND, jobs.c.state != "done")).all() == []
