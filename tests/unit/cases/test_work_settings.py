"""A team's settings: every key, every mistake with its place, and where cases go by them."""

from datetime import timedelta

import pytest

from actors import NOON
from hosting import Found
from rempart.cases.work import emergency
from rempart.cases.work.routing import look_of, route
from rempart.cases.work.settings import WorkRules, parse
from rempart.errors import WorkSettingsError

FULL = {
    "queues": [
        {
            "name": "similar", "title": "Look-alikes", "roles": ["reviewer"], "persons": ["p-2a"], "due_minutes": 600,
            "hidden_decisions": ["report"],
        },
        {"name": "notices", "due_minutes": 120},
    ],
    "routes": [
        {
            "when": {"kind": ["notice"], "service": ["forum-*"]},
            "then": {"queue": "notices", "priority": "high", "due_minutes": 60},
        },
        {"when": {"list": ["hotline*"], "scheme": ["uk-abc"], "code": ["A"]}, "then": {"priority": "high"}},
        {"when": {"priority": ["normal"]}, "then": {"queue": "rest"}},
    ],
    "claim_minutes": 20, "undo_seconds": 0,
    "two_person": ["report", "add_to_list", "block_account", "refer"], "second_within_minutes": 60,
    "schemes": ["uk-abc"], "sample_percent": 10,
    "budgets": {"reveals_per_day": 40, "seconds_per_day": 900, "break_after_minutes": 30},
    "peer_contact": "Sam, room 4\nevery day from 9 to 17", "reveal_seconds": 10,
    "emergency": {
        "countries": ["gb", "eu"], "contacts": [{"name": "On call", "reach": "+33 1 00 00 00 00", "when": "always"}]
    },
}  # fmt: skip


def routed(rules, *, kind="match", service="forum", matches=(), queue="similar"):
    return route(rules, kind=kind, queue=queue, service=service, matches=matches, at=NOON)


def test_every_key_is_read():
    rules = parse(FULL)
    assert (rules.claim_minutes, rules.undo_seconds, rules.second_within_minutes) == (20, 0, 60)
    assert rules.two_person - WorkRules().two_person == {"refer"}
    assert (rules.schemes, rules.sample_percent) == (("uk-abc",), 10)
    assert (rules.budgets.reveals_per_day, rules.reveal_seconds) == (40, 10)
    assert rules.queue("similar").hidden_decisions == {"report"}
    assert rules.queue("nobody-described").due_minutes == 1440
    assert rules.emergency.contacts[0].reach == "+33 1 00 00 00 00"
    assert rules.peer_contact.count("\n") == 1
    assert rules.document == FULL


def test_an_empty_document_is_what_stands_where_none_was_put():
    assert parse({}) == WorkRules()
    assert WorkRules().two_person == {"report", "add_to_list", "block_account"}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "the document: an object is needed here"),
        ({"queue": []}, "queue: there is no such key; did you mean `queues`?"),
        ({"queues": [{"name": "Big one"}]}, "queues[0].name: a name of a-z"),
        ({"queues": [{}]}, "queues[0].name: a name of a-z, 0-9 and -, at most 40 long, is needed."),
        ({"queues": [{"name": "a"}, {"name": "a"}]}, "queues: `a` stands there more than once."),
        ({"queues": [{"name": "a", "roles": ["auditor"]}]}, "queues[0].roles[0]: 'auditor' is not known"),
        ({"queues": [{"name": "a", "due_minutes": 0}]}, "queues[0].due_minutes: a whole number from 1 to 129600"),
        ({"queues": [{"name": "a", "due_minutes": True}]}, "not True."),
        ({"queues": "all"}, "queues: a list of at most 200 objects"),
        ({"routes": [{"when": {}, "then": {}}]}, "routes[0].then: a queue, a priority or due_minutes is needed."),
        ({"routes": [{"then": {"priority": "danger"}}]}, "routes[0].then.priority: high, normal or low"),
        ({"routes": [{"when": {"kind": ["video"]}, "then": {"queue": "a"}}]}, "routes[0].when.kind[0]"),
        ({"routes": [{"when": {"kind": "notice"}, "then": {"queue": "a"}}]}, "a list of at most 200 texts"),
        ({"claim_minutes": 241}, "claim_minutes: a whole number from 1 to 240 is needed, not 241."),
        ({"undo_seconds": 121}, "undo_seconds: a whole number from 0 to 120"),
        ({"two_person": ["remove"]}, "`remove` cannot be in it: taking something down never waits"),
        ({"two_person": ["restrict", "report"]}, "`restrict` cannot be in it"),
        ({"two_person": []}, "`add_to_list` cannot be left out of it: nobody does so alone."),
        ({"two_person": ["add_to_list", "block_account", "refer"]}, "`report` cannot be left out of it"),
        ({"second_within_minutes": 1}, "second_within_minutes: a whole number from 15 to"),
        ({"two_person": ["everything"]}, "two_person[0]: 'everything' is not known"),
        ({"schemes": []}, "schemes: at least one is needed."),
        ({"schemes": ["No Scheme"]}, "no name of a scheme"),
        ({"budgets": {"reveals": 3}}, "budgets.reveals: there is no such key; did you mean `reveals_per_day`?"),
        ({"emergency": {"countries": ["UK"]}}, "emergency.countries: 'UK' is no country"),
        ({"emergency": {"contacts": [{"name": "A"}]}}, "emergency.contacts[0].reach: how to reach them is needed."),
        ({"peer_contact": "x" * 2001}, "peer_contact: a text of up to 2000 characters"),
        ({"peer_contact": "a\x00b"}, "peer_contact: a text"),
        ({"sample_percent": 5.5}, "sample_percent: a whole number"),
    ],
)
def test_a_mistake_is_told_with_its_place(document, told):
    with pytest.raises(WorkSettingsError) as caught:
        parse(document)
    assert told in str(caught.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(WorkSettingsError) as caught:
        parse({"claim_minutes": 0, "queues": [{"name": "!"}], "x": 1})
    assert len(caught.value.problems) == 3


def test_the_first_route_that_fits_decides():
    rules = parse(FULL)
    found = routed(rules, kind="notice", service="forum-fr")
    assert (found.queue, found.priority, found.due) == ("notices", 1, NOON + timedelta(minutes=60))
    found = routed(rules, matches=[Found(list="hotline-uk", scheme="uk-abc", code="A")])
    assert (found.queue, found.priority, found.due) == ("similar", 1, NOON + timedelta(minutes=600))
    assert routed(rules).queue == "rest"


def test_what_stands_on_lists_is_met_by_one_and_the_same_match():
    rules = parse(FULL)
    apart = [Found(list="hotline-uk", scheme="uk-abc", code="B"), Found(list="other", scheme="uk-abc", code="A")]
    assert routed(rules, matches=apart).queue == "rest"


def test_without_a_route_it_is_the_policys_queue_by_that_queues_own_time():
    rules = parse({"queues": [{"name": "similar", "due_minutes": 90}]})
    assert routed(rules) == routed(rules, kind="unchecked")
    assert routed(rules).due == NOON + timedelta(minutes=90)
    assert routed(rules, kind="notice").priority == 1
    assert routed(rules, queue="other").due == NOON + timedelta(days=1)


SHA, PDQ = Found(signal_kind="sha256", distance=0), Found(signal_kind="pdq", distance=0)


@pytest.mark.parametrize(
    ("matches", "look"),
    [
        ([], "look"),
        ([SHA], "none"),
        ([SHA, PDQ], "none"),
        ([PDQ], "look"),
        ([Found(signal_kind="sha256", mode="observing")], "look"),
        ([Found(signal_kind="sha256", opinion="disputed")], "look"),
        ([SHA, Found(signal_kind="sha256", opinion="negative", entry_id=2)], "look"),
        ([SHA, Found(opinion="investigation_seed", mode="observing", entry_id=2)], "look"),
    ],
)
def test_nobody_has_to_look_where_the_bytes_are_known_and_nobody_doubts_it(matches, look):
    assert look_of(matches) == look


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_in_an_emergency_every_authority_says_when_and_what(language):
    found = emergency.guidance(language=language)
    assert {one.country for one in found.authorities} == set(emergency.countries()) == {"gb", "us", "eu"}
    assert all(one.name and one.law and one.when for one in found.authorities)
    assert [one.reason_characters for one in found.authorities if one.country == "us"] == [3000]
    assert ("emergency number" in found.advice) is (language != "fr")


def test_in_an_emergency_the_countries_that_are_set_are_shown():
    found = emergency.guidance(language="en", countries=("gb",))
    assert [one.country for one in found.authorities] == ["gb"]
