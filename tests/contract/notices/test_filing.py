"""The whole file on a notice: the same bytes for the same state, read and checked by means that are not ours alone."""

import io
import json
import zipfile
from datetime import UTC, datetime
from functools import partial

import pytest

from actors import person
from commands import command
from desks import join_team
from judging import LEA, NO, REMOVE, RUI
from noticing import REGIMES, NoticeDesk, a_writer, form, sent
from rempart.cli.datafolder import opened_data
from rempart.errors import NotFoundError, NotPermittedError
from rempart.evidence.ledger.lookup import about
from rempart.intake.notices import complaints, filing
from rempart.people.permissions import Role
from rempart.server.pages.notices.cover import cover
from rempart.server.pages.texts import texts
from serving import make_data

SECRETS = ("Ada Byron", "ada@mail.example", "balcony")
"""What nobody reads in a file that was made without a purpose."""
UTC_NOW = datetime(2026, 11, 22, 21, tzinfo=UTC)


@pytest.fixture
def desk(store):
    with store.write() as conn:
        join_team(conn, RUI, LEA)
    return NoticeDesk(store)


class _UndoneError(Exception):
    """Takes a transaction back."""


def made(desk, told, *, who=LEA, at=None, lang="en", kept=False, purpose=""):
    """The file; what making it wrote down is taken back, unless `kept`."""
    found = b""
    try:
        with desk.store.write() as conn:
            found = filing.export(
                conn, told.notice, who, keyring=desk.writer.keyring, cover=partial(cover, words=texts(lang)),
                at=at or desk.clock(), purpose=purpose,
            )  # fmt: skip
            if not kept:
                raise _UndoneError
    except _UndoneError:
        pass
    return found


def said(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("notice.json"))


def test_the_same_state_and_time_give_the_same_bytes_and_another_time_does_not(desk):
    told = desk.take()
    desk.decide(told, REMOVE, people=(RUI,))
    desk.confirm(told)
    first = made(desk, told)
    assert made(desk, told) == first
    assert made(desk, told, at=UTC_NOW) != first
    assert made(desk, told, lang="fr") != first
    assert said(made(desk, told, lang="fr")) == said(first)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_making_it_is_a_step_that_the_next_one_shows(desk):
    told = desk.take()
    made(desk, told, kept=True)
    steps = said(made(desk, told))["steps"]
    assert [one["action"] for one in steps].count("notice.exported") == 1
    assert steps == sorted(steps, key=lambda one: one["at"])
    with desk.store.read() as conn:
        assert [one.action for one in about(conn, f"notice:{told.notice}")].count("notice.exported") == 1


def test_it_tells_of_a_complaint_and_of_who_decided_by_pseudonym(desk):
    told = desk.take()
    desk.decide(told, NO, people=(RUI,))
    with desk.store.write() as conn:
        complaints.complain(conn, told.notice, "It is me.", writer=desk.writer, at=desk.clock())
    found = said(made(desk, told))
    assert [one["state"] for one in found["complaints"]] == ["waiting"]
    assert found["outcome"] == "kept"
    assert "It is me." not in json.dumps(found)
    assert RUI.pseudonym in {one["by"] for one in found["steps"]}


def test_more_steps_than_are_read_at_once_are_all_there(desk, monkeypatch):
    told = desk.take()
    whole = said(made(desk, told))["steps"]
    monkeypatch.setattr(filing, "MOST", 1)
    assert len(whole) > 1
    assert said(made(desk, told))["steps"] == whole


def test_nobody_but_a_lead_who_may_see_all_its_cases_gets_it(desk):
    told, kept = desk.take(), desk.take(form("https://forum.example/9", insider=True))
    for who in (RUI, person("ida", Role.AUDITOR), person("adam", Role.ADMINISTRATOR)):
        with pytest.raises(NotPermittedError):
            made(desk, told, who=who)
    assert said(made(desk, kept))["number"] == kept.number
    with pytest.raises(NotFoundError), desk.store.write() as conn:
        filing.export(
            conn, filing.id_of(conn, "3333-4444"), LEA, keyring=desk.writer.keyring, cover=lambda one: b"",
            at=desk.clock(),
        )  # fmt: skip


def test_the_command_writes_a_file_whose_every_proof_verifies(tmp_path):
    data = make_data(tmp_path / "data").data
    with opened_data(data) as folder:
        told = sent(folder.store, form(), writer=a_writer(folder.keyring), at=folder.store.clock(), regimes=REGIMES)
    out = tmp_path / "file.zip"
    done = command("notice", "export", told.number.lower(), "--out", out, "--data", data)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "file")
    folder = tmp_path / "file"
    everything = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert [one for one in SECRETS if one.encode() in everything] == []
    steps = json.loads((folder / "notice.json").read_text())["steps"]
    assert {"notice.received", "letter.written", "case.opened"} <= {one["action"] for one in steps}
    assert all(one["proof"] for one in steps)
    for one in steps[:4]:
        verified = command("ledger", "verify", folder / one["proof"], "--key", folder / "key.txt", "--json")
        assert verified.returncode == 0, verified.stderr
        shown = json.loads(verified.stdout)
        assert (shown["outcome"], shown["body"]["action"], shown["leaf"]) == ("proven", one["action"], one["leaf"])
    altered = folder / "altered.json"
    word = steps[0]["action"].encode()
    altered.write_bytes((folder / steps[0]["proof"]).read_bytes().replace(word, word[::-1]))
    assert command("ledger", "verify", altered, "--key", folder / "key.txt").returncode != 0


def test_the_command_names_the_sender_for_a_purpose_and_tells_of_a_number_that_is_none(tmp_path):
    data = make_data(tmp_path / "data").data
    with opened_data(data) as folder:
        told = sent(folder.store, form(), writer=a_writer(folder.keyring), at=folder.store.clock(), regimes=REGIMES)
    out = tmp_path / "file.zip"
    asked = ("--purpose", "The court asks.", "--language", "fr", "--data", data)
    assert command("notice", "export", told.notice, "-o", out, *asked).returncode == 0
    assert said(out.read_bytes())["sender"]["name"] == "Ada Byron"
    with zipfile.ZipFile(out) as archive:
        assert 'lang="fr"' in archive.read("index.html").decode()
    wrong = command("notice", "export", "3333-4444", "-o", tmp_path / "none.zip", "--data", data)
    assert wrong.returncode == 2
    assert "There is no such notice." in wrong.stderr
    assert not (tmp_path / "none.zip").exists()
