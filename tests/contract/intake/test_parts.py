"""A check with parts switched on: what a part of a listed picture leads to, and what it never does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from checking import Checking, checking
from curating import ANNA, BERT, curation, entry
from pictures import encode, jpeg, scene
from rempart.cases.records import cases
from rempart.evidence.vault import Vault
from rempart.lists.entry import derived_id
from rempart.lists.ingest import Wishes
from rempart.lists.parts.finding import PartFinder
from rempart.lists.parts.keeping import PartKeeper
from rempart.lists.parts.live import LiveParts
from rempart.lists.records import Mode
from rempart.policy.facts import Facts, Verdict
from rempart.policy.reading import parse
from rempart.provenance.partial.making import Wanted, parts_of, parts_pool
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import WorkerPool
from rempart.store.engine import Store

LISTED = jpeg(7)
PART = encode(scene(7)[80:260, 100:340], "JPEG", quality=75)
OTHER = jpeg(30)


@pytest.fixture(scope="module")
def pools() -> Iterator[tuple[WorkerPool, WorkerPool]]:
    with WorkerPool(workers=1) as pool, parts_pool(limits=Limits()) as parts:
        yield pool, parts


@pytest.fixture
def check(store: Store, tmp_path: Path, pools: tuple[WorkerPool, WorkerPool]) -> Iterator[Checking]:
    """A service that looks for parts, with one picture on a list that blocks."""
    pool, parts = pools

    def finder(vault: Vault) -> PartFinder:
        return PartFinder(vault, pool=parts, live=LiveParts(vault))

    with checking(store, tmp_path, pool, parts=finder) as made:
        there = curation(store, entered=made.lists.catch_up)
        live = there.create(name="ours", by=ANNA, mode=Mode.BLOCKING)
        ref = derived_id(digest_bytes(LISTED).sha256)
        waits = there.add(live.id, [entry(ref, digest_bytes(LISTED).sha256)], Wishes(), by=ANNA)
        there.decide(waits.id, by=BERT, approve=True)
        keeper = PartKeeper(vault=made.vault, number=live.number, by=ANNA)
        assert keeper.keep([(ref, parts_of(parts, LISTED, Wanted.LISTED))]) == 1
        live_parts(made).refresh()
        yield made


def live_parts(check: Checking) -> LiveParts:
    assert isinstance(check.ruler.parts, PartFinder)
    return check.ruler.parts.live


def test_a_part_of_a_listed_picture_is_held_for_people_and_never_blocked(check: Checking) -> None:
    answer = check.ask("part", content=PART)
    assert (answer.verdict, answer.outcome) == (Verdict.HOLD, "ok")
    assert [(one["signal"], one["probe"], one["distance"]) for one in answer.matches] == [("parts", "parts", 256)]
    with check.store.read() as conn:
        case = cases.find(conn, answer.case or "")
    assert case is not None
    assert (case.queue, case.assessors, case.look) == ("similar", 2, "look")


def test_the_very_bytes_are_told_once_and_by_their_digest(check: Checking) -> None:
    answer = check.ask("whole", content=LISTED)
    assert answer.verdict is Verdict.BLOCK
    assert [one["signal"] for one in answer.matches] == ["sha256"]


def test_other_pictures_are_allowed(check: Checking) -> None:
    answer = check.ask("other", content=OTHER)
    assert (answer.verdict, answer.matches) == (Verdict.ALLOW, ())


def test_what_could_not_be_looked_for_is_no_answer(check: Checking, store: Store) -> None:
    assert isinstance(check.ruler.parts, PartFinder)
    with parts_pool(limits=Limits(pixels=1000)) as small:
        check.ruler.parts = PartFinder(check.vault, pool=small, live=live_parts(check))
        answer = check.ask("part", content=PART)
    assert (answer.verdict, answer.outcome) == (Verdict.HOLD, Outcome.TOO_LARGE.value)


def test_an_entry_that_goes_while_a_check_is_on_its_way_is_no_match(check: Checking, store: Store) -> None:
    finder = check.ruler.parts
    assert isinstance(finder, PartFinder)
    found = finder.find(PART)
    there = curation(store, entered=check.lists.catch_up)
    ref = derived_id(digest_bytes(LISTED).sha256)
    with store.read() as conn:
        from rempart.lists import entry_records

        live = entry_records.list_named(conn, "ours")
    assert live is not None
    there.withdraw(live.id, ref, by=ANNA)
    assert len(found.matches) == 1
    check.ruler.parts = _Said(finder, found)  # type: ignore[assignment]
    assert check.ask("part", content=PART).matches == ()


class _Said:
    """What looked before the entry went."""

    def __init__(self, finder: PartFinder, found: object) -> None:
        self.find = lambda _: found
        self.still = finder.still


def test_where_it_is_off_nobody_looks(check: Checking) -> None:
    check.ruler.parts = None
    answer = check.ask("part", content=PART)
    assert (answer.verdict, answer.matches) == (Verdict.ALLOW, ())


def test_rules_may_name_parts_and_no_rule_for_the_same_bytes_takes_them(check: Checking) -> None:
    assert isinstance(check.ruler.parts, PartFinder)
    facts = Facts(service="forum", outcome=Outcome.OK, matches=check.ruler.parts.find(PART).matches)  # type: ignore[arg-type]
    assert _ruled('signal = "parts"', facts) == "named"
    assert _ruled("exact = false", facts) == "named"
    for other in ("exact = true", 'signal = "pdq"', "exact = false, max_distance = 63"):
        assert _ruled(other, facts) == "otherwise"


def _ruled(condition: str, facts: Facts) -> str:
    text = f"""
format = 1
name = "trial"
[[rules]]
name = "named"
when = {{ {condition} }}
then = {{ verdict = "hold" }}
[otherwise]
verdict = "allow"
[on_failure]
verdict = "hold"
"""
    return parse(text).decide(facts).rule
