"""Checks on real databases: what is answered, what is written, and that both happen together."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import func, select

from checking import SERVICE, Checking, checking, request
from curating import ANNA, BERT, curation, entry
from judging import NO, judged
from pictures import jpeg
from rempart.cases.records.cases import cases
from rempart.clock import utc_now
from rempart.errors import ConflictError, NotFoundError, RefusedError, UnavailableError
from rempart.evidence.ledger import records as ledger
from rempart.evidence.vault import records as vault_records
from rempart.intake import upload_content
from rempart.intake.upload import CheckLimits
from rempart.intake.upload_erasure import erase_item
from rempart.intake.upload_values import Prepared
from rempart.items.records import checks, items, signals
from rempart.items.records.checks import checks as checks_table
from rempart.items.records.items import items as items_table
from rempart.lists.breaker import BreakerLimits
from rempart.lists.curation_settings import ListWish
from rempart.lists.ingest import Wishes
from rempart.lists.lookup import Found
from rempart.lists.records import Mode
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.signals.digests import digest_bytes
from rempart.signals.pool import WorkerPool
from rempart.signals.values import PdqHash, Sha256
from rempart.store.engine import Store
from serving import add_list


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=2) as made:
        yield made


@pytest.fixture
def check(store: Store, tmp_path: Path, pool: WorkerPool) -> Iterator[Checking]:
    with checking(store, tmp_path, pool) as made:
        yield made


def sha(data: bytes) -> Sha256:
    return digest_bytes(data).sha256


def count(store: Store, table) -> int:
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def item_of(store: Store, name: str = "a"):
    with store.read() as conn:
        return items.find(conn, SERVICE, name)


def listed(check: Checking, *data: bytes, name: str = "known", mode: Mode = Mode.BLOCKING) -> None:
    add_list(check.store, name, [sha(one) for one in data], mode=mode)
    check.lists.catch_up()


def test_an_upload_that_no_list_holds_is_allowed_and_written_down(check: Checking):
    answer = check.ask(content=jpeg(1), uploader="u7", url="https://forum.example/1", published=True, context={"n": 3})
    assert (answer.verdict, answer.outcome, answer.case, answer.matches) == (Verdict.ALLOW, "ok", None, ())
    item = item_of(check.store)
    assert (item.uploader, item.url, item.published, item.context) == ("u7", "https://forum.example/1", True, {"n": 3})
    assert (item.sha256, item.media_type, item.size) == (bytes(sha(jpeg(1))), "image/jpeg", len(jpeg(1)))
    with check.store.read() as conn:
        found = checks.find(conn, answer.request_id)
        kept = signals.of(conn, item.id)
    assert (found.item, found.verdict, found.outcome) == (item.id, Verdict.ALLOW, "ok")
    assert {"exact", "canonical", "canonical+flipx", "negative"} <= {one.probe for one in kept}
    assert check.vault.store is check.store
    assert count(check.store, vault_records.objects) == 0


def test_bytes_on_a_blocking_list_are_blocked_sealed_and_put_into_one_case(check: Checking):
    listed(check, jpeg(2))
    first, second = check.ask("a", content=jpeg(2)), check.ask("b", content=jpeg(2))
    assert first.verdict is second.verdict is Verdict.BLOCK
    assert first.case == second.case
    assert first.case is not None
    assert [match["list"] for match in first.matches] == ["known"]
    sealed = item_of(check.store).object
    with check.vault.opened(sealed, purpose="test", by=SYSTEM) as plain:
        assert bytes(plain) == jpeg(2)


def test_signals_alone_open_a_case_without_evidence(check: Checking):
    listed(check, jpeg(2))
    answer = check.ask(signals=(sha(jpeg(2)),))
    assert (answer.verdict, answer.outcome) == (Verdict.BLOCK, "not_examined")
    assert answer.case is not None
    assert item_of(check.store).object is None


def test_a_mirrored_copy_is_held_for_people(check: Checking, pool: WorkerPool):
    seen = pool.examine(jpeg(3))
    add_list(check.store, "known", [seen.pdq])
    check.lists.catch_up()
    answer = check.ask(content=jpeg(3, quality=60))
    assert (answer.verdict, [match["signal"] for match in answer.matches]) == (Verdict.HOLD, ["pdq"])


def test_a_match_on_an_observing_list_is_counted_and_changes_nothing(check: Checking):
    listed(check, jpeg(2), mode=Mode.OBSERVING)
    answer = check.ask(content=jpeg(2))
    assert (answer.verdict, answer.case, len(answer.matches)) == (Verdict.ALLOW, None, 1)


def test_what_cannot_be_decoded_is_held_and_never_allowed(check: Checking):
    answer = check.ask(content=jpeg(1)[:3000])
    assert (answer.verdict, answer.outcome) == (Verdict.HOLD, "unreadable")


def test_the_ledger_has_a_leaf_for_each_check_and_no_plain_signal_or_id(check: Checking):
    check.ask("item-4711", content=jpeg(1), uploader="mallory", url="https://forum.example/9")
    with check.store.read() as conn:
        bodies = [bytes(row.body) if isinstance(row.body, bytes) else row.body.encode()
                  for row in conn.execute(select(ledger.leaves.c.body))]  # fmt: skip
    told = b"\n".join(bodies)
    assert told.count(b'"check.answered"') == 1
    for secret in (b"item-4711", b"mallory", b"forum.example", sha(jpeg(1)).hex().encode()):
        assert secret not in told


def test_checks_that_wait_together_are_committed_together(check: Checking):
    with check.store.write():  # nobody else can commit now
        futures = [check.submit(f"s{n}", signals=(PdqHash(bytes([n] * 32)),)) for n in range(40)]
        before = check.checker.groups
    assert {one.result(30).verdict for one in futures} == {Verdict.ALLOW}
    assert check.checker.groups - before <= 3
    assert count(check.store, checks_table) == 40


def test_a_check_that_cannot_be_written_fails_alone(check: Checking):
    with check.store.write():
        good = [check.submit(f"g{n}", signals=(PdqHash(bytes([n] * 32)),)) for n in range(5)]
        bad = check.submit("bad", signals=(PdqHash(bytes(32)),), context={"n": object()})
    assert isinstance(bad.exception(30), Exception)
    assert [one.result(30).item_id for one in good] == [f"g{n}" for n in range(5)]
    assert item_of(check.store, "bad") is None


def test_the_same_item_twice_in_a_group_is_one_item_with_its_last_answer(check: Checking):
    with check.store.write():
        futures = [check.submit("same", signals=(PdqHash(bytes([n] * 32)),)) for n in range(3)]
    answers = [one.result(30) for one in futures]
    item = item_of(check.store, "same")
    assert item.request == answers[-1].request_id
    with check.store.read() as conn:
        assert [bytes(one.signal) for one in signals.of(conn, item.id)] == [bytes([2] * 32)]
    assert (count(check.store, checks_table), count(check.store, items_table)) == (3, 1)


def test_an_entry_that_came_between_look_and_commit_is_found(check: Checking):
    prepared = Prepared(request=request(signals=(sha(jpeg(5)),)), request_id="check_x", seen=None)
    (prepared,) = check.recorder._ruled([prepared])
    assert prepared.ruled.ruling.verdict is Verdict.ALLOW
    add_list(check.store, "known", [sha(jpeg(5))])
    (answer,) = check.recorder.record([prepared])
    assert answer.verdict is Verdict.BLOCK


def test_a_list_that_began_to_block_between_look_and_commit_blocks(check: Checking):
    curated = curation(check.store, clock=utc_now)
    made = curated.create(name="trial", by=ANNA)
    curated.add(made.id, [entry("e", sha(jpeg(5)))], Wishes(), by=ANNA)
    check.lists.catch_up()
    prepared = Prepared(request=request(signals=(sha(jpeg(5)),)), request_id="check_x", seen=None)
    (prepared,) = check.recorder._ruled([prepared])
    assert prepared.ruled.ruling.verdict is Verdict.ALLOW
    _, asked = curated.change(made.id, ListWish(mode=Mode.BLOCKING), by=ANNA)
    curated.decide(asked.id, by=BERT, approve=True)
    (answer,) = check.recorder.record([prepared])
    assert answer.verdict is Verdict.BLOCK


def test_bytes_that_a_late_entry_matches_are_sealed_before_they_are_answered(
    check: Checking, monkeypatch: pytest.MonkeyPatch
):
    added = threading.Event()
    rule = check.ruler.rule

    def rule_then_add(group):
        ruled = rule(group)
        if not added.is_set():
            added.set()
            add_list(check.store, "known", [sha(jpeg(6))])
        return ruled

    monkeypatch.setattr(check.ruler, "rule", rule_then_add)
    assert check.ask(content=jpeg(6)).verdict is Verdict.BLOCK
    assert item_of(check.store).object is not None


def test_bytes_whose_evidence_was_destroyed_are_sealed_anew_for_a_late_match(
    check: Checking, monkeypatch: pytest.MonkeyPatch
):
    listed(check, jpeg(6))
    check.ask(content=jpeg(6))
    with check.store.write() as conn:
        assert check.vault.destroy(conn, item_of(check.store).object, reason="its case is over", by=SYSTEM)
    rule, looked = check.ruler.rule, threading.Event()

    def looked_too_early(group):
        if looked.is_set():
            return rule(group)
        looked.set()
        return [check.ruler.apply(one, Found()) for one in group]

    monkeypatch.setattr(check.ruler, "rule", looked_too_early)
    assert check.ask(content=jpeg(6)).verdict is Verdict.BLOCK
    with check.vault.opened(item_of(check.store).object, purpose="test", by=SYSTEM) as plain:
        assert bytes(plain) == jpeg(6)


def test_a_key_that_is_used_again_has_the_same_answer_and_is_no_second_check(check: Checking):
    asked = {"content": jpeg(1), "key": b"k" * 32}
    first, again = check.ask(**asked), check.ask(**asked)
    assert first == again
    assert count(check.store, checks_table) == 1


def test_a_key_that_is_used_for_something_else_is_refused(check: Checking):
    check.ask(signals=(sha(b"1"),), key=b"k" * 32)
    with pytest.raises(RefusedError, match="another body"):
        check.ask(signals=(sha(b"2"),), key=b"k" * 32)
    check.ask("b", content=jpeg(1), key=b"p" * 32)
    with pytest.raises(RefusedError, match="another body"):
        check.ask("b", content=jpeg(2), key=b"p" * 32)
    assert count(check.store, checks_table) == 2


def test_many_requests_at_once_under_one_key_are_one_check(check: Checking):
    answers = []
    start = threading.Barrier(8)

    def ask():
        start.wait()
        answers.append(check.ask(content=jpeg(1), key=b"k" * 32))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.request_id for answer in answers}) == 1
    assert count(check.store, checks_table) == 1


def test_a_later_check_replaces_the_signals_of_an_item(check: Checking):
    check.ask(content=jpeg(1))
    check.ask(content=jpeg(2))
    item = item_of(check.store)
    with check.store.read() as conn:
        kept = {bytes(one.signal) for one in signals.of(conn, item.id)}
        gone = conn.execute(select(signals.item_signals.c.value).where(signals.item_signals.c.removed.is_not(None)))
        assert {bytes(value) for value in gone.scalars()} == {b""}
    assert bytes(sha(jpeg(2))) in kept
    assert bytes(sha(jpeg(1))) not in kept


def test_a_deleted_item_leaves_nothing_behind_but_a_leaf_that_says_nothing(check: Checking):
    check.ask(content=jpeg(1), key=b"k" * 32)
    item = item_of(check.store)
    erase_item(check.store, SERVICE, "a", by=SYSTEM, at=utc_now())
    assert item_of(check.store) is None
    assert (count(check.store, items_table), count(check.store, checks_table)) == (0, 0)
    with check.store.read() as conn:
        assert signals.of(conn, item.id) == ()
        salts = select(ledger.salts.c.leaf_id).where(ledger.salts.c.subject == f"item:{item.id}")
        assert conn.execute(salts).all() == []
    with pytest.raises(NotFoundError):
        erase_item(check.store, SERVICE, "a", by=SYSTEM, at=utc_now())


def test_a_deleted_item_stays_for_its_open_case_but_not_for_look_back(check: Checking):
    listed(check, jpeg(2))
    check.ask(content=jpeg(2), uploader="u")
    internal = item_of(check.store).id
    erase_item(check.store, SERVICE, "a", by=SYSTEM, at=utc_now())
    assert item_of(check.store) is None
    with check.store.read() as conn:
        assert items.hosted(conn, internal).uploader == "u"
        assert signals.of(conn, internal) == ()


def test_a_deleted_item_is_forgotten_when_its_case_is_over(check: Checking):
    listed(check, jpeg(2))
    case = check.ask(content=jpeg(2)).case
    erase_item(check.store, SERVICE, "a", by=SYSTEM, at=utc_now())
    assert count(check.store, items_table) == 1
    judged(check.store, check.vault, case, NO)
    assert (count(check.store, items_table), count(check.store, checks_table)) == (0, 0)


def test_the_bytes_of_a_case_by_signals_are_sealed_when_they_are_the_ones(check: Checking):
    listed(check, jpeg(2))
    case = check.ask(signals=(sha(jpeg(2)),)).case
    item = item_of(check.store)
    asked = upload_content.question(check.store, item, jpeg(2), by=SYSTEM)
    answer = check.checker.submit(asked).result(60)
    assert (answer.verdict, answer.case) == (Verdict.BLOCK, case)
    with check.vault.opened(item_of(check.store).object, purpose="test", by=SYSTEM) as plain:
        assert bytes(plain) == jpeg(2)


def test_other_bytes_than_those_that_were_checked_are_refused(check: Checking):
    check.ask("a", signals=(sha(jpeg(2)),))
    check.ask("b", signals=(PdqHash(bytes(32)),))
    with pytest.raises(RefusedError, match="other bytes"):
        upload_content.question(check.store, item_of(check.store), jpeg(3), by=SYSTEM)
    with pytest.raises(ConflictError, match="digest"):
        upload_content.question(check.store, item_of(check.store, "b"), jpeg(3), by=SYSTEM)


def test_what_people_decided_stands_when_the_same_bytes_are_checked_again(check: Checking):
    listed(check, jpeg(2))
    check.ask(content=jpeg(2))
    with check.store.write() as conn:
        items.set_verdict(conn, item_of(check.store).id, Verdict.ALLOW)
    assert check.ask(content=jpeg(2)).verdict is Verdict.ALLOW
    listed(check, jpeg(2), name="another")
    assert check.ask(content=jpeg(2)).verdict is Verdict.BLOCK, "a new match was not judged yet"


def test_removed_bytes_stay_removed_also_when_no_list_holds_them_any_more(check: Checking):
    check.ask(content=jpeg(2))
    with check.store.write() as conn:
        items.set_verdict(conn, item_of(check.store).id, Verdict.BLOCK)
    assert check.ask(content=jpeg(2)).verdict is Verdict.BLOCK
    assert check.ask(content=jpeg(3)).verdict is Verdict.ALLOW


def test_an_entry_that_matches_far_too_much_holds_instead_of_blocking(store, tmp_path, pool):
    with checking(store, tmp_path, pool, breaker=BreakerLimits(entry=8)) as check:
        listed(check, b"everyone's")
        verdicts = [check.ask(f"n{n}", signals=(sha(b"everyone's"),)).verdict for n in range(12)]
    assert verdicts[0] is Verdict.BLOCK
    assert verdicts[-1] is Verdict.HOLD


def test_signals_are_not_kept_where_look_back_is_off(store, tmp_path, pool):
    with checking(store, tmp_path, pool, keep_signals=False) as check:
        check.ask(content=jpeg(1))
        assert count(check.store, signals.item_signals) == 0


def test_too_many_waiting_checks_are_refused_and_none_is_lost(store, tmp_path, pool):
    with checking(store, tmp_path, pool, limits=CheckLimits(photos=2, waiting=3)) as check:
        with store.write():
            taken: list[Future] = []

            def submit_many() -> None:
                for n in range(1000):
                    taken.append(check.submit(f"n{n}", signals=(sha(b"%d" % n),)))

            with pytest.raises(UnavailableError, match="waiting"):
                submit_many()
        assert [one.result(30).item_id for one in taken] == [f"n{n}" for n in range(len(taken))]
        assert count(store, cases) == 0
