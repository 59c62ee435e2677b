"""Whoever seconds something sees what it is: the list by its name, the lines of a policy that would differ."""

from dataclasses import replace
from datetime import UTC, datetime

from curating import ANNA, blocking, curation, entries
from rempart.lists.ingest import Wishes
from rempart.people.principal import CONSOLE
from rempart.people.records import approvals as records
from rempart.policy import versions
from rempart.policy.reading import default_text
from rempart.server.pages.asked import Asked, more

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STRICT = default_text().replace('[otherwise]\nverdict = "allow"', '[otherwise]\nverdict = "hold"')


def asked(store, row):
    with store.read() as conn:
        return more(conn, records.find(conn, row.approval))


def test_the_lines_of_a_policy_that_would_differ_are_shown(store):
    with store.write() as conn:
        versions.ensure_first(conn, at=NOON)
        row = versions.propose(conn, STRICT, by=CONSOLE, at=NOON)
    shown = asked(store, row).difference
    assert [line for line in shown if line[0] in "+-"] == ['-verdict = "allow"', '+verdict = "hold"']


def test_changes_are_told_with_the_name_of_their_list(store):
    curated = curation(store)
    made = blocking(curated)
    changes = curated.add(made.id, entries(2), Wishes(), by=ANNA)
    with store.read() as conn:
        told = more(conn, records.find(conn, changes.approval_id))
    assert told.facts == {"list": made.name, "why": "The list blocks.", "now": "blocking", "size": 0, "add": 2}
    assert told.kinds == (("add", "listed listed", "positive", 2),)
    assert told.counted == 2
    assert told.command == f"rempart list changes {changes.id}"


def test_a_question_about_something_that_is_gone_says_nothing_more(store):
    with store.write() as conn:
        row = versions.propose(conn, STRICT, by=CONSOLE, at=NOON)
    with store.read() as conn:
        question = records.find(conn, row.approval)
        assert more(conn, _about(question, "list.changes", "changes:chg_none")) == Asked()
        assert more(conn, _about(question, "policy", "policy_none")) == Asked()


def _about(question, kind, subject):
    return replace(question, kind=kind, subject=subject)
