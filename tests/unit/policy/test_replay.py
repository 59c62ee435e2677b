"""Trying a policy on past checks tells what would differ, and nothing else."""

from rempart.policy.facts import Facts
from rempart.policy.reading import default_text, parse
from rempart.policy.replay import MOST_EXAMPLES, PastCheck, PastMatch, compare
from rempart.signals.outcome import Outcome

DEFAULT = parse(default_text())
STORED = {
    "list": "police", "entry": "e-1", "signal": "pdq", "distance": 12, "scheme": "vic-us", "code": "1",
    "opinion": "positive", "facet": None, "probe": "canonical", "list_id": "list_1", "mode": "blocking", "entry_id": 1,
}  # fmt: skip


def past(count=1, *, outcome=Outcome.OK, **match):
    matches = [PastMatch.of(STORED | match)] if match or outcome is None else []
    facts = Facts(service="forum", outcome=outcome, matches=matches)
    return [PastCheck(item=number, facts=facts) for number in range(count)]


def test_the_same_policy_changes_nothing():
    checks = [*past(3), *past(2, distance=1), *past(2, outcome=Outcome.UNREADABLE)]
    found = compare(DEFAULT, DEFAULT, checks)
    assert found.nothing
    assert (found.checks, found.changed, found.cases) == (7, 0, (4, 4))


def test_a_stricter_rule_shows_verdicts_cases_and_bytes():
    near = 'when = { mode = "blocking", exact = false }\nthen = { verdict = "hold", case = true, queue = "similar"'
    strict = parse(default_text().replace(near, near.replace('"hold"', '"block"').replace("similar", "urgent")))
    found = compare(DEFAULT, strict, [*past(30, distance=4), *past(5)])
    assert found.changed == 30
    (change,) = found.changes
    assert (change.before, change.after, change.after_rule) == ("hold", "block", "similar-match")
    assert found.examples[change] == list(range(MOST_EXAMPLES))
    assert found.queues == {("similar", "urgent"): 30}
    assert found.kept == (30, 30)
    assert found.document()["changes"][0]["count"] == 30


def test_fewer_cases_and_bytes_are_told_though_the_verdict_stays():
    quiet = parse(
        default_text().replace(
            'then = { verdict = "block", case = true, queue = "exact", assessors = 1, keep = "while_case_open" }',
            'then = { verdict = "block" }',
        )
    )
    found = compare(DEFAULT, quiet, past(2, signal="sha256", distance=0))
    assert found.changed == 0
    assert not found.nothing
    assert (found.cases, found.kept) == ((2, 0), (2, 0))


def test_another_rule_with_the_same_verdict_is_listed_but_changes_no_verdict():
    renamed = parse(default_text().replace('"similar-match"', '"lookalike"'))
    found = compare(DEFAULT, renamed, past(3, distance=9))
    assert found.changed == 0
    assert sum(found.changes.values()) == 3


def test_a_stored_match_is_read_as_it_was_written():
    from rempart.lists.entry import Opinion
    from rempart.lists.lookup import ListMatch
    from rempart.signals.values import SignalKind

    match = ListMatch(
        list="police", ref="e-1", signal_kind=SignalKind.MD5, distance=0, probe="exact", scheme="vic-us", code="1",
        opinion=Opinion.DISPUTED, facet=None, list_id="list_1", mode="blocking", entry_id=7,
    )  # fmt: skip
    stored = PastMatch.of(match.document())
    for name in ("list", "mode", "signal_kind", "distance", "probe", "scheme", "code", "opinion"):
        assert getattr(stored, name) == getattr(match, name)
