"""What follows from people's answers: every combination that matters, enumerated."""

from dataclasses import replace
from itertools import combinations, product

import pytest

from rempart.cases.assessing.rules import Answer, Needs, Stage, agree, conclude, needs_of
from rempart.cases.assessing.values import (
    ALONE_AFTER_LIMIT,
    NEVER_WITH_NO_VIOLATION,
    TAKE_DOWNS,
    Assessment,
    Confidence,
    Decision,
    ImageKind,
    Origin,
    OriginBasis,
    main_of,
)
from rempart.errors import RefusedError
from rempart.lists.entry import Category

NO, REMOVE, RESTRICT = Decision.NO_VIOLATION, Decision.REMOVE, Decision.RESTRICT
LIST, REPORT, REFER, BLOCK = Decision.ADD_TO_LIST, Decision.REPORT, Decision.REFER, Decision.BLOCK_ACCOUNT
USUAL = frozenset({REPORT, LIST, BLOCK})
A, B = Category(scheme="uk-abc", code="A"), Category(scheme="uk-abc", code="B")


def subsets(values):
    ordered = sorted(values)
    return [frozenset(some) for size in range(len(ordered) + 1) for some in combinations(ordered, size)]


SETS = [
    frozenset({main}) | more
    for main in (NO, REMOVE, RESTRICT)
    for more in subsets({LIST, REPORT, REFER, BLOCK})
    if not (main is NO and more & NEVER_WITH_NO_VIOLATION)
] + [more for more in subsets({REPORT, REFER, BLOCK}) if more]


def needs(assessors=1, *, two=USUAL, danger=False):
    return Needs(assessors=assessors, two_person=frozenset(two), danger=danger)


def answer(person, *decisions, **more):
    category = None if NO in decisions else A
    return Answer(person=person, decisions=frozenset(decisions), **({"category": category} | more))


def test_nobody_has_answered():
    assert conclude([], needs()).stage is Stage.FIRST


@pytest.mark.parametrize("assessors", [1, 2, 3])
@pytest.mark.parametrize("danger", [False, True])
def test_taking_down_waits_for_nobody_whatever_else_is_asked(assessors, danger):
    for decisions, sure, two in product(SETS, Confidence, [USUAL, frozenset(Decision) - TAKE_DOWNS, frozenset()]):
        found = conclude(
            [answer("ada", *decisions, confidence=sure)], needs(assessors, two=two, danger=danger)
        )  # fmt: skip
        assert found.now >= decisions & TAKE_DOWNS
        assert not found.waiting & TAKE_DOWNS


def test_one_answer_ends_a_case_only_where_one_person_is_enough_for_all_of_it():
    for decisions, assessors, sure in product(SETS, (1, 2, 3), Confidence):
        found = conclude([answer("ada", *decisions, confidence=sure)], needs(assessors))
        one_is_enough = assessors == 1 and sure is not Confidence.UNSURE
        assert found.final == (one_is_enough and not decisions & USUAL)
        assert found.stage is (Stage.SETTLING if found.final else Stage.SECOND)
        assert found.waiting == (decisions & USUAL if one_is_enough else decisions - TAKE_DOWNS)
        assert found.now == decisions - found.waiting
        assert not found.single


def test_nothing_that_needs_two_people_ever_goes_ahead_with_one():
    for decisions, assessors, two in product(SETS, (1, 2), subsets(frozenset(Decision) - TAKE_DOWNS)):
        found = conclude([answer("ada", *decisions)], needs(assessors, two=two))
        assert not found.now & two


def test_two_people_who_agree_end_a_case_with_all_that_they_decided():
    for decisions, assessors in product(SETS, (1, 2)):
        found = conclude([answer("ada", *decisions), answer("bo", *decisions)], needs(assessors))
        assert (found.final, found.now, found.single) == (True, decisions, False)
        assert found.by == ("ada", "bo")


def test_a_case_that_wants_three_people_waits_for_three():
    two = [answer("ada", NO), answer("bo", NO)]
    assert conclude(two, needs(3)).stage is Stage.SECOND
    assert conclude([*two, answer("cy", NO)], needs(3)).final
    assert conclude([*two, answer("cy", REMOVE)], needs(3)).stage is Stage.LEAD


def test_two_people_who_differ_in_anything_that_counts_go_to_a_lead():
    for one, other in product(SETS, SETS):
        found = conclude([answer("ada", *one), answer("bo", *other)], needs(2))
        assert (found.stage is Stage.LEAD) == (one != other)
        assert found.final == (one == other)


def test_while_a_lead_is_asked_the_gravest_take_down_stands():
    for one, other in product(SETS, SETS):
        if one != other:
            found = conclude([answer("ada", *one), answer("bo", *other)], needs(2))
            mains = {main_of(one), main_of(other)}
            assert found.now == ({REMOVE} if REMOVE in mains else {RESTRICT} if RESTRICT in mains else set())


def test_category_list_and_accounts_are_part_of_agreeing_and_nothing_else_is():
    first = answer("ada", REMOVE, LIST, BLOCK, list_id="list_1", accounts=frozenset({7}))
    assert agree(first, replace(first, person="bo", confidence=Confidence.PROBABLE))
    assert not agree(first, replace(first, category=B))
    assert not agree(first, replace(first, list_id="list_2"))
    assert not agree(first, replace(first, accounts=frozenset({8})))
    assert agree(answer("ada", NO, category=None), answer("bo", NO, category=A))


def test_an_unsure_answer_asks_for_a_second_person_and_two_unsure_ones_are_two():
    assert conclude([answer("ada", NO, confidence=Confidence.UNSURE)], needs(1)).stage is Stage.SECOND
    assert conclude([answer("ada", NO, confidence=Confidence.PROBABLE)], needs(1)).final
    both = [answer(one, NO, confidence=Confidence.UNSURE) for one in ("ada", "bo")]
    assert conclude(both, needs(1)).final


def test_in_danger_one_person_may_report_and_refer_and_do_nothing_else_alone():
    two = frozenset(Decision) - TAKE_DOWNS
    for decisions, assessors in product(SETS, (1, 2)):
        found = conclude([answer("ada", *decisions)], needs(assessors, two=two, danger=True))
        assert found.now == decisions & (TAKE_DOWNS | ALONE_AFTER_LIMIT)
        assert found.waiting == decisions - found.now
        assert found.single == bool(decisions & ALONE_AFTER_LIMIT)


def test_what_was_confirmed_alone_goes_ahead_and_is_marked_single():
    late = answer("ada", REMOVE, REPORT, alone=frozenset({REPORT}))
    found = conclude([late], needs(1))
    assert (found.final, found.single, found.now) == (True, True, {REMOVE, REPORT})
    found = conclude([late], needs(2))
    assert (found.final, found.single, found.now) == (False, True, {REMOVE, REPORT})
    mixed = answer("ada", REMOVE, REPORT, LIST, list_id="l", alone=frozenset({REPORT}))
    assert conclude([mixed], needs(1)).waiting == {LIST}


def test_the_only_person_of_a_deployment_confirms_everything_and_it_is_marked_single():
    for decisions, assessors in product(SETS, (1, 2)):
        found = conclude([answer("ada", *decisions, alone=decisions)], needs(assessors))
        assert (found.final, found.now) == (True, decisions)
        assert found.single == (assessors > 1 or bool(decisions & USUAL))


def test_a_lead_decides_what_becomes_of_the_items_and_needs_another_for_what_needs_two():
    for one, other, lead in product(SETS[::3], SETS[1::3], SETS):
        if one == other:
            continue
        before = [answer("ada", *one), answer("bo", *other)]
        found = conclude([*before, answer("lea", *lead, arbiter=True)], needs(2))
        unseconded = {d for d in lead & USUAL if d not in one | other}
        assert found.waiting == unseconded
        assert found.now == lead - unseconded
        assert found.final == (not unseconded)


def test_what_a_lead_wants_and_nobody_seconds_is_left_out():
    before = [answer("ada", REMOVE), answer("bo", NO), answer("lea", REMOVE, REPORT, arbiter=True)]
    assert conclude(before, needs(1)).stage is Stage.SECOND
    against = conclude([*before, answer("di", NO)], needs(1))
    assert (against.final, against.now) == (True, {REMOVE})
    beside = conclude([*before, answer("di", RESTRICT, REPORT)], needs(1))
    assert (beside.final, beside.now) == (True, {REMOVE, REPORT})


def test_a_lead_who_was_one_of_the_two_seconds_nothing_of_her_own_and_is_marked():
    before = [answer("lea", REMOVE, REPORT), answer("bo", NO)]
    found = conclude([*before, answer("lea", REMOVE, REPORT, arbiter=True)], needs(1))
    assert (found.waiting, found.single, found.final) == ({REPORT}, True, False)


def test_a_lead_seconds_a_list_only_with_the_same_category_and_an_account_only_by_name():
    ada = answer("ada", REMOVE, LIST, BLOCK, list_id="l", accounts=frozenset({1, 2}))
    lead = answer("lea", REMOVE, LIST, BLOCK, list_id="l", accounts=frozenset({1}), arbiter=True)
    assert conclude([ada, answer("bo", NO), lead], needs(1)).final
    assert conclude([ada, answer("bo", NO), replace(lead, category=B)], needs(1)).waiting == {LIST}
    assert conclude([ada, answer("bo", NO), replace(lead, accounts=frozenset({3}))], needs(1)).waiting == {BLOCK}


def test_no_team_can_make_a_take_down_wait():
    asked = needs_of(2, {"remove", "restrict", "report"}, danger=False)
    assert asked.two_person == {REPORT}


def test_no_answer_about_the_origin_changes_what_follows():
    """The rules are not even given it: an answer has no such field, and any set of them leads to the same answer."""
    assert not {"origin", "image_kind", "rationale"} & set(Answer.__slots__)
    for some in subsets(OriginBasis):
        asked = Assessment(
            decisions=frozenset({REMOVE, REPORT}), category=A, image_kind=ImageKind.PHOTOGRAPH,
            origin=tuple(Origin(basis=one, note="AI-made") for one in sorted(some)),
        )  # fmt: skip
        assert (asked.main, asked.decisions) == (REMOVE, {REMOVE, REPORT})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"decisions": frozenset()}, "has a decision"),
        ({"decisions": frozenset({NO, REMOVE})}, "exclude each other"),
        ({"decisions": frozenset({NO, REPORT})}, "does not go together"),
        ({"decisions": frozenset({REMOVE, LIST}), "category": A}, "needs the list"),
        ({"decisions": frozenset({REMOVE, LIST}), "list_id": "l"}, "needs the list"),
        ({"decisions": frozenset({REMOVE}), "list_id": "l"}, "nothing is added"),
        ({"decisions": frozenset({REMOVE}), "accounts": (1,)}, "none is blocked"),
        ({"decisions": frozenset({REMOVE}), "rationale": "x" * 4001}, "at most 4000"),
        ({"decisions": frozenset({REMOVE}), "seconds": -1}, "no length of time"),
        ({"decisions": frozenset({REMOVE}), "origin": (Origin(basis=OriginBasis.C2PA),) * 2}, "given once"),
    ],
)
def test_answers_that_contradict_themselves_are_refused(values, words):
    with pytest.raises(RefusedError, match=words):
        Assessment(**values)
