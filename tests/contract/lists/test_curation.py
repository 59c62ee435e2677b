"""What enters a list that blocks is shown, checked and seconded; all of it on both databases."""

import pytest

from curating import ANNA, BERT, actions, blocking, curation, entries, live_refs, live_signals
from rempart.errors import ConflictError, RefusedError
from rempart.lists.ingest import Wishes
from rempart.lists.staging_records import State


def test_entries_enter_an_observing_list_at_once(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    changes = curated.add(made.id, entries(3), Wishes(), by=ANNA)
    assert changes.state is State.APPLIED
    assert changes.outcomes["add"] == 3
    assert live_refs(store, made) == {"e0", "e1", "e2"}
    assert live_signals(store) == 6
    assert actions(store) == ["list.created", "entry.added"]


def test_entries_of_a_blocking_list_wait_for_a_second_person(store):
    curated = curation(store)
    made = blocking(curated)
    changes = curated.add(made.id, entries(2), Wishes(), by=ANNA)
    assert changes.state is State.STAGED
    assert live_signals(store) == 0
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        curated.decide(changes.id, by=ANNA, approve=True)
    assert live_signals(store) == 0
    assert curated.decide(changes.id, by=BERT, approve=True, reason="seen").state is State.APPLIED
    assert live_refs(store, made) == {"e0", "e1"}
    assert actions(store)[-3:] == ["approval.given", "changes.approved", "entry.added"]


def test_what_is_refused_never_enters(store):
    curated = curation(store)
    made = blocking(curated)
    changes = curated.add(made.id, entries(2), Wishes(), by=ANNA)
    assert curated.decide(changes.id, by=BERT, approve=False, reason="no").state is State.REFUSED
    assert live_signals(store) == 0
    with pytest.raises(ConflictError, match="it is refused"):
        curated.decide(changes.id, by=BERT, approve=True)
