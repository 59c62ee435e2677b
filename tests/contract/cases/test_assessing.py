"""Assessing: answers take effect after their time, two people agree or a lead decides, nobody sees too early."""

import pytest
from sqlalchemy import select, text

from desks import opened
from hosting import host
from judging import (
    ADA,
    ADD_TO_LIST,
    BLOCK_ACCOUNT,
    CATEGORY,
    LEA,
    NO,
    REFER,
    REMOVE,
    REPORT,
    RESTRICT,
    RUI,
    answered,
    decided,
    settled,
)
from rempart.cases.assessing.answering import assess, confirm_alone, undo
from rempart.cases.assessing.values import Assessment
from rempart.cases.assessing.viewing import as_before, blind_since, moved_unseen, standing, told_before
from rempart.cases.records import assessments, decisions, outcomes, tasks, work
from rempart.cases.records import cases as records
from rempart.cases.work import claims, moves
from rempart.cases.work.withholding import About, withheld
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.lookup import about
from rempart.evidence.vault.records import bases
from rempart.items.records import items, search
from rempart.items.records.search import Sought
from rempart.policy.facts import Verdict
from vaults import a_vault, put_in

SAME, OTHER = b"s" * 32, b"o" * 32


@pytest.fixture
def vault(store):
    return a_vault(store)


def case_of(store, number=1, *, item=None, **more):
    with store.write() as conn:
        case_id = opened(conn, number, at=store.clock(), **{"sha256": SAME, "assessors": 1} | more)
        if item:
            items.change(conn, number, **item)
        return case_id


def case(store, case_id):
    with store.read() as conn:
        return records.find(conn, case_id)


def stands(store, case_id, who, **more):
    with store.read() as conn:
        return standing(conn, case_id, who, at=store.clock(), **more)


def told(store, service="forum"):
    with store.read() as conn:
        found = decisions.after(conn, service=service, seq=0, most=2_000)
    return [(row.item_id or row.uploader, row.verdict) for row in found]


def verdict(store, number):
    with store.read() as conn:
        return items.hosted(conn, number).verdict


def kinds_of_tasks(store, case_id):
    with store.read() as conn:
        return {one.kind: one.state for one in tasks.of_cases(conn, [case_id])}


def test_one_answer_ends_a_case_that_wants_one_person_when_its_time_is_over(store, vault):
    case_id = case_of(store)
    stand = answered(store, case_id, REMOVE)
    assert (stand.stage, stand.may_answer, stand.outcomes[0].undoable) == ("settling", False, True)
    settled(store, vault, later=29)
    assert (told(store), case(store, case_id).state) == ([], "open")
    settled(store, vault, later=1)
    done = case(store, case_id)
    assert (done.state, done.decision, done.decided_by) == ("decided", "remove", RUI.pseudonym)
    assert told(store) == [("photo-1", "block")]
    assert not stands(store, case_id, RUI).outcomes[0].undoable


def test_a_take_down_takes_effect_with_the_first_answer_and_the_second_ends_the_case(store, vault):
    case_id = case_of(store, assessors=2)
    answered(store, case_id, REMOVE)
    settled(store, vault)
    assert (case(store, case_id).stage, verdict(store, 1)) == ("second", Verdict.BLOCK)
    answered(store, case_id, REMOVE, by=ADA)
    settled(store, vault)
    done = case(store, case_id)
    assert (done.state, done.decided_by) == ("decided", ADA.pseudonym)
    assert told(store) == [("photo-1", "block")]  # it was said once


def test_a_release_waits_for_the_second_person(store, vault):
    case_id = case_of(store, assessors=2)
    answered(store, case_id, NO)
    settled(store, vault)
    assert (case(store, case_id).stage, verdict(store, 1)) == ("second", Verdict.HOLD)
    answered(store, case_id, NO, by=ADA)
    settled(store, vault)
    assert (case(store, case_id).decision, verdict(store, 1)) == ("release", Verdict.ALLOW)


def test_a_restriction_holds_the_items(store, vault):
    case_id = case_of(store, item={"verdict": "allow"})
    answered(store, case_id, RESTRICT)
    settled(store, vault)
    assert (case(store, case_id).decision, told(store)) == ("restrict", [("photo-1", "hold")])


def test_an_answer_taken_back_in_time_leaves_nothing(store, vault):
    case_id = case_of(store)
    outcome = answered(store, case_id, REMOVE).outcomes[0]
    with store.write() as conn:
        stand = undo(conn, outcome.id, RUI, at=store.clock())
    assert (stand.stage, stand.may_answer, stand.own, stand.outcomes) == ("first", True, None, ())
    settled(store, vault)
    assert (told(store), case(store, case_id).stage) == ([], "first")
    answered(store, case_id, NO)
    settled(store, vault)
    assert case(store, case_id).decision == "release"


def test_only_who_answered_takes_it_back_and_only_in_time(store, vault):
    case_id = case_of(store)
    outcome = answered(store, case_id, REMOVE).outcomes[0]
    with store.write() as conn, pytest.raises(NotPermittedError):
        undo(conn, outcome.id, LEA, at=store.clock())
    vault.clock.go_on(seconds=30)
    with store.write() as conn, pytest.raises(ConflictError, match="too late"):
        undo(conn, outcome.id, RUI, at=store.clock())
    settled(store, vault)
    with store.write() as conn, pytest.raises(ConflictError, match="too late"):
        undo(conn, outcome.id, RUI, at=store.clock())


def test_the_second_person_cannot_tell_what_the_first_answered_nor_that_anyone_did(store, vault):
    fresh = case_of(store, 2, sha256=OTHER, assessors=1)
    case_id = case_of(store, assessors=1)
    answered(store, case_id, REMOVE, REPORT)
    settled(store, vault)
    untouched, seen = stands(store, fresh, ADA), stands(store, case_id, ADA)
    for name in ("stage", "blind", "may_answer", "own", "answers", "outcomes", "waiting", "alone", "arbiter"):
        assert getattr(seen, name) == getattr(untouched, name), name
    assert seen.stage == "first"
    with store.read() as conn:
        assert told_before(conn, records.find(conn, case_id)) == {1: Verdict.HOLD}
        item = items.hosted(conn, 1)
        (hers,), (his,) = as_before(conn, [item], ADA), as_before(conn, [item], RUI)
        assert (item.verdict, his.verdict, hers.verdict, hers.decided) == ("block", "block", "hold", None)
        assert moved_unseen(conn, RUI, most=9) == {}
        assert moved_unseen(conn, ADA, most=9) == moved_unseen(conn, LEA, most=9) == {1: Verdict.HOLD}
        assert moved_unseen(conn, ADA, most=0) is None
        for who, held, blocked in ((RUI, [2], [1]), (ADA, [2, 1], [])):
            seen_as = moved_unseen(conn, who, most=9)
            for verdict, expected in (("hold", held), ("block", blocked)):
                page = search.page(conn, Sought(verdict=Verdict(verdict), as_if=seen_as), most=9)
                assert sorted(one.id for one in page.rows) == sorted(expected)
        assert blind_since(conn, 1, RUI) is None
        assert blind_since(conn, 1, ADA) == outcomes.of_case(conn, case_id)[0].at


def test_the_ledger_tells_a_lead_who_has_still_to_answer_nothing_of_an_answer(store, vault):
    case_id = case_of(store, assessors=1)
    with store.write() as conn:
        shown = Leaf(action="evidence.shown", actor="look_1", facts={"step": "grey"}, subject=f"case:{case_id}")
        append(conn, shown, at=store.clock())
    answered(store, case_id, REMOVE, REPORT)
    settled(store, vault)

    def kept_from(who):
        with store.read() as conn:
            found = [(one, subject) for subject in (f"case:{case_id}", "item:1") for one in about(conn, subject)]
            kept = withheld(conn, (About(number=one.number, subject=subject) for one, subject in found), who)
            return {one.action for one, _ in found if one.number in kept}, {one.action for one, _ in found}

    kept, everything = kept_from(LEA)
    assert {"case.assessed", "verdict.changed", "case.claimed", "evidence.shown"} <= kept
    assert "case.opened" in everything - kept
    assert kept_from(RUI)[0] == set()
    with store.write() as conn:
        work.bar(conn, case_id, {LEA.id})
    assert kept_from(LEA)[0] == everything


def test_a_lead_to_whom_a_case_is_escalated_after_one_answer_answers_it_unseeing(store, vault):
    case_id = case_of(store, assessors=1)
    answered(store, case_id, REMOVE, REPORT)
    settled(store, vault)
    with store.write() as conn:
        moves.escalate(conn, case_id, LEA, reason="to me", at=store.clock())
    seen = stands(store, case_id, LEA)
    assert (seen.stage, seen.blind, seen.answers, seen.arbiter, seen.may_answer) == ("lead", True, (), False, True)
    answered(store, case_id, REMOVE, REPORT, by=LEA)
    settled(store, vault)
    with store.read() as conn:
        assert [one.blind for one in assessments.of_case(conn, case_id)] == [True, True]
        assert records.find(conn, case_id).state == "decided"


def test_whether_two_people_agree_shows_when_it_cannot_be_taken_back_any_more(store, vault):
    agreeing, differing = case_of(store), case_of(store, 2, sha256=OTHER)
    for case_id in (agreeing, differing):
        answered(store, case_id, REMOVE, REPORT)
    settled(store, vault)
    ones = [answered(store, agreeing, REMOVE, REPORT, by=ADA), answered(store, differing, NO, by=ADA)]
    for name in ("stage", "blind", "answers", "waiting", "arbiter"):
        assert getattr(ones[0], name) == getattr(ones[1], name), name
    assert [(one.kind, one.by, one.decisions) for stand in ones for one in stand.outcomes] == [
        ("", (), frozenset())
    ] * 2
    settled(store, vault)
    seen = stands(store, differing, ADA)
    assert (seen.blind, seen.stage, [one.pseudonym for one in seen.answers]) == (False, "lead", [RUI.pseudonym])


def test_the_first_person_sees_no_second_answer_before_it_stands(store, vault):
    case_id = case_of(store, assessors=2)
    answered(store, case_id, NO)
    settled(store, vault)
    assert stands(store, case_id, RUI).waiting == {NO}
    answered(store, case_id, REMOVE, by=ADA)
    assert len(stands(store, case_id, RUI).answers) == 1


def test_people_who_differ_go_to_a_lead_who_sees_both_and_decides(store, vault):
    case_id = case_of(store, assessors=2)
    answered(store, case_id, REMOVE)
    settled(store, vault)
    answered(store, case_id, NO, by=ADA)
    settled(store, vault)
    assert (case(store, case_id).stage, verdict(store, 1)) == ("lead", Verdict.BLOCK)
    assert stands(store, case_id, RUI).why_not == "lead"
    seen = stands(store, case_id, LEA)
    assert (seen.arbiter, seen.blind, len(seen.answers)) == (True, False, 2)
    answered(store, case_id, NO, by=LEA)
    settled(store, vault)
    assert (case(store, case_id).decision, told(store)) == ("release", [("photo-1", "block"), ("photo-1", "allow")])
    with store.read() as conn:
        assert [one.blind for one in assessments.of_case(conn, case_id)] == [True, True, False]


def test_the_same_person_answers_once(store, vault):
    case_id = case_of(store, assessors=2)
    answered(store, case_id, REMOVE)
    settled(store, vault)
    with pytest.raises(ConflictError, match="answered already"):
        answered(store, case_id, REMOVE)
    assert stands(store, case_id, RUI).why_not == "answered"


def test_without_the_claim_nothing_is_taken_and_who_has_it_is_named(store, vault):
    case_id = case_of(store)
    asked = Assessment(decisions=frozenset({REMOVE}))
    with store.write() as conn:
        mine = claims.claim(conn, case_id, RUI, at=store.clock())
    vault.clock.go_on(minutes=16)
    with store.write() as conn:
        theirs = claims.claim(conn, case_id, ADA, at=store.clock())
    with store.write() as conn, pytest.raises(ConflictError, match="has this case"):
        assess(conn, case_id, asked, who=RUI, token=mine.token, at=store.clock())
    with store.write() as conn, pytest.raises(ConflictError, match="not claimed"):
        assess(conn, case_id, asked, who=ADA, token=mine.token, at=store.clock())
    with store.write() as conn:
        assess(conn, case_id, asked, who=ADA, token=theirs.token, at=store.clock())


def test_a_lease_that_ran_out_while_typing_still_counts_while_nobody_else_took_the_case(store, vault):
    case_id = case_of(store)
    with store.write() as conn:
        mine = claims.claim(conn, case_id, RUI, at=store.clock())
    vault.clock.go_on(minutes=40)
    with store.write() as conn:
        assess(
            conn, case_id, Assessment(decisions=frozenset({REMOVE})), who=RUI, token=mine.token, at=store.clock()
        )  # fmt: skip
    with store.read() as conn:
        assert [one.person for one in assessments.of_case(conn, case_id, round=1)] == [RUI.id]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"category": CATEGORY.__class__(scheme="uk-abc", code="Z")}, "no code"),
        ({"category": CATEGORY.__class__(scheme="dhs-old", code="1")}, "not in use"),
        ({"decisions": frozenset({REPORT})}, "what becomes of the items"),
        ({"decisions": frozenset({REMOVE, ADD_TO_LIST}), "list_id": "list_none"}, "no such list"),
        ({"decisions": frozenset({REMOVE, BLOCK_ACCOUNT})}, "whose account"),
        ({"decisions": frozenset({REMOVE, BLOCK_ACCOUNT}), "accounts": (77,)}, "not known"),
    ],
)
def test_what_cannot_be_decided_here_is_refused_and_the_claim_stands(sqlite_store, values, words):
    store, vault = sqlite_store, a_vault(sqlite_store)
    case_id = case_of(store)
    asked = Assessment(**{"decisions": frozenset({REMOVE}), "category": CATEGORY} | values)
    with store.write() as conn:
        token = claims.claim(conn, case_id, RUI, at=store.clock()).token
    with pytest.raises(RefusedError, match=words), store.write() as conn:
        assess(conn, case_id, asked, who=RUI, token=token, at=store.clock())
    assert claims.held_by(case(store, case_id), RUI, at=vault.clock())


def test_reports_wait_with_their_evidence_and_keep_deleted_items_too(store, vault):
    case_id = case_of(store)
    kept = put_in(vault, reference=case_id)
    decided(store, vault, case_id, REMOVE, REPORT, REFER)
    assert kinds_of_tasks(store, case_id) == {"report": "waiting", "refer": "waiting"}
    with store.read() as conn:
        rows = conn.execute(select(bases.c.basis, bases.c.ended).where(bases.c.object == kept)).all()
    assert sorted((row.basis, row.ended is None) for row in rows) == [
        ("case", False), ("case_task", True), ("case_task", True),
    ]  # fmt: skip


def test_without_a_report_nothing_keeps_the_evidence(store, vault):
    case_id = case_of(store)
    put_in(vault, reference=case_id)
    decided(store, vault, case_id, REMOVE)
    with store.read() as conn:
        assert all(row.ended is not None for row in conn.execute(select(bases.c.ended)))


def test_an_account_is_blocked_by_name_and_its_service_is_told(store, vault):
    case_id = case_of(store, item={"uploader": "bad-one"})
    with store.write() as conn:
        host(conn, 2, sha256=SAME, uploader="other", service="forum")
        records.add_item(conn, case_id=case_id, item=2, service="forum", added=store.clock())
    decided(store, vault, case_id, REMOVE, BLOCK_ACCOUNT, accounts=(1,))
    assert sorted(told(store)) == [("bad-one", "block"), ("photo-1", "block"), ("photo-2", "block")]
    assert kinds_of_tasks(store, case_id) == {"block_account": "done"}


def test_in_danger_one_person_reports_and_it_is_marked_single(store, vault):
    case_id = case_of(store, assessors=2)
    with store.write() as conn:
        moves.danger(conn, case_id, RUI, reason="now", at=store.clock(), alarm=lambda conn, case: None)
    answered(store, case_id, REMOVE, REPORT, ADD_TO_LIST, list_id=a_list(store))
    settled(store, vault)
    assert (case(store, case_id).stage, kinds_of_tasks(store, case_id)["report"]) == ("second", "waiting")
    with store.read() as conn:
        assert [one.single for one in outcomes.of_case(conn, case_id)] == [True]


def a_list(store):
    from rempart.lists import records as lists

    with store.write() as conn:
        return lists.create_list(conn, name="ours", mode=lists.Mode.BLOCKING, at=store.clock()).id


def test_what_nobody_seconds_in_time_one_person_may_report_alone(store, vault):
    case_id = case_of(store)
    answered(store, case_id, REMOVE, REPORT)
    settled(store, vault)
    offer = stands(store, case_id, RUI).alone
    assert (offer.decisions, offer.why, offer.new_session) == ({REPORT}, "limit", False)
    with store.write() as conn, pytest.raises(ConflictError, match="too early"):
        confirm_alone(conn, case_id, who=RUI, at=store.clock())
    vault.clock.go_on(minutes=240)
    with store.write() as conn, pytest.raises(ConflictError, match="nothing that you could"):
        confirm_alone(conn, case_id, who=ADA, at=store.clock())
    with store.write() as conn:
        confirm_alone(conn, case_id, who=RUI, at=store.clock())
    settled(store, vault)
    assert (case(store, case_id).state, kinds_of_tasks(store, case_id)) == ("decided", {"report": "waiting"})
    with store.read() as conn:
        assert [one.single for one in outcomes.of_case(conn, case_id)] == [False, True]


def test_a_reversal_is_a_round_of_its_own_and_the_first_stays_on_record(store, vault):
    case_id = case_of(store)
    decided(store, vault, case_id, REMOVE)
    with store.write() as conn:
        moves.reopen(conn, case_id, LEA, reason="a complaint", at=store.clock())
    assert stands(store, case_id, RUI).may_answer
    answered(store, case_id, NO, by=ADA)
    settled(store, vault)
    assert (case(store, case_id).decision, told(store)) == ("release", [("photo-1", "block"), ("photo-1", "allow")])
    with store.read() as conn:
        assert [one.round for one in assessments.of_case(conn, case_id)] == [1, 2]


def test_the_ledger_commits_to_answers_and_shows_none(store, vault):
    case_id = case_of(store)
    answered(store, case_id, REMOVE, REPORT, rationale="a face in the mirror")
    settled(store, vault)
    with store.read() as conn:
        bodies = list(conn.execute(text("SELECT body FROM ledger_leaves")).scalars())
    mine = [body for body in bodies if '"case.assessed"' in body]
    assert len(mine) == 1
    assert not [word for word in ("remove", "report", "mirror", "uk-abc", case_id) if word in mine[0]]
    assert '"answer"' in mine[0]
