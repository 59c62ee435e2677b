"""What is forgotten in time, and that a restore brings no referral back to be handed over twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from referring import Bureau
from rempart.cases.records import tasks
from rempart.errors import RefusedError
from rempart.evidence.vault import records as vault_records
from rempart.people import approvals
from rempart.people.records import approvals as approval_rows
from rempart.people.records.approvals import Approval
from rempart.reports.referrals import upkeep
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.values import State


@pytest.fixture
def bureau(store):
    return Bureau(store, duties=["uk-nca"])


def again(bureau, action, referral, **facts):
    with bureau.store.write() as conn:
        return upkeep.done_again(
            conn, f"referral.{action}", f"referral:{referral}", facts, vault=bureau.vault, at=bureau.store.clock()
        )  # fmt: skip


def row_of(bureau, referral):
    with bureau.store.read() as conn:
        return records.find(conn, referral)


def test_what_a_referral_said_is_forgotten_a_year_after_it_was_handed_over(bureau):
    referral, young = bureau.confirmed(bureau.case()), bureau.draft(bureau.case())
    bureau.pack(referral)
    bureau.hand_over(referral)

    def forget():
        with bureau.store.write() as conn:
            return upkeep.forget_due(conn, at=bureau.store.clock())

    assert forget() == 0
    bureau.vault.clock.go_on(days=366)
    assert forget() == 1
    assert forget() == 0
    row = row_of(bureau, referral)
    assert (row.state, row.frozen, row.outcome) == (State.HANDED_OVER, None, None)
    assert row_of(bureau, young).frozen is not None


def test_what_was_handed_over_after_the_backup_is_not_handed_over_again(bureau):
    case = bureau.case()
    referral = bureau.confirmed(case, content=True)
    bureau.pack(referral)
    assert again(bureau, "handed_over", referral, task=True)
    assert not again(bureau, "handed_over", referral, task=True)
    row = row_of(bureau, referral)
    assert (row.state, row.ended_by) == (State.HANDED_OVER, "restore")
    with bureau.store.read() as conn:
        (task,) = [one for one in tasks.of_cases(conn, [case]) if one.kind == "refer"]
        query = select(vault_records.bases).where(vault_records.bases.c.ended.is_(None))
        kept = {(one.basis, one.keep_until > bureau.store.clock() + timedelta(days=360)) for one in conn.execute(query)}
    assert task.state == "done"
    assert kept == {("uk-nca", True)}


def test_what_was_taken_back_after_the_backup_cannot_be_confirmed_any_more(bureau):
    referral = bureau.draft(bureau.case(), content=True)
    approval = bureau.ask(referral)
    assert again(bureau, "withdrawn", referral)
    assert row_of(bureau, referral).frozen is None
    with bureau.store.read() as conn:
        found: Approval = approval_rows.find(conn, approval)
        assert (found.state, approvals.pending(conn)) == ("withdrawn", ())
    with pytest.raises(RefusedError):
        bureau.decide(approval)
    assert not again(bureau, "withdrawn", "referral_of_later")


def test_what_was_forgotten_after_the_backup_is_forgotten_again(bureau):
    referral = bureau.confirmed(bureau.case())
    bureau.pack(referral)
    bureau.hand_over(referral)
    assert again(bureau, "forgotten", referral)
    assert row_of(bureau, referral).frozen is None
    assert not again(bureau, "forgotten", referral)
