"""What an order asks for is really done: by people where somebody judges, by two where something is destroyed."""

from datetime import timedelta

import pytest

from judging import LEA, NO, REMOVE, RUI
from ordering import AUDITOR, LEO, URL, OrderDesk, a_case, an_item, named
from rempart.cases.records import cases
from rempart.errors import LegalHoldError, NotFoundError, NotPermittedError, ObjectDestroyedError, RefusedError
from rempart.evidence.vault import records as vault_records
from rempart.evidence.vault.upkeep import run_retention
from rempart.items.records import items
from rempart.reports.orders import answering
from rempart.reports.orders.values import OrderKind, Outcome, What
from rempart.reports.reasons.records import delays
from vaults import BY, put_in, read


@pytest.fixture
def desk(store):
    """On either database."""
    return OrderDesk(store)


@pytest.fixture
def plain(sqlite_store):
    """For what no database changes."""
    return OrderDesk(sqlite_store)


def test_a_removal_order_is_judged_by_people_and_done_when_its_service_confirms(desk):
    taken = desk.take(regimes=("fr-lcen",))
    assert taken.due == desk.clock() - timedelta(minutes=5) + timedelta(hours=24)
    case, part = desk.case(taken.order), desk.parts(taken.order)[0]
    assert (case.kind, case.reason, case.queue, case.priority, case.due) == (
        "notice",
        "order",
        "child-safety",
        1,
        taken.due,
    )
    with desk.store.read() as conn:
        item = items.hosted(conn, part.item)
        assert [one.cause for one in delays.of(conn, cases=[case.id])] == ["order"]
    assert (item.url, part.state) == (URL, "waiting")
    desk.judge(case.id, REMOVE, people=(RUI,))
    assert desk.parts(taken.order)[0].state == "removing"
    assert desk.row(taken.order).effect is None
    desk.clock.go_on(hours=1)
    desk.confirm(part.item)
    row, clock = desk.row(taken.order), desk.clocks(taken.order)[0]
    assert desk.parts(taken.order)[0].state == "done"
    assert (row.effect, clock.met, row.state) == (desk.clock(), desk.clock(), "open")
    desk.close(taken.order, Outcome.DONE)
    assert (desk.row(taken.order).state, desk.row(taken.order).outcome) == ("closed", "done")


def test_preservation_places_a_legal_hold_that_outlives_the_case(desk):
    held = desk.hosted(7)
    taken = desk.take(an_item(7), kind=OrderKind.PRESERVATION, regimes=("us-2703f",), country="US")
    with desk.store.write() as conn:
        holds = vault_records.holds_on(conn, held)
        desk.vault.let_go(conn, basis="policy", reference="check_7", by=BY)
    assert [one.authority for one in holds] == [taken.order]
    run_retention(desk.vault, by=BY)
    assert read(desk.vault, held) == b"a picture"
    assert desk.row(taken.order).state == "in_force"
    keep = next(one for one in desk.clocks(taken.order) if one.what == "keep")
    assert keep.due - keep.trigger == timedelta(days=90)
    with pytest.raises(RefusedError, match="holds stand still"):
        desk.close(taken.order, Outcome.DONE)
    assert desk.do(answering.release, taken.order, LEA, why="90 days are over", vault=desk.vault) == 1
    desk.close(taken.order, Outcome.DONE)
    run_retention(desk.vault, by=BY)
    with pytest.raises(ObjectDestroyedError):
        read(desk.vault, held)


def test_two_people_destroy_what_an_authority_asks_to_be_destroyed(desk):
    object_id = desk.hosted(7)
    taken = desk.take(an_item(7), kind=OrderKind.DESTRUCTION, regimes=("us-2258b",))
    approval = desk.ask_destroy(taken.order)
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        desk.second(approval, LEA)
    assert read(desk.vault, object_id) == b"a picture"
    assert desk.second(approval, LEO) == 1
    with pytest.raises(ObjectDestroyedError):
        read(desk.vault, object_id)
    assert (desk.parts(taken.order)[0].state, desk.row(taken.order).effect) == ("done", desk.clock())
    with desk.store.read() as conn:
        tomb = vault_records.find_object(conn, object_id)
    assert (tomb.destroyed, tomb.wrap, tomb.sha256) == (desk.clock(), None, None)


def test_a_legal_hold_beats_destruction_until_it_is_released(desk):
    object_id = desk.hosted(7)
    with desk.store.write() as conn:
        hold = desk.vault.hold(conn, object_id, reason="a trial", by=BY)
    taken = desk.take(an_item(7), kind=OrderKind.DESTRUCTION)
    assert desk.file(taken.order).parts[0].state == "held"
    with pytest.raises(LegalHoldError, match="all 1 objects"):
        desk.ask_destroy(taken.order)
    with desk.store.write() as conn:
        desk.vault.release(conn, hold, reason="the trial is over", by=BY)
    approval = desk.ask_destroy(taken.order)
    with desk.store.write() as conn:
        desk.vault.hold(conn, object_id, reason="an appeal", by=BY)
    with pytest.raises(RefusedError, match="has changed since"):
        desk.second(approval)
    assert read(desk.vault, object_id) == b"a picture"


def test_terrorist_content_that_was_removed_is_kept_for_six_months_and_no_longer(desk):
    with desk.store.write() as conn:
        from desks import opened

        case_id = opened(conn, 7)
    object_id = put_in(desk.vault, item="item:7", basis="case", reference=case_id)
    taken = desk.take(a_case(case_id), regimes=("eu-tco",), country="DE")
    assert taken.due - desk.row(taken.order).received == timedelta(hours=1)
    desk.judge(case_id, REMOVE, category=None)
    desk.confirm(7)
    run_retention(desk.vault, by=BY)
    assert desk.keep_on() == 1
    assert desk.keep_on() == 0
    row = desk.row(taken.order)
    assert (row.state, row.due) == ("in_force", row.effect.replace(year=2027, month=5))
    run_retention(desk.vault, by=BY)
    assert read(desk.vault, object_id) == b"a picture"
    desk.clock.go_on(days=190)
    run_retention(desk.vault, by=BY)
    desk.clock.go_on(days=2)
    run_retention(desk.vault, by=BY)
    with pytest.raises(ObjectDestroyedError):
        read(desk.vault, object_id)


def test_information_is_disclosed_or_refused_and_content_leaves_only_as_a_package(plain):
    plain.hosted(7)
    taken = plain.take(an_item(7), kind=OrderKind.INFORMATION)
    for what in ([What.CONTENT], [What.ACCOUNT, What.CONTENT]):
        with pytest.raises(RefusedError, match="sealed package"):
            plain.do(answering.disclose, taken.order, LEA, what=what, keyring=plain.vault.keyring)
    plain.do(answering.disclose, taken.order, LEA, what=[What.ACCOUNT], keyring=plain.vault.keyring)
    found = plain.file(taken.order).disclosures
    assert [(one.recipient, one.what, one.order) for one in found] == [
        ("OFAC, brigadier Martin", ("account",), taken.order)
    ]
    plain.close(taken.order, Outcome.DONE)
    refused = plain.take(an_item(7), kind=OrderKind.WARRANT, reference="another")
    with pytest.raises(RefusedError, match="Not all"):
        plain.close(refused.order, Outcome.DONE)
    plain.close(refused.order, Outcome.REFUSED, answer="No court has signed it.")
    assert plain.file(refused.order).texts["answer"] == "No court has signed it."


def test_the_same_reference_twice_is_told_and_not_refused(desk):
    first = desk.take()
    again = desk.take(reference="pv  2026/17 ", authority="OFAC,  Brigadier Martin")
    assert (first.twins, again.twins) == ((), (first.order,))
    assert desk.parts(first.order)[0].case_id == desk.parts(again.order)[0].case_id
    assert desk.file(again.order).twins == (first.order,)


def test_only_leads_keep_orders_and_auditors_read_them(plain):
    taken = plain.take()
    for who in (RUI, AUDITOR):
        with pytest.raises(NotPermittedError):
            plain.take(who=who)
        with pytest.raises(NotPermittedError):
            plain.do(answering.acknowledge, taken.order, who)
    assert plain.file(taken.order, AUDITOR).texts["reference"] == "PV 2026/17"
    with pytest.raises(NotPermittedError):
        plain.file(taken.order, RUI)


def test_who_is_kept_from_a_case_finds_no_trace_of_its_order(desk):
    from rempart.cases.work import moves

    other = desk.take(named("https://forum.example/other"), reference="other")
    taken = desk.take()
    with desk.store.write() as conn:
        moves.bar(conn, desk.case(taken.order).id, LEA, LEO.id, at=desk.clock())
    assert [one.order.id for one in desk.register(LEO).lines] == [other.order]
    with pytest.raises(NotFoundError):
        desk.file(taken.order, LEO)
    with pytest.raises(NotFoundError):
        desk.do(answering.acknowledge, taken.order, LEO)
    assert len(desk.register(LEA).lines) == 2


def test_what_people_let_stay_is_told_and_the_order_waits_for_an_answer(plain):
    taken = plain.take()
    plain.judge(plain.case(taken.order).id, NO, people=(RUI,))
    assert plain.parts(taken.order)[0].state == "kept"
    assert plain.clocks(taken.order)[0].met is None
    with pytest.raises(RefusedError, match="Not all"):
        plain.close(taken.order, Outcome.DONE)
    again = plain.take(a_case(plain.case(taken.order).id), reference="another")
    assert plain.case(again.order).state == "open"
    with plain.store.read() as conn:
        assert cases.find(conn, plain.case(again.order).id).round == 2
