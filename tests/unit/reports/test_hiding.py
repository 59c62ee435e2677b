"""Small numbers are hidden, and nobody who adds, subtracts and knows the rules finds them out."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.reports.transparency.hiding import Group, Node, hide, is_small
from rempart.reports.transparency.hiding import _hidden_parts as hidden_parts

SMALL = range(1, 5)


def parts(**values):
    return Group(nodes={name: Node(value=value) for name, value in values.items()})


def shown(values):
    """What is published of a breakdown: its total, and each part or None; None alone where nothing of it is."""
    total = sum(values.values())
    if is_small(total):
        return None
    found = hide(Node(value=total, groups={"by": parts(**values)})).groups["by"]
    if found.shut:
        return total, None
    return total, {name: None if one.hidden else one.value for name, one in found.nodes.items()}


def solved(published):
    """What somebody who only adds and subtracts, and knows that whatever is hidden is 1 at least, learns of each hidden
    part: from what to what it may be."""
    total, values = published
    left = total - sum(one for one in values.values() if one is not None)
    hidden = [name for name, value in values.items() if value is None]
    most = left - (len(hidden) - 1)
    return {name: range(1 if len(hidden) > 1 else left, most + 1) for name in hidden}


@pytest.mark.parametrize("values", [
    {"a": 3, "b": 40}, {"a": 40, "b": 3}, {"a": 1, "b": 5, "c": 200}, {"a": 4, "b": 4, "c": 9}, {"a": 2, "b": 2},
    {"a": 1, "b": 0, "c": 90}, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}, {"a": 4, "b": 5}, {"a": 1, "b": 5},
])  # fmt: skip
def test_a_sum_does_not_give_a_hidden_number_away(values):
    found = shown(values)
    if found is None or found[1] is None:
        return
    for name, candidates in solved(found).items():
        assert values[name] in candidates
        assert len(candidates) >= 5, name


def test_without_a_second_hidden_part_the_first_could_be_reckoned():
    """What this is about: the solver of these tests does find a number that is hidden alone."""
    alone = (43, {"a": None, "b": 40})
    assert list(solved(alone)["a"]) == [3]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30), min_size=2))
def test_no_breakdown_can_be_solved(values):
    found = shown(values)
    if found is None:
        return
    total, told = found
    assert total == sum(values.values())
    if told is None:
        return
    assert all(value is None or value == values[name] for name, value in told.items())
    assert not any(value is not None and is_small(value) for value in told.values())
    for name, candidates in solved(found).items():
        assert len(candidates) >= 5
        assert values[name] in candidates


def alternatives(published, values):
    """Every breakdown that would have been published in just this way, by the same rules."""
    total, told = published
    hidden = [name for name, value in told.items() if value is None]
    left = total - sum(one for one in told.values() if one is not None)
    for first in itertools.product(range(left + 1), repeat=len(hidden) - 1):
        last = left - sum(first)
        if last < 0:
            continue
        other = values | dict(zip(hidden, (*first, last), strict=True))
        if shown(other) == published:
            yield other


@pytest.mark.parametrize("size", [2, 3])
def test_who_knows_the_rules_still_has_three_answers_for_each_small_number(size):
    """Every small table: for whatever is published, all tables that give the very same are listed."""
    names = "abc"[:size]
    seen = {}
    for values in itertools.product(range(16 if size == 3 else 25), repeat=size):
        own = dict(zip(names, values, strict=True))
        found = shown(own)
        if found is None or found[1] is None or None not in found[1].values():
            continue
        key = (found[0], tuple(found[1].items()))
        if key in seen:
            continue
        seen[key] = True
        others = list(alternatives(found, own))
        assert own in others
        for name in names:
            if is_small(own[name]):
                assert len({one[name] for one in others} & set(SMALL)) >= 3, (own, found)
    assert len(seen) > 10


def test_none_is_shown_and_under_a_hidden_number_nothing_is():
    tree = Node(value=60, groups={"by": Group(nodes={
        "a": Node(value=0), "b": Node(value=3, groups={"of": parts(x=3, y=0)}),
        "c": Node(value=57, groups={"of": parts(x=50, y=7)}),
    })})  # fmt: skip
    found = hide(tree).groups["by"].nodes
    assert (found["a"].value, found["a"].hidden) == (0, False)
    assert found["b"].hidden
    assert found["c"].hidden  # it is what hides the other
    for name in "bc":
        assert found[name].groups["of"].shut
        assert all(one.hidden for one in found[name].groups["of"].nodes.values())


def test_a_mark_is_hidden_where_few_do_not_bear_it():
    marks = Group(nodes={"all": Node(value=40), "nearly": Node(value=38), "some": Node(value=20), "few": Node(value=2)},
                  marks=True)  # fmt: skip
    found = hide(Node(value=40, groups={"by": marks})).groups["by"].nodes
    assert {name: one.hidden for name, one in found.items()} == {
        "all": False, "nearly": True, "some": False, "few": True
    }  # fmt: skip


def test_which_parts_are_hidden_does_not_depend_on_how_large_the_others_are():
    assert hidden_parts({"a": 300, "b": 2, "c": 40}) == {"a", "b"}
    assert hidden_parts({"a": 40, "b": 2, "c": 300}) == {"a", "b"}


def test_parts_that_do_not_add_up_are_a_fault():
    with pytest.raises(ValueError, match="add up"):
        hide(Node(value=50, groups={"by": parts(a=20, b=20)}))
