"""Who was given what: written with what leaves, sealed, and shown to those who may know of the case."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from actors import NOON, person
from rempart.errors import NotPermittedError, RefusedError
from rempart.evidence.ledger.records import leaves
from rempart.evidence.vault import HeldKeys
from rempart.people.permissions import Role
from rempart.people.principal import SYSTEM
from rempart.reports.orders import disclosures
from rempart.reports.orders.values import Ground, RecipientClass, What
from vaults import key_text

KEYS = HeldKeys(key_text())
LEAD, AUDITOR = person("lea"), person("aud", Role.AUDITOR)


def logged(store, **more):
    values = {
        "subject": "report:report_1", "recipient": "NCMEC", "recipient_class": RecipientClass.NCMEC,
        "ground": Ground.DUTY, "regime": "us-2258a", "what": {What.CONTENT, What.REPORT}, "by": SYSTEM, "at": NOON,
        "keyring": KEYS, "second": "p-ada",
    } | more  # fmt: skip
    with store.write() as conn:
        return disclosures.log(conn, **values)


def listed(store, who=LEAD, **more):
    with store.read() as conn:
        return disclosures.listed(conn, who, keyring=KEYS, **more)


def test_what_was_handed_over_is_listed_for_leads_and_auditors_the_newest_first(store):
    first = logged(store)
    second = logged(
        store, subject="referral:referral_1", recipient="OFAC, brigadier Martin", reference="PV 2026/17",
        recipient_class=RecipientClass.POLICE, ground=Ground.VOLUNTARY, what=[What.SIGNALS, What.ASSESSMENTS],
        at=NOON + timedelta(hours=1), regime="", second=None, single=True,
    )  # fmt: skip
    assert [one.id for one in listed(store)] == [second, first] == [one.id for one in listed(store, AUDITOR)]
    one = listed(store, subject="referral:referral_1")[0]
    assert (one.recipient, one.reference) == ("OFAC, brigadier Martin", "PV 2026/17")
    assert (one.what, one.single, one.second) == ((What.ASSESSMENTS, What.SIGNALS), True, None)
    assert listed(store, before=(NOON + timedelta(hours=1), second))[0].id == first
    with pytest.raises(NotPermittedError):
        listed(store, person("cu", Role.CURATOR))


def test_recipients_are_sealed_in_the_table_and_in_the_ledger(store):
    logged(store, recipient="Brigadier Martin", reference="PV 2026/17")
    with store.read() as conn:
        found = str(conn.exec_driver_sql("SELECT * FROM disclosures").all())
        told = [json.loads(one)["facts"] for one in conn.scalars(select(leaves.c.body))]
    assert "Martin" not in found + str(told)
    assert "2026/17" not in found + str(told)
    assert [(one["to"], one["what"], one["seconded"]) for one in told] == [("ncmec", ["content", "report"], True)]


@pytest.mark.parametrize("to", [RecipientClass.HOTLINE, RecipientClass.OTHER, RecipientClass.REGULATOR])
def test_content_is_logged_for_police_ncmec_and_legal_process_alone(sqlite_store, to):
    with pytest.raises(RefusedError, match="Content goes"):
        logged(sqlite_store, recipient_class=to, what=[What.CONTENT])
    assert listed(sqlite_store) == ()


def test_a_disclosure_says_to_whom_and_what(sqlite_store):
    for wrong in ({"what": []}, {"recipient": "  "}):
        with pytest.raises(RefusedError):
            logged(sqlite_store, **wrong)
