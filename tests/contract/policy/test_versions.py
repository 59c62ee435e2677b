"""A policy comes into force through a second person only, and every process sees it at once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from actors import NOON, person
from rempart.errors import PolicyError, RefusedError
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.policy import records, versions
from rempart.policy.facts import Facts
from rempart.policy.reading import default_text
from rempart.policy.versions import PolicyStore
from rempart.signals.outcome import Outcome

STRICT = default_text().replace('[otherwise]\nverdict = "allow"', '[otherwise]\nverdict = "hold"')
LEAD, OTHER = person("ada"), person("bo")
UNKNOWN = Facts(service="forum", outcome=Outcome.OK)


def in_force(store):
    with store.read() as conn:
        return PolicyStore().current(conn)


def put(store, text_=STRICT, *, asker=LEAD, by=OTHER):
    with store.write() as conn:
        row = versions.propose(conn, text_, by=asker, at=NOON)
    with store.write() as conn:
        return versions.decide(conn, row.id, by=by, approve=True, reason="agreed", at=NOON)


def actions(store):
    with store.read() as conn:
        return [row[0] for row in conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id"))]


def test_the_default_policy_is_put_in_force_once_by_the_software_itself(store):
    assert in_force(store)[0] == 0
    for _ in range(2):
        with store.write() as conn:
            versions.ensure_first(conn, at=NOON)
    version, policy = in_force(store)
    assert (version, policy.text) == (1, default_text())
    written = [body for body in actions(store) if '"policy.put_in_force"' in body]
    assert len(written) == 1
    assert '"actor":"system"' in written[0]


def test_what_one_person_proposes_another_puts_in_force(store):
    row = put(store)
    assert row.version == in_force(store)[0] == 1
    assert in_force(store)[1].decide(UNKNOWN).verdict == "hold"
    assert [one for one in actions(store) if '"policy.proposed"' in one]
    assert [one for one in actions(store) if '"policy.put_in_force"' in one]


def test_nobody_puts_their_own_proposal_in_force(store):
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        put(store, by=LEAD)
    assert in_force(store)[0] == 0


@pytest.mark.parametrize("who", [CONSOLE, person("cy", Role.REVIEWER), person("di", Role.ADMINISTRATOR)])
def test_only_persons_whose_role_allows_it_put_a_policy_in_force(store, who):
    with pytest.raises(RefusedError, match="may not decide"):
        put(store, by=who)
    assert in_force(store)[0] == 0


def test_one_person_alone_confirms_later_in_another_session(store):
    with store.write() as conn:
        row = versions.propose(conn, STRICT, by=LEAD, at=NOON)
    later = NOON + timedelta(days=1)
    wait = timedelta(hours=12)
    with pytest.raises(RefusedError, match="same session"), store.write() as conn:
        versions.decide(conn, row.id, by=LEAD, approve=True, reason="", at=later, alone_after=wait)
    again = person("ada")
    object.__setattr__(again, "session", "session_2")
    object.__setattr__(again, "signed_in", later)
    with store.write() as conn:
        done = versions.decide(conn, row.id, by=again, approve=True, reason="", at=later, alone_after=wait)
    assert done.version == 1
    assert [one for one in actions(store) if '"single":true' in one]


def test_a_refused_proposal_stays_refused(store):
    with store.write() as conn:
        row = versions.propose(conn, STRICT, by=LEAD, at=NOON)
    with store.write() as conn:
        assert versions.decide(conn, row.id, by=OTHER, approve=False, reason="no", at=NOON).state == "refused"
    with pytest.raises(RefusedError, match="already decided"), store.write() as conn:
        versions.decide(conn, row.id, by=OTHER, approve=True, reason="", at=NOON)
    assert in_force(store)[0] == 0


def test_what_cannot_be_read_is_never_proposed(store):
    with pytest.raises(PolicyError, match="Line 1"), store.write() as conn:
        versions.propose(conn, "format = 9", by=LEAD, at=NOON)
    with store.read() as conn:
        assert records.recent(conn, most=5) == ()


def test_what_is_in_force_is_not_proposed_again(store):
    put(store)
    with pytest.raises(RefusedError, match="version 1, which is in force"), store.write() as conn:
        versions.propose(conn, STRICT, by=LEAD, at=NOON)


def test_an_unknown_proposal_is_refused(store):
    with pytest.raises(RefusedError, match="no such"), store.write() as conn:
        versions.decide(conn, "policy_x", by=LEAD, approve=True, reason="", at=NOON)


def test_a_process_sees_a_new_version_within_a_second_and_reads_it_once(store):
    now = [0.0]
    cache = PolicyStore(steady=lambda: now[0])
    with store.read() as conn:
        assert cache.current(conn)[0] == 0
    put(store)
    with store.read() as conn:
        assert cache.current(conn)[0] == 0
    now[0] += 0.9
    with store.read() as conn:
        version, policy = cache.current(conn)
        assert version == 1
    now[0] += 0.9
    with store.read() as conn:
        assert cache.current(conn)[1] is policy


def test_the_process_that_put_it_in_force_sees_it_at_once(store):
    cache = PolicyStore()
    with store.read() as conn:
        cache.current(conn)
    put(store)
    cache.forget()
    with store.read() as conn:
        assert cache.current(conn)[0] == 1


def test_versions_count_up_and_older_ones_stay_readable(store):
    put(store)
    put(store, default_text())
    assert in_force(store)[0] == 2
    with store.read() as conn:
        assert records.of_version(conn, 1).text == STRICT
        assert [row.version for row in records.recent(conn, most=5)] == [2, 1]
