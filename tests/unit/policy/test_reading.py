"""A policy is read as a whole, or refused with every mistake at its line."""

import re

import pytest

from rempart.errors import PolicyError
from rempart.policy.facts import Keep, Verdict
from rempart.policy.reading import MOST_BYTES, default_text, parse
from rempart.signals.outcome import Outcome

HEAD = 'format = 1\nname = "mine"\n'
TAIL = '\n[otherwise]\nverdict = "allow"\n[on_failure]\nverdict = "hold"\n'


def rule(when: str, then: str = 'verdict = "hold"', name: str = "r") -> str:
    return f'{HEAD}[[rules]]\nname = "{name}"\nwhen = {{ {when} }}\nthen = {{ {then} }}{TAIL}'


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(PolicyError) as caught:
        parse(text)
    return list(caught.value.problems)


def test_the_default_policy_is_read_and_is_the_one_documented():
    policy = parse(default_text())
    assert [one.ruling.rule for one in policy.rules] == [
        "exact-match",
        "notice",
        "lead-or-disputed",
        "similar-match",
        "could-not-check",
    ]
    assert policy.otherwise.verdict is Verdict.ALLOW
    assert policy.on_failure.verdict is Verdict.HOLD
    assert policy.text == default_text()


def test_values_stand_alone_or_in_lists():
    policy = parse(rule('outcome = "ok", list = ["ours", "police-*"], category = ["vic-us:1", "uk-abc:*"]'))
    assert policy.rules[0].outcomes == {Outcome.OK}
    match = policy.rules[0].match
    assert "police-be" in match.lists
    assert "ours2" not in match.lists
    assert match.categories == {("vic-us", "1")}
    assert match.schemes == {"uk-abc"}


def test_how_long_bytes_are_kept():
    then = 'verdict = "hold", case = true, keep = "30 days"'
    ruling = parse(rule("published = true", then)).rules[0].ruling
    assert (ruling.keep, ruling.keep_days) == (Keep.DAYS, 30)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HEAD + "bogus = 1" + TAIL, 3, "`bogus` is no key of the policy"),
        (HEAD.replace("format", "fromat") + TAIL, 1, "did you mean `format`"),
        (HEAD.replace("1", "2") + TAIL, 1, "This version reads format 1"),
        (HEAD + 'rules = "x"' + TAIL, 3, "tables"),
        (HEAD + TAIL.replace("[on_failure]", "[else]"), 6, "`else` is no key"),
        (HEAD + TAIL.replace("on_failure", "rules"), 6, "tables"),
        (HEAD + '[otherwise]\nverdict = "allow"', 1, "`on_failure` is missing"),
        (HEAD + TAIL.replace("allow", "maybe"), 5, '"maybe" is none of "allow", "hold", "block"'),
        (rule(""), 5, "without any condition"),
        (rule("lst = 1"), 5, "did you mean `list`"),
        (rule('mode = "observing"'), 5, "never decide"),
        (rule('mode = "blocked"'), 5, "is no mode"),
        (rule("category = 1"), 5, "A bare code means nothing"),
        (rule('category = "1"'), 5, "A bare code means nothing"),
        (rule("category = []"), 5, "holds 1 to"),
        (rule('opinion = "bad"'), 5, "investigation_seed"),
        (rule('signal = "photodna"'), 5, '"pdq", "sha256"'),
        (rule("exact = 1"), 5, "true or false"),
        (rule("max_distance = -1"), 5, "from 0 to 63"),
        (rule("max_distance = 300"), 5, "from 0 to 63"),
        (rule("max_distance = true"), 5, "from 0 to 63"),
        (rule("max_distance = 5, min_distance = 9"), 5, "No distance"),
        (rule('outcome = "broken"'), 5, "unreadable"),
        (rule("service = 7"), 5, "is no name"),
        (rule('list = "*"'), 5, "is no name"),
        (rule('context = "x"'), 5, "`context` is a table"),
        (rule("context = { kind = 1.5 }"), 5, "A context value"),
        (rule("published = true", 'verdict = "hold", queue = "x"'), 6, "case = true"),
        (rule("published = true", 'verdict = "hold", keep = "30 days"'), 6, "that is a case"),
        (rule("published = true", 'verdict = "hold", case = true, keep = "long"'), 6, "while_case_open"),
        (rule("published = true", 'verdict = "hold", case = true, queue = "A b"'), 6, "small letters"),
        (rule("published = true", 'verdict = "hold", case = true, assessors = 0'), 6, "from 1 to 5"),
        (rule("published = true", 'case = true'), 6, "`verdict` is missing"),
        (rule("published = true", name="otherwise"), 4, "already a rule"),
        (rule("published = true", name="a\\nb"), 4, "`name` is a text"),
        (HEAD + "name = 2" + TAIL, 3, "not TOML"),
        (HEAD + "x = [1," + TAIL, 4, "not TOML"),
        ("format = 1\nname =", 2, "not TOML"),
        ("a = " + "[" * 5000, 1, ""),
        ("#" * (MOST_BYTES + 1), 1, "at most 256 KiB"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(text, line, said):
    found = problems(text)
    assert any(at == line and said in told for at, told in found), found


def test_every_mistake_is_told_at_once_and_in_order():
    text = rule('exact = 3,\n category = [\n"1",\n"vic-us:1",\n 2]'.replace("\n", " ", 1))
    text = text.replace('verdict = "allow"', 'verdict = "deny"')
    found = problems(text)
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert len(found) == 4
    with pytest.raises(PolicyError, match=re.escape('Line 6: "1" is no scheme and code')):
        parse(text)


def test_two_rules_of_one_name_are_refused_at_the_second():
    text = rule("published = true").replace(
        TAIL, '\n[[rules]]\nname = "r"\nwhen = { published = false }\nthen = { verdict = "allow" }' + TAIL
    )
    assert problems(text) == [(8, 'There is already a rule named "r".')]


def test_values_from_outside_are_shown_short_and_on_one_line():
    told = problems(rule(f'outcome = "{"x" * 500}\\u001b[31m"'))[0][1]
    assert "\x1b" not in told
    assert len(told) < 200
