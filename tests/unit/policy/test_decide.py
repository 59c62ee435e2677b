"""What the rules make of a check: the default policy's promises, and each condition on its own."""

from itertools import product

import pytest

from hosting import Found
from rempart.policy.facts import COULD_NOT, Facts, Keep, Verdict
from rempart.policy.reading import default_text, parse
from rempart.signals.outcome import Outcome

DEFAULT = parse(default_text())


EXACT = Found(signal_kind="sha256", distance=0, probe="exact")
NEAR = Found()


def facts(*matches, outcome=Outcome.OK, **more):
    return Facts(service="forum", outcome=outcome, matches=matches, **more)


def policy(when: str, then: str = 'verdict = "block"', rest: str = ""):
    return parse(
        f'format = 1\nname = "t"\n[[rules]]\nname = "r"\nwhen = {{ {when} }}\nthen = {{ {then} }}\n{rest}\n'
        '[otherwise]\nverdict = "allow"\n[on_failure]\nverdict = "hold"\n'
    )


def applies(when: str, given: Facts) -> bool:
    return policy(when).decide(given).rule == "r"


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize(
    ("found", "verdict", "queue"),
    [
        ((EXACT,), "block", "exact"),
        ((NEAR,), "hold", "similar"),
        ((NEAR, EXACT), "block", "exact"),
        ((Found(opinion="investigation_seed", signal_kind="md5", distance=0),), "hold", "leads"),
        ((Found(opinion="disputed"),), "hold", "leads"),
    ],
)
def test_by_default_a_match_decides_whatever_the_outcome(found, verdict, queue, outcome):
    ruling = DEFAULT.decide(facts(*found, outcome=outcome))
    assert (ruling.verdict, ruling.queue, ruling.case) == (verdict, queue, True)
    assert ruling.keep is Keep.WHILE_CASE_OPEN


@pytest.mark.parametrize("outcome", Outcome)
def test_by_default_what_could_not_be_checked_is_held_and_the_rest_allowed(outcome):
    ruling = DEFAULT.decide(facts(outcome=outcome))
    held = outcome in {Outcome.UNREADABLE, Outcome.TIMED_OUT, Outcome.TOO_LARGE}
    assert ruling.verdict == ("hold" if held else "allow")
    assert ruling.rule == ("could-not-check" if held else "otherwise")


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_observing_lists_never_decide(outcome):
    silent = facts(Found(mode="observing"), Found(mode="observing", signal_kind="sha256", distance=0), outcome=outcome)
    assert DEFAULT.decide(silent) == DEFAULT.decide(facts(outcome=outcome))


def test_known_good_outranks_nothing():
    assert DEFAULT.decide(facts(EXACT, known_good=(Found(),))).verdict is Verdict.BLOCK


@pytest.mark.parametrize("outcome", sorted(COULD_NOT))
def test_an_outcome_that_is_no_answer_is_allowed_only_where_a_rule_names_it(outcome):
    assert policy('service = "forum"', 'verdict = "allow"').decide(facts(outcome=outcome)).rule == "on_failure"
    assert policy(f'outcome = "{outcome}"', 'verdict = "allow"').decide(facts(outcome=outcome)).rule == "r"


def test_an_item_that_could_not_be_looked_at_still_blocks_by_its_digests():
    assert DEFAULT.decide(facts(EXACT, outcome=Outcome.UNREADABLE)).verdict is Verdict.BLOCK


@pytest.mark.parametrize("verdict", ["allow", "hold", "block"])
def test_on_failure_says_what_it_says(verdict):
    text = default_text().replace('[on_failure]\nverdict = "hold"', f'[on_failure]\nverdict = "{verdict}"')
    unruled = text.replace('outcome = ["unreadable", "timed_out", "too_large"]', 'outcome = "timed_out"')
    assert parse(unruled).decide(facts(outcome=Outcome.UNREADABLE)).verdict == verdict


def test_the_first_rule_that_applies_decides():
    two = policy(
        'list = "police"', 'verdict = "hold"', '[[rules]]\nname="s"\nwhen={exact=true}\nthen={verdict="block"}'
    )
    assert two.decide(facts(EXACT)).rule == "r"
    assert two.decide(facts(Found(list="x", signal_kind="md5", distance=0))).rule == "s"


@pytest.mark.parametrize(
    ("when", "yes", "no"),
    [
        ('list = "police"', NEAR, Found(list="police2")),
        ('list = ["a", "pol*"]', NEAR, Found(list="other")),
        ('category = "vic-us:1"', NEAR, Found(code="2")),
        ('category = "vic-us:1"', NEAR, Found(scheme="dhs-old")),
        ('category = "vic-us:*"', NEAR, Found(scheme=None, code=None)),
        ('opinion = "positive"', NEAR, Found(opinion="disputed")),
        ('signal = ["md5", "sha1"]', Found(signal_kind="md5"), EXACT),
        ("exact = true", EXACT, NEAR),
        ("exact = false", NEAR, EXACT),
        ("max_distance = 12", NEAR, Found(distance=13)),
        ("min_distance = 12", NEAR, Found(distance=11)),
        ('probe = "canonical"', NEAR, Found(probe="canonical+flipx")),
        ('probe = "region:*"', Found(probe="region:1+flipx"), NEAR),
    ],
)
def test_conditions_on_a_match(when, yes, no):
    assert applies(when, facts(no, yes))
    assert not applies(when, facts(no))
    assert not applies(when, facts())


def test_conditions_on_a_match_are_met_by_one_and_the_same_match():
    when = 'list = "police", max_distance = 5'
    assert not applies(when, facts(Found(distance=9), Found(list="other", distance=2)))
    assert applies(when, facts(Found(distance=9), Found(distance=2)))


@pytest.mark.parametrize(
    ("when", "yes", "no"),
    [
        ('outcome = ["low_quality"]', {"outcome": Outcome.LOW_QUALITY}, {}),
        ('service = "forum"', {}, None),
        ("published = true", {"published": True}, {"published": None}),
        ("published = false", {"published": False}, {"published": None}),
        ("known_good = true", {"known_good": (Found(),)}, {"known_good": (Found(mode="observing"),)}),
        ('context = { kind = ["avatar", "cover"] }', {"context": {"kind": "cover"}}, {"context": {"kind": "x"}}),
        ("context = { adult = true }", {"context": {"adult": True}}, {"context": {"adult": 1}}),
        ("context = { age = 1 }", {"context": {"age": 1}}, {"context": {"age": True}}),
        ('context = { kind = "x" }', {"context": {"kind": "x"}}, {"context": {"kind": ["x"]}}),
        ('context = { a = 1, b = "2" }', {"context": {"a": 1, "b": "2"}}, {"context": {"a": 1}}),
    ],
)
def test_conditions_on_the_item(when, yes, no):
    assert applies(when, facts(**yes))
    other = Facts(service="wiki", outcome=Outcome.OK) if no is None else facts(**no)
    assert not applies(when, other)


def test_the_default_policy_never_allows_a_blocking_match():
    options = product(("pdq", "sha256", "sha1", "md5"), (0, 1, 31), ("positive", "disputed", "investigation_seed"))
    for kind, distance, opinion in options:
        found = Found(signal_kind=kind, distance=distance, opinion=opinion)
        for outcome in [*Outcome, None]:
            assert DEFAULT.decide(facts(found, outcome=outcome)).verdict is not Verdict.ALLOW
