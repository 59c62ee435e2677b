"""A referral's life: who may do what, that content needs two, what handing over ends, keeps and writes down."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from actors import person
from judging import LEA, NO, REMOVE, RUI, answered
from ordering import OrderDesk, a_case
from referring import ADA, POLICE, REPORT, SENDER, Bureau
from rempart.cases.records import tasks, work
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger.records import leaves
from rempart.evidence.vault import HeldKeys
from rempart.evidence.vault import records as vault_records
from rempart.people import approvals
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.reports.orders import disclosures
from rempart.reports.orders.values import Ground, OrderKind, What
from rempart.reports.referrals import drafting, handing, reading, sealing
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.routing import Standing
from rempart.reports.referrals.values import State
from vaults import key_text

IDA = person("ida", Role.AUDITOR)


@pytest.fixture
def bureau(store):
    return Bureau(store, duties=["uk-nca"])


def row_of(bureau, referral):
    with bureau.store.read() as conn:
        return records.find(conn, referral)


def told(store, action):
    with store.read() as conn:
        found = [json.loads(body) for body in conn.scalars(select(leaves.c.body).order_by(leaves.c.id))]
    return [one for one in found if one["action"] == action]


def task_states(bureau, case):
    with bureau.store.read() as conn:
        return {one.kind: (one.state, one.why) for one in tasks.of_cases(conn, [case])}


def bases_of(bureau, case):
    with bureau.store.read() as conn:
        query = select(vault_records.bases.c.basis, vault_records.bases.c.ended)
        return {row.basis for row in conn.execute(query) if row.ended is None}


def test_content_leaves_when_another_person_has_confirmed_just_this(bureau):
    referral = bureau.draft(bureau.case(), content=True)
    approval = bureau.ask(referral)
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        bureau.decide(approval, RUI)
    assert row_of(bureau, referral).state is State.ASKED
    bureau.decide(approval, ADA)
    row = row_of(bureau, referral)
    assert (row.state, row.asked_by, row.confirmed_by, row.single) == (State.CONFIRMED, "p-rui", "p-ada", False)


def test_what_holds_no_content_needs_nobody_else(bureau):
    referral = bureau.draft(bureau.case())
    assert bureau.ask(referral) == ""
    assert row_of(bureau, referral).state is State.CONFIRMED


def test_whoever_has_the_console_is_not_the_first_of_two_people(bureau):
    with_content, without = bureau.draft(bureau.case(), content=True), bureau.draft(bureau.case())
    with pytest.raises(NotPermittedError, match="--as NAME"):
        bureau.ask(with_content, CONSOLE)
    assert bureau.ask(without, CONSOLE) == ""


def test_refused_it_is_a_draft_again_and_can_be_asked_again(bureau):
    referral = bureau.draft(bureau.case(), content=True)
    bureau.decide(bureau.ask(referral), approve=False)
    assert row_of(bureau, referral).state is State.DRAFT
    bureau.decide(bureau.ask(referral))
    assert row_of(bureau, referral).state is State.CONFIRMED


def test_a_recipient_whose_key_changed_since_is_not_confirmed(bureau):
    referral = bureau.draft(bureau.case(), content=True)
    approval = bureau.ask(referral)
    other = replace(POLICE.recipient, keys=("age1" + "q" * 58,))
    bureau.sender = replace(SENDER, recipients=(other,))
    with pytest.raises(ConflictError, match="keys or class have changed"):
        bureau.decide(approval)
    bureau.sender = replace(SENDER, recipients=())
    with pytest.raises(ConflictError):
        bureau.decide(approval)
    bureau.sender = SENDER
    bureau.decide(approval)
    bureau.sender = replace(SENDER, recipients=(other,))
    with pytest.raises(ConflictError):
        bureau.pack(referral)


def test_in_danger_one_named_person_confirms_alone_and_another_looks_afterwards(bureau):
    calm, danger = bureau.draft(bureau.case(), content=True), bureau.draft(bureau.case(danger=True), content=True)

    def alone(referral, who=RUI, reason="A child is named."):
        with bureau.store.write() as conn:
            drafting.confirm_alone(conn, referral, who, reason=reason, at=bureau.store.clock())

    with pytest.raises(RefusedError, match="needs a second person"):
        alone(calm)
    with pytest.raises(RefusedError, match="reason"):
        alone(danger, reason=" ")
    approval = bureau.ask(danger)
    alone(danger)
    row = row_of(bureau, danger)
    assert (row.state, row.single) == (State.CONFIRMED, True)
    with pytest.raises(RefusedError, match="stands otherwise by now"):
        bureau.decide(approval)

    def review(who):
        with bureau.store.write() as conn:
            drafting.review(conn, danger, who, at=bureau.store.clock())

    with pytest.raises(RefusedError, match="cannot look at it afterwards"):
        review(RUI)
    review(ADA)
    assert row_of(bureau, danger).reviewed_by == "p-ada"
    with pytest.raises(ConflictError):
        review(ADA)
    bureau.pack(danger)
    bureau.hand_over(danger)
    with bureau.store.read() as conn:
        (one,) = disclosures.listed(conn, LEA, keyring=bureau.vault.keyring, subject=f"referral:{danger}")
    assert (one.single, one.second) == (True, None)


def test_where_nobody_seconds_within_the_limit_one_named_person_confirms(bureau):
    referral = bureau.draft(bureau.case(), content=True)
    bureau.ask(referral)

    def alone():
        with bureau.store.write() as conn:
            drafting.confirm_alone(conn, referral, RUI, reason="Nobody is here.", at=bureau.store.clock())

    with pytest.raises(RefusedError, match="needs a second person"):
        alone()
    bureau.vault.clock.go_on(hours=24)
    alone()
    assert row_of(bureau, referral).single


def test_alone_in_a_declared_deployment_of_one_it_is_confirmed_in_a_new_session_later(bureau):
    from rempart.people.records import persons

    referral = bureau.draft(bureau.case(), content=True)
    approval = bureau.ask(referral)
    with bureau.store.write() as conn:
        for one in (ADA, LEA):
            persons.change(conn, one.id, deactivated=bureau.store.clock())
    late = timedelta(hours=12)
    bureau.vault.clock.go_on(hours=13)
    with pytest.raises(RefusedError, match="same session"):
        bureau.decide(approval, RUI, alone_after=late)
    bureau.decide(approval, replace(RUI, session="another", signed_in=bureau.store.clock()), alone_after=late)
    assert row_of(bureau, referral).single


def test_handing_over_ends_the_task_keeps_the_evidence_and_writes_the_disclosure_down(bureau):
    case = bureau.case()
    referral = bureau.confirmed(case, content=True)
    with pytest.raises(ConflictError, match="No package"):
        bureau.hand_over(referral)
    bureau.pack(referral)
    with pytest.raises(RefusedError, match="How it was handed over"):
        bureau.hand_over(referral, how=" ")
    assert task_states(bureau, case)["refer"][0] == "waiting"
    bureau.hand_over(referral)
    assert task_states(bureau, case)["refer"][0] == "done"
    assert bases_of(bureau, case) == {"uk-nca"}
    with bureau.store.read() as conn:
        (one,) = disclosures.listed(conn, LEA, keyring=bureau.vault.keyring, subject=f"referral:{referral}")
        shown = reading.one(conn, referral, RUI, keyring=bureau.vault.keyring)
    assert (one.recipient, one.reference, one.second, one.single) == ("The yard", "R-17/2026", "p-ada", False)
    assert {What.CONTENT, What.LOCATIONS, What.PROOFS} <= set(one.what)
    assert What.REPORT not in one.what
    assert shown.outcome == {"reference": "R-17/2026", "how": "by courier to the front desk"}
    with pytest.raises(ConflictError):
        bureau.hand_over(referral)
    (leaf,) = told(bureau.store, "referral.handed_over")
    assert leaf["facts"] == {
        "authority": "uk-nca", "content": True, "ground": "duty", "task": True, "to": ["police"]
    }  # fmt: skip
    assert {"reference", "how"} <= set(leaf["sealed"])


@pytest.mark.parametrize(("asker", "confirmer", "bearer", "second"), [
    (RUI, ADA, ADA, "p-rui"), (LEA, RUI, RUI, "p-lea"), (LEA, RUI, LEA, "p-rui"), (RUI, ADA, LEA, "p-ada"),
])  # fmt: skip
def test_whoever_hands_it_over_a_disclosure_names_the_other_of_the_two(bureau, asker, confirmer, bearer, second):
    referral = bureau.draft(bureau.case(), content=True)
    bureau.decide(bureau.ask(referral, asker), confirmer)
    bureau.pack(referral)
    bureau.hand_over(referral, bearer)
    with bureau.store.read() as conn:
        (one,) = disclosures.listed(conn, LEA, keyring=bureau.vault.keyring, subject=f"referral:{referral}")
    assert (one.by, one.second) == (bearer.pseudonym, second)


def test_a_report_task_is_carried_out_by_a_package_where_that_is_how_one_reports(bureau):
    """In Great Britain the report goes to the NCA; a hotline that is told beside does not end it."""
    case = bureau.case(decisions=(REMOVE, REPORT))
    for to, state in (("line", "waiting"), ("yard", "done")):
        referral = bureau.confirmed(case, to)
        bureau.pack(referral)
        bureau.hand_over(referral)
        assert task_states(bureau, case)["report"][0] == state


def test_a_report_that_counts_already_ends_the_referral_without_another(bureau):
    case = bureau.case(decisions=(REMOVE, REPORT, "refer"))

    def count():
        with bureau.store.write() as conn:
            return handing.count(conn, case, RUI, sender=bureau.sender, vault=bureau.vault, at=bureau.store.clock())

    with pytest.raises(ConflictError, match="No report that was made already counts"):
        count()
    with bureau.store.write() as conn:  # as filing does once NCMEC has the report
        from rempart.cases.assessing import tasks as case_tasks

        (report,) = [one for one in tasks.of_cases(conn, [case]) if one.kind == "report"]
        case_tasks.finish(conn, report.id, state="done", by=RUI, at=bureau.store.clock(), vault=bureau.vault)
        found = reading.route(conn, case, RUI, sender=bureau.sender)
    assert found.standing("uk-nca") is Standing.COUNTED
    assert count() == "us-ncmec"
    assert task_states(bureau, case)["refer"] == ("done", "counted: us-ncmec")
    assert [one["facts"] for one in told(bureau.store, "referral.counted")] == [
        {"authority": "uk-nca", "counts": "us-ncmec"}
    ]


def test_taken_back_it_is_forgotten_and_its_question_goes_too(bureau):
    referral = bureau.draft(bureau.case(), content=True)
    bureau.ask(referral)
    with bureau.store.write() as conn:
        drafting.withdraw(
            conn, referral, RUI, why="another way", keyring=bureau.vault.keyring, at=bureau.store.clock()
        )  # fmt: skip
    row = row_of(bureau, referral)
    assert (row.state, row.frozen) == (State.WITHDRAWN, None)
    with bureau.store.read() as conn:
        assert approvals.pending(conn) == ()
    for step in (bureau.ask, bureau.pack):
        with pytest.raises(ConflictError):
            step(referral)


def test_whoever_has_still_to_answer_learns_of_no_referral(bureau):
    case = bureau.case(decide=False)
    answered(bureau.store, case, REMOVE, by=RUI)
    bureau.vault.clock.go_on(seconds=60)
    from judging import settled

    settled(bureau.store, bureau.vault)
    referral = bureau.draft(case)
    with bureau.store.read() as conn:
        assert reading.of_case(conn, case, ADA) == ()
        assert reading.listed(conn, ADA).rows == ()
        with pytest.raises(NotFoundError, match="no such referral"):
            reading.one(conn, referral, ADA, keyring=bureau.vault.keyring)
    with pytest.raises(ConflictError):
        bureau.draft(case, who=ADA)


def test_a_case_that_is_kept_from_somebody_has_no_referral_for_them(bureau):
    case = bureau.case()
    referral = bureau.draft(case)
    with bureau.store.write() as conn:
        work.bar(conn, case, frozenset({ADA.id}))
    with bureau.store.read() as conn:
        assert reading.listed(conn, ADA).rows == ()
        assert [one.id for one in reading.listed(conn, RUI).rows] == [referral]
        with pytest.raises(NotFoundError):
            reading.one(conn, referral, ADA, keyring=bureau.vault.keyring)
    with pytest.raises(NotFoundError):
        bureau.ask(referral, ADA)


def test_an_auditor_neither_reads_nor_makes_one(bureau):
    case = bureau.case()
    with pytest.raises(NotPermittedError):
        bureau.draft(case, who=IDA)
    with bureau.store.read() as conn, pytest.raises(NotPermittedError):
        reading.listed(conn, IDA)


def test_what_waits_is_listed_until_somebody_drafts_it(bureau):
    case = bureau.case()
    bureau.case(decisions=(NO,))
    with bureau.store.read() as conn:
        assert [one.case_id for one in reading.waiting(conn, RUI)] == [case]
    bureau.draft(case)
    with bureau.store.read() as conn:
        assert reading.waiting(conn, RUI) == ()


def test_what_is_stored_of_people_is_sealed_and_follows_the_service_key(bureau):
    referral = bureau.draft(bureau.case(), note="Ask for Inspector Byron.")
    row = row_of(bureau, referral)
    assert all(word not in row.frozen for word in (b"kite", b"forum.example", b"Byron"))
    old = bureau.vault.keyring
    new = HeldKeys(",".join((key_text(), _text_of(old))))
    with bureau.store.write() as conn:
        assert sealing.rewrap_referrals(conn, keyring=new) == 1
        assert sealing.rewrap_referrals(conn, keyring=new) == 0
        frozen = drafting.frozen_of(records.find(conn, referral), keyring=new)
    assert frozen["note"] == "Ask for Inspector Byron."


def test_the_ledger_tells_of_it_without_a_name_or_address(bureau):
    referral = bureau.confirmed(bureau.case(), content=True, note="Ask for Inspector Byron.")
    bureau.pack(referral)
    bureau.hand_over(referral)
    with bureau.store.read() as conn:
        everything = "".join(conn.scalars(select(leaves.c.body)))
    assert [
        one for one in ("kite", "Byron", "R-17", "courier", "The yard", "forum.example/p") if one in everything
    ] == []
    steps = [one["action"] for name in ("drafted", "asked", "confirmed", "packed", "handed_over")
             for one in told(bureau.store, f"referral.{name}")]  # fmt: skip
    assert steps == [f"referral.{name}" for name in ("drafted", "asked", "confirmed", "packed", "handed_over")]


def _text_of(keyring):
    import base64

    return base64.b64encode(keyring.active().secret).decode()


def test_a_package_under_an_order_is_in_the_register_with_it(bureau):
    case = bureau.case()
    desk = OrderDesk.__new__(OrderDesk)  # its people are here already
    desk.store, desk.vault, desk.clock = bureau.store, bureau.vault, bureau.vault.clock
    order = desk.take(a_case(case), kind=OrderKind.INFORMATION).order
    with pytest.raises(RefusedError, match="no such order about this case"):
        bureau.draft(bureau.case(), who=LEA, order=order)
    referral = bureau.draft(case, who=LEA, ground=Ground.ORDER, order=order)
    bureau.ask(referral, who=LEA)
    bureau.pack(referral, who=LEA)
    bureau.hand_over(referral, who=LEA)
    with bureau.store.read() as conn:
        (one,) = disclosures.listed(conn, LEA, keyring=bureau.vault.keyring, order=order)
    assert (one.subject, one.ground) == (f"referral:{referral}", Ground.ORDER)
