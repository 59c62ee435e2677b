"""A breaker that trips and work that was given up reach the operator, and undo nothing."""

import base64
import logging

from actors import NOON, person
from curating import jobs
from desks import opened
from rempart.cases.work.moves import danger
from rempart.evidence.vault.keyring import HeldKeys
from rempart.lists import breaker_records
from rempart.lists.breaker import Breaker, BreakerLimits
from rempart.server.alarms import Alarms
from rempart.server.mail import SEND, MailKind, _opened
from rempart.settings import MailSettings, Settings

KEYS = HeldKeys(base64.b64encode(b"k" * 32).decode())


class Matched:
    entry_id, list_id, mode = 7, "list_1", "blocking"


def alarms(tmp_path, *addresses, host="mail.example"):
    mail = MailSettings(host=host, sender="rempart@example.org", alarms=addresses) if host else MailSettings()
    return Alarms(Settings(data=tmp_path, mail=mail), keyring=KEYS, clock=lambda: NOON)


def trip(store, raised):
    breaker = Breaker(BreakerLimits(entry=5), on_trip=raised.breaker)
    with store.write() as conn:
        return breaker.note(conn, [([Matched()], None)] * 9, at=NOON)


def test_a_tripped_breaker_is_mailed_to_each_address_and_logged(store, tmp_path, caplog):
    raised = alarms(tmp_path, "a@example.org", "b@example.org")
    with caplog.at_level(logging.ERROR):
        assert trip(store, raised).subjects == {"entry:7"}
    mails = [_opened(payload, keyring=KEYS) for payload in jobs(store, SEND)]
    assert [(one.kind, one.to) for one in mails] == [
        (MailKind.ALARM, "a@example.org"),
        (MailKind.ALARM, "b@example.org"),
    ]
    assert "9 matches, usual are 5" in mails[0].values["what"]
    assert "entry:7" in caplog.text
    assert raised.raised == 1


def test_without_mail_an_alarm_is_logged(store, tmp_path, caplog):
    raised = alarms(tmp_path, host="")
    with caplog.at_level(logging.ERROR):
        trip(store, raised)
    assert jobs(store, SEND) == []
    assert "breaker of entry:7 tripped" in caplog.text


def test_an_alarm_that_cannot_be_mailed_undoes_nothing(store, tmp_path):
    trip(store, alarms(tmp_path, "no address"))
    with store.read() as conn:
        assert [one.subject for one in breaker_records.tripped(conn)] == ["entry:7"]


def test_mail_that_was_given_up_raises_no_more_mail(store, tmp_path):
    raised = alarms(tmp_path, "a@example.org")
    with store.write() as conn:
        raised.dead_job(conn, SEND, {}, "away")
        raised.dead_job(conn, "webhook.deliver", {}, "away")
    (mail,) = [_opened(payload, keyring=KEYS) for payload in jobs(store, SEND)]
    assert "webhook.deliver" in mail.values["what"]
    assert raised.raised == 2


def test_danger_is_mailed_at_once_and_names_nobody(store, tmp_path, caplog):
    raised = alarms(tmp_path, "a@example.org")
    with store.write() as conn:
        case_id = opened(conn, 1)
        with caplog.at_level(logging.ERROR):
            danger(conn, case_id, person("rui"), reason="Ines is with him", at=NOON, alarm=raised.danger)
            danger(conn, case_id, person("ana"), reason="again", at=NOON, alarm=raised.danger)
    (mail,) = (_opened(payload, keyring=KEYS) for payload in jobs(store, SEND))
    assert "immediate danger" in mail.values["what"]
    assert f"/cases/{case_id}/danger" in mail.values["hint"]
    assert "Ines" not in caplog.text + str(mail.values)
    assert raised.raised == 1
