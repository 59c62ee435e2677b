"""What an asker is told of a check: a verdict, and nothing that an abuser could learn a list by."""

import pytest

from rempart.intake.upload_values import CheckAnswer
from rempart.people.permissions import Scope
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.server.api.checks import shown

MATCH = {"list": "police", "entry": "e-1", "distance": 3}
TOLD = {"item_id", "verdict", "outcome", "request_id", "origin"}


def key(*scopes: Scope) -> Principal:
    return Principal(kind="service", id="key_1", pseudonym="key-1", scopes=frozenset(scopes), service="forum")


def answer(verdict: Verdict, **more) -> CheckAnswer:
    return CheckAnswer(item_id="a", verdict=verdict, outcome="ok", request_id="check_1", **more)


@pytest.mark.parametrize("scope", sorted(set(Scope) - {Scope.ANALYST}))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_answer_has_five_fields_whatever_was_found(scope, verdict):
    who = key(Scope.CHECK, Scope.SIGNALS, scope)
    bare = shown(answer(verdict), who)
    assert set(bare) == TOLD
    assert shown(answer(verdict, case="case_1", matches=(MATCH,)), who) == bare


def test_analysts_are_told_the_case_and_the_matches_too():
    told = shown(answer(Verdict.HOLD, case="case_1", matches=(MATCH,)), key(Scope.CHECK, Scope.ANALYST))
    assert set(told) == TOLD | {"case", "matches"}
    assert (told["case"], told["matches"]) == ("case_1", (MATCH,))
