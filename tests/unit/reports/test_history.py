"""What became of an item is told from its whole history, whatever order it is heard in."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from rempart.policy.facts import Verdict
from rempart.reports.reasons.history import Happened, turns
from rempart.reports.reasons.values import What

START = datetime(2026, 3, 1, tzinfo=UTC)
A, H, B = Verdict.ALLOW, Verdict.HOLD, Verdict.BLOCK


def history(*steps):
    return [
        Happened(at=START + timedelta(seconds=n), verdict=verdict, people=people, origin=f"check:{n}")
        for n, (verdict, people) in enumerate(steps)
    ]


def test_every_short_history_turns_where_what_holds_changes():
    for steps in product(product((A, H, B), (False, True)), repeat=4):
        found = turns(history(*steps))
        before = None
        for turn in found:
            assert turn.before is before
            assert turn.now is not before
            before = turn.now
        last = steps[-1][0]
        assert before is {A: None, B: What.REMOVED}.get(last, before)
        assert last is not H or before in (What.HELD, What.RESTRICTED)
        same = [now for (one, _), (now, _) in pairwise(steps) if one is now and now is not H]
        assert len(found) <= 4 - len(same)


def test_only_people_make_a_hold_a_restriction_and_no_check_takes_it_back():
    found = turns(history((H, False), (H, True), (H, False), (A, False)))
    assert [turn.now for turn in found] == [What.HELD, What.RESTRICTED, None]
    assert [turn.ruled for turn in found] == [False, True, True]


def test_of_a_history_that_was_cut_the_first_event_begins_nothing():
    assert turns(history((H, False), (H, False)), cut=True) == ()
    assert [turn.now for turn in turns(history((H, False), (B, False)), cut=True)] == [What.REMOVED]


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.booleans()), max_size=12), st.randoms())
def test_the_order_in_which_it_is_heard_makes_no_difference(steps, chance):
    told = history(*steps)
    heard = list(told)
    chance.shuffle(heard)
    assert turns(heard) == turns(told)
