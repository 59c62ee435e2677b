"""Filing as a deployment wires it: who is told and how, what may be sent where, and what follows a key and a backup."""

import base64
import dataclasses

import pytest

from actors import NOON
from curating import jobs
from rempart.errors import RefusedError, SettingsError
from rempart.evidence.backup.replaying import Step
from rempart.evidence.vault import HeldKeys, KeyFile
from rempart.evidence.vault.rotation import rotate
from rempart.reports.cybertip.filing.again import STEPS
from rempart.reports.cybertip.filing.means import Told, Word
from rempart.reports.cybertip.filing.sealing import opened_answer, rewrap_answers
from rempart.reports.cybertip.records import calls
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.server.alarms import Alarms
from rempart.server.filing import means_of as means_here
from rempart.server.mail import SEND, _opened
from rempart.server.replays import replays
from rempart.server.vaults import WRAPPED_ELSEWHERE
from rempart.settings import CybertipSettings, MailSettings, Settings
from tipfiling import begun, confirmed, desk, means_of, stands, tipline
from vaults import BY, a_vault

KEYS = HeldKeys(base64.b64encode(b"k" * 32).decode())


def alarms(tmp_path):
    mail = MailSettings(host="mail.example", sender="rempart@example.org", alarms=("a@example.org",))
    return Alarms(Settings(data=tmp_path, mail=mail), keyring=KEYS, clock=lambda: NOON)


@pytest.mark.parametrize("told", list(Told))
def test_whatever_has_to_be_told_is_mailed_once_with_what_to_do(sqlite_store, tmp_path, told):
    raised = alarms(tmp_path)
    word = Word(told=told, environment=Environment.PRODUCTION, report="report_1", case_id="case_secret", why="x")
    with sqlite_store.write() as conn:
        for _ in range(2):
            raised.reports(conn, word)
        raised.reports(conn, dataclasses.replace(word, environment=Environment.TEST))
    real, tried = (_opened(payload, keyring=KEYS) for payload in jobs(sqlite_store, SEND))
    assert "Look at it: /reports/report_1" in real.values["hint"]
    assert "case_secret" not in str(real.values)
    assert "nothing is reported" not in real.values["what"]
    assert "test: nothing is reported" in tried.values["what"]


def test_nothing_is_sent_for_real_without_the_switch(sqlite_store, one_vault, tmp_path):
    told = CybertipSettings(
        environment="production", production_user="forum", production_password="word", reporter_email="a@forum.example"
    )  # fmt: skip
    means = means_here(
        Settings(data=tmp_path, cybertip=told), sqlite_store, vault=one_vault, alarms=alarms(tmp_path)
    )  # fmt: skip
    report_id = confirmed(sqlite_store, one_vault)
    with sqlite_store.write() as conn:
        means.require(conn, Environment.TEST)
        with pytest.raises(RefusedError):
            means.require(conn, Environment.PRODUCTION)
        means.begin(conn, report_id, sqlite_store.clock())
    assert stands(sqlite_store, report_id).state is ReportState.CONFIRMED  # it waits for the switch
    with pytest.raises(SettingsError), means.connect(Environment.TEST):
        pass  # no credentials are set for it


def answers(store, report_id, keyring):
    with store.read() as conn:
        return [opened_answer(one, keyring=keyring) for one in calls.of_report(conn, report_id)]


def test_a_rotation_of_the_service_key_wraps_answers_again(sqlite_store, tmp_path):
    keys = KeyFile(tmp_path / "service.key")
    old = keys.create()
    vault = a_vault(sqlite_store, keys=keys)
    report_id = begun(sqlite_store, vault)
    with tipline(clock=sqlite_store.clock) as server, desk(sqlite_store, means_of(vault, server)) as go:
        go()
    before = answers(sqlite_store, report_id, keys)
    assert all(before)
    assert rewrap_answers in WRAPPED_ELSEWHERE
    rotate(vault, keys, by=BY)
    with sqlite_store.write() as conn:
        assert rewrap_answers(conn, keyring=keys) == len(before)
        assert rewrap_answers(conn, keyring=keys) == 0
    keys.remove(old.id)
    assert answers(sqlite_store, report_id, keys) == before


def test_a_restore_repeats_what_was_filed(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    report_id = begun(store, vault)
    known = replays(vault, clock=store.clock)
    assert set(STEPS) <= set(known)
    step = Step(
        position=9, action="report.filed", facts={"environment": "production", "task": None},
        subject=f"report:{report_id}",
    )  # fmt: skip
    with store.write() as conn:
        assert known[step.action](conn, step)
    assert stands(store, report_id).state is ReportState.FILED
