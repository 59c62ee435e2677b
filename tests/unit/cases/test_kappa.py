"""Agreement beyond chance: known worked examples, the edges, and an interval that keeps its word for small numbers."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.cases.quality.intervals import wilson
from rempart.cases.quality.kappa import FEWEST_PAIRS, agreement, cohen, per_category


def table(rows):
    return {(row, column): count for row, line in enumerate(rows) for column, count in enumerate(line)}


def spread(rows):
    return [pair for pair, count in table(rows).items() for _ in range(count)]


@pytest.mark.parametrize(
    ("rows", "kappa", "error"),
    [
        # 50 proposals, two readers, yes or no: 0.7 observed, 0.5 by chance.
        ([[20, 5], [10, 15]], 0.4000, 0.1270),
        # Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions: 100 patients, three diagnoses.
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.6765, 0.0877),
        # 85 xeromammograms read by two radiologists in four classes.
        ([[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]], 0.4728, 0.0727),
        ([[5, 0], [0, 5]], 1.0, 0.0),
        ([[0, 5], [5, 0]], -1.0, 0.0),
        ([[25, 25], [25, 25]], 0.0, 0.1),
    ],
)
def test_kappa_of_known_tables(rows, kappa, error):
    found = cohen(table(rows))
    assert (round(found.value, 4), round(found.error, 4)) == (kappa, error)


@pytest.mark.parametrize("counts", [{}, {("a", "b"): 0}, {("a", "a"): 40}])
def test_agreement_beyond_chance_is_not_defined_without_two_answers(counts):
    assert cohen(counts) is None


def test_no_pairs_at_all_say_nothing():
    found = agreement({})
    assert (found.pairs, found.observed, found.kappa, found.interval, found.few, found.single) == (
        0, None, None, None, True, False,
    )  # fmt: skip
    assert per_category({}) == {}


def test_one_category_only_is_told_as_such_and_not_as_perfect():
    found = agreement(Counter([("A", "A")] * 40))
    assert (found.kappa, found.interval, found.single, found.observed) == (None, None, True, 1.0)


def test_too_few_pairs_give_no_figure():
    found = agreement(Counter([("A", "A"), ("B", "B")] * ((FEWEST_PAIRS - 1) // 2)))
    assert found.few
    assert found.kappa is None


def test_when_all_agree_the_interval_still_has_a_width():
    found = agreement(Counter([("A", "A"), ("B", "B")] * 10))
    assert found.kappa == 1.0
    assert (found.interval.high, round(found.interval.low, 2)) == (1.0, 0.68)


def test_a_rare_category_is_too_few_though_there_are_many_pairs():
    found = per_category(Counter([("A", "A")] * 60 + [("B", "B")] * 30 + [("C", "A")] * 4))
    assert [(one, agreed.few, agreed.named) for one, agreed in found.items()] == [
        ("A", False, 64), ("B", False, 30), ("C", True, 4),
    ]  # fmt: skip
    assert found["C"].kappa is None
    assert found["B"].kappa == 1.0


def test_a_category_that_nearly_everybody_names_is_too_few_as_well():
    found = per_category(Counter([("A", "A")] * 60 + [("A", "B")] * 2))
    assert found["A"].few


def test_per_category_is_the_table_of_this_one_against_the_others():
    pairs = spread([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    counts = Counter((first == 2, second == 2) for first, second in pairs)
    assert per_category(Counter(pairs))[2].kappa == pytest.approx(cohen(counts).value)


answers = st.sampled_from("abcd")


@given(st.lists(st.tuples(answers, answers), max_size=60))
def test_kappa_stays_between_its_bounds_and_inside_its_interval(pairs):
    found = agreement(Counter(pairs), fewest=1)
    if found.kappa is None:
        return
    assert -1.0001 <= found.kappa <= 1.0001
    assert -1 <= found.interval.low <= found.kappa + 1e-9
    assert found.kappa - 1e-9 <= found.interval.high <= 1


@given(st.lists(st.tuples(answers, answers), min_size=1, max_size=60))
def test_who_was_first_does_not_matter(pairs):
    turned = [(second, first) for first, second in pairs]
    one, other = cohen(Counter(pairs)), cohen(Counter(turned))
    assert (one is None) == (other is None)
    if one and other:
        assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize(("pairs", "same"), [(20, 0.95), (20, 0.8), (50, 0.95)])
def test_the_interval_holds_the_true_value_as_often_as_it_says(pairs, same):
    """Two people see the same truth with a chance, and else guess: the interval must hold kappa 94 times of 100."""
    chance = random.Random(20261122)
    weights = [0.6, 0.25, 0.15]

    def drawn():
        return chance.choices("ABC", weights)[0]

    def judged():
        truth = drawn()
        return tuple(truth if chance.random() < same else drawn() for _ in range(2))

    true = cohen(Counter(judged() for _ in range(40_000))).value
    found = [agreement(Counter(judged() for _ in range(pairs))) for _ in range(300)]
    told = [one for one in found if one.kappa is not None]
    held = sum(one.interval.low <= true <= one.interval.high for one in told)
    assert held / len(told) >= 0.94


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson_intervals_are_those_of_the_literature(hits, total, low, high):
    """The last two: R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998), table I."""
    found = wilson(hits, total)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_more_hits_than_cases_are_refused():
    with pytest.raises(ValueError, match="between none and all"):
        wilson(3, 2)
