"""Investigation seeds: they open a case whatever the policy says, and never block."""

from itertools import product

import pytest

from hosting import Found
from rempart.errors import PolicyError
from rempart.policy.facts import Facts, Keep, Verdict
from rempart.policy.reading import default_text, parse
from rempart.signals.outcome import Outcome

SEED = Found(opinion="investigation_seed", signal_kind="sha256", distance=0, probe="exact")
NOTICE = Found(list="system:notices", opinion="investigation_seed", scheme="listed", code="listed", entry_id=9)
EXACT = Found(signal_kind="sha256", distance=0, probe="exact")
HEAD = 'format = 1\nname = "t"\n'
TAIL = '[otherwise]\nverdict = "allow"\n[on_failure]\nverdict = "hold"\n'


def rules(*given: str, tail: str = TAIL) -> str:
    made = [f'[[rules]]\nname = "r{n}"\n{one}\n' for n, one in enumerate(given)]
    return HEAD + "".join(made) + tail


def decided(text: str, *matches, outcome=Outcome.OK, **more):
    return parse(text).decide(Facts(service="forum", outcome=outcome, matches=matches, **more))


@pytest.mark.parametrize("seed", [SEED, NOTICE])
@pytest.mark.parametrize(
    "when",
    ['mode = "blocking"', "exact = true", "exact = false", 'list = ["p*", "s*"]', 'list = "system:notices"',
     'category = ["vic-us:1", "listed:*"]', "max_distance = 31", 'probe = ["canonical", "exact"]'],
)  # fmt: skip
def test_a_rule_that_does_not_name_seeds_is_not_met_by_one(when, seed):
    ruling = decided(rules(f'when = {{ {when} }}\nthen = {{ verdict = "block", case = true, queue = "exact" }}'), seed)
    assert (ruling.verdict, ruling.case, ruling.queue, ruling.rule) == ("allow", True, "leads", "seed")
    assert ruling.keep is Keep.WHILE_CASE_OPEN


def test_a_rule_that_names_seeds_holds_but_only_what_it_means():
    text = rules(
        'when = { list = "system:notices", opinion = "investigation_seed" }\n'
        'then = { verdict = "hold", case = true, queue = "notices", assessors = 1 }'
    )
    assert decided(text, NOTICE).verdict == "hold"
    assert decided(text, SEED).verdict == "allow"
    assert decided(text, SEED).queue == "leads"
    assert decided(text, EXACT).case is False


def test_a_seed_never_makes_an_answer_milder_nor_sends_a_case_elsewhere():
    text = rules(
        'when = { opinion = "investigation_seed" }\nthen = { verdict = "allow", case = true, queue = "quiet" }',
        'when = { mode = "blocking", exact = true }\nthen = { verdict = "block", case = true, queue = "exact" }',
    )
    assert decided(text, EXACT, NOTICE) == decided(text, EXACT)
    assert decided(text, NOTICE).queue == "quiet"


def test_what_is_held_without_a_case_gets_one_for_a_seed():
    text = rules('when = { published = true }\nthen = { verdict = "hold" }')
    ruling = decided(text, NOTICE, published=True)
    assert (ruling.verdict, ruling.rule, ruling.case, ruling.queue) == ("hold", "r0", True, "leads")


def test_a_rule_that_names_seeds_opens_a_case_even_if_it_does_not_say_so():
    ruling = decided(rules('when = { opinion = "investigation_seed" }\nthen = { verdict = "hold" }'), NOTICE)
    assert (ruling.verdict, ruling.rule, ruling.case) == ("hold", "r0", True)


def test_each_seed_is_ruled_on_for_itself_and_the_strictest_counts():
    text = rules(
        'when = { list = "system:notices", opinion = "investigation_seed" }\n'
        'then = { verdict = "allow", case = true, queue = "notices" }',
        'when = { opinion = ["investigation_seed", "disputed"] }\n'
        'then = { verdict = "hold", case = true, queue = "leads" }',
    )
    assert decided(text, NOTICE, SEED).queue == decided(text, SEED, NOTICE).queue == "leads"
    assert decided(text, NOTICE).verdict == "allow"


def test_seeds_of_an_observing_list_do_nothing():
    assert decided(default_text(), Found(opinion="investigation_seed", mode="observing")).case is False


def test_what_could_not_be_looked_at_is_not_let_pass_by_a_rule_about_seeds():
    text = rules('when = { opinion = "investigation_seed" }\nthen = { verdict = "allow", case = true }')
    ruling = decided(text, NOTICE, outcome=Outcome.UNREADABLE)
    assert (ruling.verdict, ruling.rule, ruling.case) == ("hold", "on_failure", True)


@pytest.mark.parametrize("opinions", ['"investigation_seed"', '["positive", "investigation_seed"]'])
def test_a_policy_that_blocks_by_a_seed_is_refused_at_its_line(opinions):
    text = rules(f'when = {{ opinion = {opinions} }}\nthen = {{ verdict = "block", case = true }}')
    with pytest.raises(PolicyError) as refused:
        parse(text)
    ((line, said),) = refused.value.problems
    assert text.splitlines()[line - 1].startswith("then = { verdict")
    assert "never blocks" in said


def test_a_policy_that_was_in_force_before_that_was_refused_still_works_and_holds():
    text = rules(
        'when = { opinion = ["positive", "investigation_seed"] }\nthen = { verdict = "block", case = true }'
    ).replace("r0", "seed")
    policy = parse(text, in_force=True)
    assert policy.decide(Facts(service="f", outcome=Outcome.OK, matches=(NOTICE,))).verdict is Verdict.HOLD
    assert policy.decide(Facts(service="f", outcome=Outcome.OK, matches=(EXACT,))).verdict is Verdict.BLOCK
    with pytest.raises(PolicyError):
        parse(text)


def test_by_default_a_notice_opens_a_case_and_hides_nothing():
    ruling = decided(default_text(), NOTICE)
    assert (ruling.verdict, ruling.case, ruling.queue, ruling.rule) == ("allow", True, "notices", "notice")
    assert decided(default_text(), NOTICE, EXACT).verdict == "block"
    assert decided(default_text(), NOTICE, Found(opinion="disputed")).queue == "leads"


def test_whatever_one_rule_says_seeds_alone_never_block_and_always_reach_people():
    conditions = ("mode", "exact", "opinion", "list", "nothing")
    texts = {
        "mode": 'mode = "blocking"', "exact": "exact = true", "opinion": 'opinion = "investigation_seed"',
        "list": 'list = "*s*"', "nothing": "published = true",
    }  # fmt: skip
    for first, second in product(conditions, repeat=2):
        for verdicts in product(("allow", "hold", "block"), repeat=2):
            given = [
                f'when = {{ {texts[one]} }}\nthen = {{ verdict = "{verdict}" }}'
                for one, verdict in zip((first, second), verdicts, strict=True)
            ]
            policy = parse(rules(*given), in_force=True)
            without = policy.decide(Facts(service="f", outcome=Outcome.OK, published=True))
            ruling = policy.decide(Facts(service="f", outcome=Outcome.OK, published=True, matches=(NOTICE, SEED)))
            assert ruling.case
            assert ruling.verdict != "block" or without.verdict == "block"
            order = ["allow", "hold", "block"]
            assert order.index(ruling.verdict) >= order.index(without.verdict)
