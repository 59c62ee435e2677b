"""Webhooks: signed, delivered at least once, never without their decision, retried for days, replayable."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, text

from actors import NOON, service
from receivers import receiving
from rempart.cases import upkeep, webhooks
from rempart.cases.events import DELIVER, Reason, publish
from rempart.cases.records import decisions
from rempart.cases.records import webhooks as records
from rempart.errors import NotFoundError, RefusedError
from rempart.evidence.vault.keyring import HeldKeys
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.server.delivery import Delivery
from rempart.store.jobs import JobRunner, jobs
from rempart.store.workers import Worker

KEYS = HeldKeys(base64.b64encode(b"k" * 32).decode())
FORUM, WIKI = service("forum"), service("wiki")


@dataclass
class Post:
    """One deployment: a store whose clock the test sets, a runner of deliveries, a receiver and an endpoint."""

    store: object
    now: object
    receiver: object
    runner: object
    endpoint: str
    secret: bytes
    delivery: object

    def decide(self, item: int = 1, verdict: Verdict = Verdict.BLOCK):
        hosted = SimpleNamespace(id=item, service="forum", item_id=f"photo-{item}", verdict=Verdict.HOLD)
        with self.store.write() as conn:
            return publish(
                conn, hosted, verdict=verdict, reason=Reason.CASE, case_id=None, by=SYSTEM, at=self.store.clock()
            )  # fmt: skip

    def run(self, *, later: timedelta = timedelta(0)) -> int:
        self.now[0] += later
        return self.runner.run_due()

    def messages(self):
        with self.store.read() as conn:
            return records.messages_of(conn, self.endpoint, most=1000)[::-1]

    def attempts(self, message: str):
        with self.store.read() as conn:
            return records.attempts_of(conn, message)

    def endpoint_row(self):
        with self.store.read() as conn:
            return records.endpoint(conn, self.endpoint)


@pytest.fixture
def post(store):
    now = [NOON]
    store.clock = lambda: now[0]
    with receiving() as receiver, Worker(store) as worker:
        # Each look at the steady clock is an hour later, so that no endpoint rests within a test that wants it to work.
        hours = iter(range(0, 10**9, 3600))
        delivery = Delivery(
            store, keyring=KEYS, clock=store.clock, seconds=10, jitter=lambda: 0.5, steady=lambda: float(next(hours))
        )
        runner = JobRunner(store, worker, {DELIVER: delivery})
        with store.write() as conn:
            row, secret = webhooks.add_endpoint(
                conn, service="forum", url=receiver.url, keyring=KEYS, by=FORUM, at=NOON, random=lambda n: b"s" * n
            )
        yield Post(store, now, receiver, runner, row.id, base64.b64decode(secret.removeprefix("whsec_")), delivery)


def signatures_of(headers, body, secret):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return expected, headers["webhook-signature"].split()


def test_a_decision_reaches_its_service_signed(post):
    decision = post.decide()
    post.run()
    ((path, headers, body),) = post.receiver.requests
    assert path == "/hook"
    expected, given = signatures_of(headers, body, post.secret)
    assert given == [expected]
    assert headers["webhook-id"] == post.messages()[0].id
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert headers["content-type"] == "application/json"
    told = json.loads(body)
    assert told["type"] == "item.decided"
    assert told["data"] == {
        "seq": decision.seq, "id": decision.id, "item_id": "photo-1", "verdict": "block", "previous": "hold",
    }  # fmt: skip
    assert post.messages()[0].state == "delivered"


def test_a_message_says_nothing_of_lists_reasons_or_cases(post):
    post.decide()
    post.run()
    told = post.receiver.requests[0][2].decode()
    assert not [word for word in ("case", "list", "entry", "reason", "distance", "rule") if word in told]


def test_only_the_own_service_is_told(post):
    hosted = SimpleNamespace(id=9, service="wiki", item_id="w", verdict=Verdict.HOLD)
    with post.store.write() as conn:
        publish(conn, hosted, verdict=Verdict.ALLOW, reason=Reason.CASE, case_id=None, by=SYSTEM, at=NOON)
    assert post.run() == 0
    assert post.receiver.requests == []


@pytest.mark.parametrize("bad", [500, 404, 429, 301, "hang", "half", "close", "drip"])
def test_a_failed_attempt_is_made_again_with_the_same_id_until_it_is_taken(post, bad):
    post.receiver.behaviours = [bad, bad]
    if bad in ("hang", "drip"):
        post.delivery._seconds = 0.7
    post.decide()
    post.run()
    message = post.messages()[0]
    assert (message.state, message.attempts) == ("waiting", 1)
    assert post.run() == 0  # not yet
    post.run(later=timedelta(seconds=6))
    post.delivery._seconds = 10
    post.run(later=timedelta(seconds=16))
    assert len(set(post.receiver.ids())) == 1
    assert len(post.receiver.requests) == 3
    message = post.messages()[0]
    assert (message.state, message.attempts) == ("delivered", 3)
    log = post.attempts(message.id)
    assert log[-1].status == 204
    assert [one.status for one in log[:2]] == ([bad, bad] if isinstance(bad, int) else [None, None])
    if not isinstance(bad, int):
        assert all(one.error for one in log[:2])


def test_each_attempt_is_signed_with_its_own_time(post):
    post.receiver.behaviours = [503]
    post.decide()
    post.run()
    post.run(later=timedelta(seconds=10))
    first, second = (headers for _, headers, _ in post.receiver.requests)
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 10
    expected, given = signatures_of(second, post.receiver.requests[1][2], post.secret)
    assert given == [expected]


def test_an_answer_that_never_ends_counts_as_taken_and_is_not_read(post):
    post.receiver.behaviours = ["flood"]
    post.decide()
    post.run()
    assert post.messages()[0].state == "delivered"


def test_a_redirect_is_not_followed(post):
    with receiving() as elsewhere:
        post.receiver.headers = {"location": elsewhere.url}
        post.receiver.behaviours = [307]
        post.decide()
        post.run()
        assert elsewhere.requests == []
    assert post.messages()[0].state == "waiting"


def test_retry_after_is_heeded_within_reason(post):
    post.receiver.headers = {"retry-after": "3600"}
    post.receiver.behaviours = [429]
    post.decide()
    post.run()
    assert post.run(later=timedelta(minutes=50)) == 0
    assert post.run(later=timedelta(minutes=20)) == 1


def test_attempts_go_on_for_days_ever_more_rarely_and_then_end(post):
    post.receiver.behaviours = [500] * 1000
    post.decide()
    hours = 0
    while post.messages()[0].state == "waiting":
        post.run(later=timedelta(hours=1))
        hours += 1
        assert hours < 24 * 7
    assert hours > 24 * 4
    message = post.messages()[0]
    assert message.state == "given_up"
    assert 15 < message.attempts < 40
    assert post.endpoint_row().state == "enabled"


def test_410_disables_the_endpoint(post):
    post.receiver.behaviours = [410]
    post.decide(1)
    post.decide(2)
    post.run()
    row = post.endpoint_row()
    assert (row.state, row.why) == ("disabled", "it answered 410 Gone")
    assert [one.state for one in post.messages()] == ["given_up", "given_up"]
    assert len(post.receiver.requests) == 1
    post.decide(3)
    assert len(post.messages()) == 2  # nothing is written for an endpoint that is disabled


def test_what_was_missed_is_replayed_under_the_same_ids(post):
    post.receiver.behaviours = [410]
    rows = [post.decide(n) for n in range(3)]
    post.run()
    post.run()
    first = {one.decision: one.id for one in post.messages()}
    with post.store.write() as conn:
        webhooks.set_state(conn, post.endpoint, enabled=True, by=FORUM, at=NOON)
        extra = post_decision(conn, 7)
    with post.store.write() as conn:
        assert webhooks.replay(conn, post.endpoint, after=rows[0].seq, by=FORUM, at=NOON) == (3, None)
    post.receiver.requests.clear()
    post.run()
    told = [json.loads(body)["data"]["id"] for _, _, body in post.receiver.requests]
    assert sorted(told) == sorted([rows[1].id, rows[2].id, extra.id])
    again = {one.decision: one.id for one in post.messages()}
    assert {key: again[key] for key in first} == first


def post_decision(conn, item, service="forum"):
    hosted = SimpleNamespace(id=item, service=service, item_id=f"photo-{item}", verdict=Verdict.HOLD)
    return publish(conn, hosted, verdict=Verdict.ALLOW, reason=Reason.CASE, case_id=None, by=SYSTEM, at=NOON)


def test_a_long_replay_says_where_to_go_on(post, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST_REPLAYED", 2)
    rows = [post.decide(n) for n in range(3)]
    with post.store.write() as conn:
        assert webhooks.replay(conn, post.endpoint, after=0, by=FORUM, at=NOON) == (2, rows[1].seq)
        assert webhooks.replay(conn, post.endpoint, after=rows[1].seq, by=FORUM, at=NOON) == (1, None)


def test_nothing_is_delivered_for_a_decision_that_was_not_committed(post):
    def fail_after_deciding():
        with post.store.write() as conn:
            post_decision(conn, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_deciding()
    assert post.run() == 0
    with post.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(decisions.decisions)).scalar_one() == 0
        assert conn.execute(select(func.count()).select_from(jobs)).scalar_one() == 0


def test_every_decision_has_its_leaf_and_its_message_in_one_transaction(post):
    rows = [post.decide(n) for n in range(5)]
    with post.store.read() as conn:
        leaves = conn.execute(text("SELECT body FROM ledger_leaves")).scalars().all()
    assert sum('"verdict.changed"' in body for body in leaves) == 5
    assert [one.decision for one in post.messages()] == [row.id for row in rows]
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]


def test_a_message_whose_process_died_before_it_was_written_down_is_sent_again_under_its_id(post, monkeypatch):
    post.decide()
    worker = post.runner._worker
    real = records.change_message

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(records, "change_message", die)
    with pytest.raises(KeyboardInterrupt):
        post.run()
    monkeypatch.setattr(records, "change_message", real)
    from rempart.store.jobs import release_jobs_of

    with post.store.write() as conn:
        release_jobs_of(conn, worker.id)
    post.run()
    assert len(post.receiver.requests) == 2
    assert len(set(post.receiver.ids())) == 1
    assert post.messages()[0].state == "delivered"


def test_an_endpoint_that_has_just_failed_rests_and_its_messages_wait(store):
    now = [NOON]
    store.clock = lambda: now[0]
    steady = [0.0]
    with receiving() as receiver, Worker(store) as worker:
        delivery = Delivery(store, keyring=KEYS, clock=store.clock, steady=lambda: steady[0], jitter=lambda: 0.0)
        runner = JobRunner(store, worker, {DELIVER: delivery})
        with store.write() as conn:
            webhooks.add_endpoint(
                conn, service="forum", url=receiver.url, keyring=KEYS, by=FORUM, at=NOON, random=lambda n: b"s" * n
            )
            for item in range(20):
                post_decision(conn, item)
        receiver.behaviours = [500]
        runner.run_due()
        assert len(receiver.requests) == 1
        now[0] += timedelta(minutes=1)
        steady[0] += 60
        runner.run_due()
        assert len(receiver.requests) == 21


def test_endpoints_that_never_answer_hold_up_one_thread_and_no_other_service(store):
    steady = [0.0]
    with receiving() as dead, receiving() as alive, Worker(store) as worker:
        delivery = Delivery(store, keyring=KEYS, clock=store.clock, seconds=20, steady=lambda: steady[0])
        with store.write() as conn:
            for number in range(4):
                webhooks.add_endpoint(
                    conn, service="forum", url=f"{dead.url}/{number}", keyring=KEYS, by=FORUM, at=NOON,
                    random=lambda n: b"s" * n,
                )  # fmt: skip
            post_decision(conn, 1)
        dead.behaviours = [500] * 4 + ["hang"] * 40
        JobRunner(store, worker, {DELIVER: delivery}).run_due()
        assert len(dead.requests) == 4
        steady[0] += 120
        runner = JobRunner(store, worker, {DELIVER: delivery}, threads=3)
        with store.write() as conn:
            for item in range(5):
                post_decision(conn, item)
        runner.start()
        until = time.monotonic() + 30
        while len(dead.requests) == 4 and time.monotonic() < until:
            time.sleep(0.05)
        with store.write() as conn:
            webhooks.add_endpoint(
                conn, service="wiki", url=alive.url, keyring=KEYS, by=WIKI, at=NOON, random=lambda n: b"s" * n
            )
            post_decision(conn, 9, service="wiki")
        until = time.monotonic() + 30
        while not alive.requests and time.monotonic() < until:
            time.sleep(0.05)
        told = len(alive.requests), len(dead.requests)
        dead.over.set()
        runner.stop()
        assert told == (1, 5)


def test_both_secrets_sign_until_the_overlap_ends(post):
    with post.store.write() as conn:
        text_ = webhooks.rotate(
            conn, post.endpoint, overlap=timedelta(hours=1), keyring=KEYS, by=FORUM, at=NOON, random=lambda n: b"t" * n
        )
    new = base64.b64decode(text_.removeprefix("whsec_"))
    post.decide()
    post.run()
    _, headers, body = post.receiver.requests[0]
    assert {signatures_of(headers, body, one)[0] for one in (post.secret, new)} == set(
        headers["webhook-signature"].split()
    )
    post.decide()
    post.run(later=timedelta(hours=2))
    _, headers, body = post.receiver.requests[1]
    assert headers["webhook-signature"].split() == [signatures_of(headers, body, new)[0]]


def test_secrets_follow_a_rotation_of_the_service_key(post):
    old = base64.b64encode(b"k" * 32).decode()
    both = HeldKeys(base64.b64encode(b"n" * 32).decode() + "\n" + old)
    with post.store.write() as conn:
        assert webhooks.rewrap_secrets(conn, keyring=both) == 1
        assert webhooks.rewrap_secrets(conn, keyring=both) == 0
    only = HeldKeys(base64.b64encode(b"n" * 32).decode())
    with post.store.read() as conn:
        assert webhooks.signing_secrets(conn, post.endpoint, keyring=only, at=NOON) == (post.secret,)


def test_the_secret_stands_nowhere_in_the_database(post):
    with post.store.read() as conn:
        wrapped = conn.execute(select(records.webhook_secrets.c.wrapped)).scalar_one()
    assert post.secret not in wrapped
    assert len(wrapped) > 32


def test_a_deleted_endpoint_is_told_nothing_and_its_secrets_are_gone(post):
    post.decide()
    with post.store.write() as conn:
        webhooks.remove(conn, post.endpoint, by=FORUM, at=NOON)
    post.run()
    assert post.receiver.requests == []
    with post.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(records.webhook_secrets)).scalar_one() == 0
    with pytest.raises(NotFoundError), post.store.write() as conn:
        webhooks.remove(conn, post.endpoint, by=FORUM, at=NOON)


def test_another_services_endpoint_does_not_exist_for_a_service(post):
    for call in (
        lambda conn: webhooks.remove(conn, post.endpoint, by=WIKI, at=NOON),
        lambda conn: webhooks.replay(conn, post.endpoint, after=0, by=WIKI, at=NOON),
        lambda conn: webhooks.set_state(conn, post.endpoint, enabled=False, by=WIKI, at=NOON),
    ):
        with pytest.raises(NotFoundError), post.store.write() as conn:
            call(conn)


def test_a_service_has_no_more_endpoints_than_it_may(post):
    def add():
        url = "https://example.org/hook"
        with post.store.write() as conn:
            webhooks.add_endpoint(conn, service="forum", url=url, keyring=KEYS, by=FORUM, at=NOON, random=bytes)

    for _ in range(9):
        add()
    with pytest.raises(RefusedError, match="at most 10"):
        add()


def test_an_erased_item_is_told_to_nobody(post):
    post.decide(4)
    with post.store.write() as conn:
        decisions.erase_item(conn, 4)
    post.run()
    assert post.receiver.requests == []
    assert post.messages()[0].state == "given_up"


def test_the_log_of_messages_is_forgotten_after_a_month_and_the_feed_is_not(post):
    post.decide(1)
    post.run()
    post.receiver.behaviours = [500] * 99
    post.decide(2)
    post.run()
    post.now[0] += timedelta(days=31)
    with Worker(post.store) as worker:
        for work in upkeep.periodics(post.store, details_kept=timedelta(days=365)):
            work.run(worker)
    assert [one.state for one in post.messages()] == ["waiting"]
    with post.store.read() as conn:
        assert len(decisions.after(conn, service="forum", seq=0, most=9)) == 2
