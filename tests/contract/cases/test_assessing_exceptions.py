"""Assessing where it is not the usual way: lists, accounts, leads who are few, one person alone, and AI origin."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from sqlalchemy import text

from curating import ANNA, curation
from desks import join_team, opened
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
    RUI,
    answered,
    decided,
    no_window,
    settled,
    settler,
)
from listfiles import draw
from rempart.cases.assessing.answering import assess, confirm_alone
from rempart.cases.assessing.outcomes import of_person, single_since
from rempart.cases.assessing.reading import concluded
from rempart.cases.assessing.values import Assessment, ImageKind, Origin, OriginBasis
from rempart.cases.assessing.viewing import standing
from rempart.cases.records import assessments, decisions, outcomes, tasks
from rempart.cases.records import cases as records
from rempart.cases.webhooks import message_body
from rempart.cases.work import claims
from rempart.cases.work.accounts import AccountFact, open_account_case
from rempart.cases.work.settings import WorkRules, put
from rempart.client.answers import decision_of
from rempart.errors import ConflictError, RefusedError
from rempart.items.records import items, signals
from rempart.items.records.signals import ItemSignal
from rempart.lists.records import Mode
from rempart.lists.staging_records import State, of_list
from rempart.people import persons
from rempart.people.principal import CONSOLE
from rempart.store.counters import next_number
from vaults import a_vault, put_in

SAME = b"s" * 32
TWELVE = timedelta(hours=12)


@pytest.fixture
def vault(store):
    made = a_vault(store)
    with store.write() as conn:
        join_team(conn, RUI, ADA, LEA)
    return made


def case_of(store, number=1, *, sha256=SAME, **more):
    with store.write() as conn:
        return opened(conn, number, sha256=sha256, at=store.clock(), **{"assessors": 1} | more)


def stands(store, case_id, who, **more):
    with store.read() as conn:
        return standing(conn, case_id, who, at=store.clock(), **more)


def told(store):
    with store.read() as conn:
        found = decisions.after(conn, service="forum", seq=0, most=2_000)
    return [(row.subject, row.item_id or row.uploader, row.verdict) for row in found]


def changes_of(store, list_id):
    with store.read() as conn:
        return of_list(conn, list_id)


def a_list(store, mode=Mode.BLOCKING):
    lists = curation(store, clock=store.clock)
    return lists, lists.create(name="ours", by=ANNA, mode=mode, scheme="uk-abc").id


def test_an_entry_waits_on_the_list_for_its_own_second_person_and_neither_assessor_is_one(store, vault):
    lists, list_id = a_list(store)
    case_id = case_of(store)
    with store.write() as conn:
        change = next_number(conn, "items")
        kept = ItemSignal(signal=draw(1).pdq(), probe="canonical", recipe="srgb8-full-v1", quality=90)
        signals.add(conn, [signals.row_of(1, kept, number=change)])
    answered(store, case_id, REMOVE, ADD_TO_LIST, list_id=list_id)
    settled(store, vault, curation=lists)
    assert changes_of(store, list_id) == ()
    with store.write() as conn:  # taken down, its service deletes it, and its signals go
        signals.remove(conn, [1], number=next_number(conn, "items"))
        items.change(conn, 1, gone=store.clock())
    answered(store, case_id, REMOVE, ADD_TO_LIST, by=ADA, list_id=list_id)
    settled(store, vault, curation=lists)
    with settler(store, vault, curation=lists) as run:
        run()
    (staged,) = changes_of(store, list_id)
    assert (staged.state, staged.counts["add"], staged.asked_by) == (State.STAGED, 1, RUI.id)
    for who in (RUI, ADA):
        lead = replace(who, roles=LEA.roles)
        with pytest.raises(RefusedError, match="Who asked cannot approve"):
            lists.decide(staged.id, by=lead, approve=True)
    lists.decide(staged.id, by=ANNA, approve=True)
    with store.read() as conn:
        (task,) = tasks.of_cases(conn, [case_id])
        assert (task.state, task.facts["changes"], "signals" in task.facts) == ("done", staged.id, False)
        kinds = conn.execute(text("SELECT kind FROM entry_signals WHERE removed IS NULL ORDER BY kind")).scalars().all()
    assert kinds == ["pdq", "sha256"]


def test_what_only_one_wanted_on_a_list_leaves_no_trace_of_the_bytes(store, vault):
    _, list_id = a_list(store)
    case_id = case_of(store)
    answered(store, case_id, REMOVE, ADD_TO_LIST, list_id=list_id)
    settled(store, vault)
    answered(store, case_id, REMOVE, by=ADA)
    settled(store, vault)
    answered(store, case_id, REMOVE, by=LEA)
    settled(store, vault)
    with store.read() as conn:
        assert tasks.of_cases(conn, [case_id]) == ()
    assert changes_of(store, list_id) == ()


def test_an_entry_of_which_nothing_is_known_is_told_as_a_task_that_failed(store, vault):
    lists, list_id = a_list(store)
    case_id = case_of(store, sha256=None)
    for who in (RUI, ADA):
        answered(store, case_id, REMOVE, ADD_TO_LIST, by=who, list_id=list_id)
        settled(store, vault, curation=lists)
    with store.read() as conn:
        (task,) = tasks.of_cases(conn, [case_id])[:1]
    assert (task.state, task.why) == ("failed", "nothing is known of the bytes any more")
    assert changes_of(store, list_id) == ()


def test_an_account_case_needs_no_picture_and_blocks_its_own_account(store, vault):
    with store.write() as conn:
        facts = [AccountFact(kind="text", text="sells")]
        case_id = open_account_case(
            conn, service="forum", uploader="seller", facts=facts, by=RUI, at=store.clock()
        ).case  # fmt: skip
    no_window(store)
    for who in (RUI, ADA):
        answered(store, case_id, BLOCK_ACCOUNT, REPORT, by=who)
        with settler(store, vault) as run:
            run()
    assert told(store) == [("account", "seller", "block")]
    with store.read() as conn:
        (row,) = decisions.after(conn, service="forum", seq=0, most=9)
    body = json.loads(message_body(row))
    heard = decision_of(body["data"], at=body["timestamp"])
    assert (body["type"], heard.subject, heard.uploader, heard.item_id) == (
        "account.decided", "account", "seller", None,
    )  # fmt: skip
    assert not row.erased
    with store.read() as conn:
        assert records.find(conn, case_id).decision == "acted"
        assert {one.kind: one.state for one in tasks.of_cases(conn, [case_id])} == {
            "report": "waiting", "block_account": "done",
        }  # fmt: skip


def test_the_only_lead_who_was_one_of_the_two_decides_and_it_is_marked(store, vault):
    case_id = case_of(store, assessors=2)
    answered(store, case_id, REMOVE, by=LEA)
    settled(store, vault)
    answered(store, case_id, NO, by=ADA)
    settled(store, vault)
    assert stands(store, case_id, LEA).arbiter
    answered(store, case_id, NO, by=LEA)
    settled(store, vault)
    with store.read() as conn:
        assert records.find(conn, case_id).decision == "release"
        assert [one.single for one in outcomes.of_case(conn, case_id)] == [False, False, True]


def test_where_there_is_another_lead_who_answered_does_not_decide(store, vault):
    other = replace(LEA, id="person_mo", pseudonym="p-mo")
    with store.write() as conn:
        join_team(conn, other)
    case_id = case_of(store, assessors=2)
    answered(store, case_id, REMOVE, by=LEA)
    settled(store, vault)
    answered(store, case_id, NO, by=ADA)
    settled(store, vault)
    assert stands(store, case_id, LEA).why_not == "answered"
    with pytest.raises(ConflictError, match="Another lead"):
        answered(store, case_id, NO, by=LEA)
    assert stands(store, case_id, other).arbiter


def test_what_a_lead_wants_beyond_the_two_waits_for_a_third_or_is_left_out(store, vault):
    case_id = case_of(store, assessors=2)
    for who, said in ((RUI, REMOVE), (ADA, NO)):
        answered(store, case_id, said, by=who)
        settled(store, vault)
    answered(store, case_id, REMOVE, REPORT, by=LEA)
    settled(store, vault)
    with store.read() as conn:  # nobody else is there who could second it
        assert records.find(conn, case_id).decision == "remove"
        assert tasks.of_cases(conn, [case_id]) == ()


def test_the_only_person_of_a_deployment_confirms_in_another_session_after_the_delay(store):
    vault = a_vault(store)
    with store.write() as conn:
        join_team(conn, LEA)
    case_id = case_of(store, assessors=2)
    answered(store, case_id, REMOVE, REPORT, by=LEA, alone_after=TWELVE)
    settled(store, vault)
    offer = stands(store, case_id, LEA, alone_after=TWELVE).alone
    assert (offer.decisions, offer.why, offer.new_session) == ({REMOVE, REPORT}, "one_person", True)
    later = replace(LEA, session="session_next", signed_in=store.clock() + TWELVE)

    def confirm(who):
        with store.write() as conn:
            confirm_alone(conn, case_id, who=who, at=store.clock(), alone_after=TWELVE)

    with pytest.raises(ConflictError, match="too early"):
        confirm(later)
    vault.clock.go_on(hours=12)
    with pytest.raises(ConflictError, match="same session"):
        confirm(LEA)
    confirm(later)
    settled(store, vault)
    with store.read() as conn:
        assert records.find(conn, case_id).decision == "remove"
        assert [one.single for one in single_since(conn, vault.clock() - TWELVE)] == [True]


def test_in_an_ordinary_deployment_nobody_confirms_a_list_alone(store, vault):
    _, list_id = a_list(store)
    case_id = case_of(store)
    answered(store, case_id, REMOVE, ADD_TO_LIST, list_id=list_id)
    settled(store, vault)
    vault.clock.go_on(days=30)
    assert stands(store, case_id, RUI, alone_after=TWELVE).alone is None


def test_a_person_who_left_in_between_has_still_answered(store, vault):
    case_id = case_of(store)
    answered(store, case_id, REMOVE, REPORT)
    settled(store, vault)
    with store.write() as conn:
        persons.deactivate(conn, RUI.id, by=CONSOLE, at=store.clock())
    answered(store, case_id, REMOVE, REPORT, by=ADA)
    settled(store, vault)
    with store.read() as conn:
        assert records.find(conn, case_id).state == "decided"
        assert outcomes.of_case(conn, case_id)[-1].by == (RUI.pseudonym, ADA.pseudonym)


def test_what_became_of_ones_cases_is_told_once_they_are_decided(store, vault):
    first, second = case_of(store), case_of(store, 2, sha256=b"o" * 32, assessors=2)
    decided(store, vault, first, REMOVE, REFER)
    answered(store, second, REMOVE)
    settled(store, vault)
    with store.read() as conn:
        young, old = of_person(conn, RUI.id)
    assert (young.case_id, young.ending, young.items, young.tasks) == (second, None, 0, {})
    assert (old.ending, old.items, old.tasks) == ("remove", 1, {"refer": "waiting"})


def test_no_answer_about_the_origin_changes_anything(sqlite_store):
    """Every set of answers to "how do you know" and every image kind: the same priority, queue, due time, persons,
    stage, verdict, tasks, evidence and messages."""
    store, vault = sqlite_store, a_vault(sqlite_store)
    with store.write() as conn:
        put(conn, {"undo_seconds": 0}, by=LEA, at=store.clock())
    sets = [some for size in range(len(OriginBasis) + 1) for some in combinations(OriginBasis, size)]
    assert len(sets) == 2 ** len(OriginBasis)
    asked = [(some, ImageKind.PHOTOGRAPH) for some in sets] + [(tuple(OriginBasis), kind) for kind in ImageKind]
    ids = []
    with store.write() as conn:
        for number, (some, kind) in enumerate(asked, start=1):
            case_id = opened(conn, number, sha256=number.to_bytes(32), at=store.clock(), assessors=1)
            answer = Assessment(
                decisions=frozenset({REMOVE, REFER}), category=CATEGORY, image_kind=kind,
                origin=tuple(Origin(basis=one, note="made by a machine") for one in some),
            )  # fmt: skip
            token = claims.claim(conn, case_id, RUI, at=store.clock()).token
            assess(conn, case_id, answer, who=RUI, token=token, at=store.clock())
            ids.append(case_id)
    assert len({_needs(store, one) for one in ids}) == 1
    settled_ones = [one for one, (some, _) in zip(ids, asked, strict=True) if len(some) in (0, 1, len(OriginBasis))]
    for one in settled_ones:
        put_in(vault, reference=one)
    with store.write() as conn:
        last = outcomes.last_of(conn, ids)
        for one in set(ids) - set(settled_ones):
            conn.execute(text("DELETE FROM jobs WHERE key = :key"), {"key": last[one].id})
    with settler(store, vault) as run:
        assert run() == len(settled_ones)
    assert len({_course(store, vault, one) for one in settled_ones}) == 1


def _needs(store, case_id):
    with store.read() as conn:
        case, given = records.find(conn, case_id), assessments.of_case(conn, case_id)
        found, (outcome,) = concluded(conn, case, given, WorkRules()), outcomes.of_case(conn, case_id)
        follows = (outcome.kind, outcome.decisions, outcome.single, outcome.settles_at, outcome.stage_after)
        return (*follows, case.priority, case.queue, case.due, case.look, found.stage, found.waiting, found.now)


def _course(store, vault, case_id):
    with store.read() as conn:
        case, (number,) = records.find(conn, case_id), records.items_of(conn, case_id)
        (task,) = tasks.of_cases(conn, [case_id])
        kept = len(vault.kept_for(conn, basis="case_task", reference=task.id, most=9))
        return (
            case.state, case.decision, case.priority, case.queue, case.due, items.hosted(conn, number).verdict,
            task.kind, task.state, kept, decisions.last_about(conn, number).verdict,
        )  # fmt: skip
