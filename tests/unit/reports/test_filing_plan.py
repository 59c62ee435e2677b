"""What filing does next: a pure function of what is written down, for every small situation."""

from itertools import product

import pytest

from rempart.reports.cybertip.filing.planning import Call, Move, Situation, following
from rempart.reports.cybertip.filing.values import UNSURE, Result, Step, Then, Why
from rempart.reports.cybertip.values import FileState

WAITING, UPLOADED, DESCRIBED = FileState.WAITING, FileState.UPLOADED, FileState.DESCRIBED
FILED = (Result.OK, Result.FINISHED)


def now(*calls, number="17", files=(), then=None, expired=False, wanted=True):
    some = tuple(Call(step=step, result=result) for step, result in calls)
    return Situation(number=number, files=tuple(files), calls=some, then=then, expired=expired, wanted=wanted)


def every_situation():
    """Every last call with every result, over every state of two files, and whatever was decided."""
    results = (None, *Result)
    for step, result, files, then, expired, wanted in product(
        Step, results, product(FileState, repeat=2), (None, *Then), (False, True), (False, True)
    ):
        yield now((Step.OPEN, Result.OK), (step, result), files=files, then=then, expired=expired, wanted=wanted)


def test_files_are_sent_then_described_and_then_the_report_is_finished():
    assert following(now(number=None)).move is Move.OPEN
    assert following(now(files=(WAITING, WAITING))).place == 0
    assert following(now(files=(UPLOADED, WAITING))).move is Move.UPLOAD
    assert following(now(files=(UPLOADED, WAITING))).place == 1
    assert following(now(files=(UPLOADED, UPLOADED))).move is Move.DESCRIBE
    assert following(now(files=(DESCRIBED, UPLOADED))).place == 1
    assert following(now(files=(DESCRIBED, DESCRIBED))).move is Move.FINISH
    assert following(now()).move is Move.FINISH  # without any file


def test_what_is_filed_is_only_ever_sealed():
    for one in every_situation():
        last = one.calls[-1]
        filed = last.result is Result.FINISHED or (last.step is Step.FINISH and last.result is Result.OK)
        assert (following(one).move is Move.SEAL) == filed


def test_nothing_is_opened_while_something_may_be_open():
    assert all(following(one).move is not Move.OPEN for one in every_situation())


def test_nobody_leaves_a_finish_whose_end_is_not_known():
    for one in every_situation():
        if one.calls[-1].step is Step.FINISH and one.calls[-1].unsure:
            assert following(one).move in (Move.FINISH, Move.RETRACT)  # each says whether it had been finished


def test_a_file_that_may_have_arrived_is_never_sent_again_to_the_same_report():
    for one in every_situation():
        last = one.calls[-1]
        if last.step in (Step.UPLOAD, Step.DESCRIBE) and last.unsure:
            assert following(one).move is Move.RETRACT


def test_nothing_is_finished_that_was_given_up_or_is_not_wanted():
    for one in every_situation():
        if (one.then is not None or not one.wanted) and following(one).move is not Move.SEAL:
            assert following(one).move is Move.RETRACT


def test_a_finish_that_is_not_known_is_asked_again_however_old_it_is():
    assert following(now((Step.FINISH, None), expired=True)).move is Move.FINISH


@pytest.mark.parametrize("then", [Then.REJECT, Then.STOP])
def test_where_nothing_is_open_what_was_decided_follows(then):
    assert following(now(number=None, then=then)).move is Move.END


def test_what_no_decision_asks_for_is_not_opened():
    found = following(now(number=None, wanted=False))
    assert (found.move, found.then, found.because) == (Move.END, Then.STOP, Why.NOT_WANTED)


def test_an_expired_report_is_retracted_and_begun_again():
    found = following(now(files=(WAITING,), expired=True))
    assert (found.move, found.then, found.because) == (Move.RETRACT, Then.AGAIN, Why.EXPIRED)


def test_only_lost_answers_leave_it_open_what_happened():
    assert {result for result in Result if Call(step=Step.FINISH, result=result).unsure} == UNSURE
