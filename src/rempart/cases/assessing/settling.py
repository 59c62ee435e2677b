"""Settling: an outcome takes effect, in short transactions that can be broken off anywhere and gone on with later.

Every step asks the database what is left to do, so that doing it twice changes nothing; each transaction holds the
job's fence, so that two processes never work on the same outcome. Locks are taken in the usual order: the counter
`items`, the case, its items, the vault, the counter `decisions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from sqlalchemy import Connection

from rempart.cases.assessing import merging, tasks
from rempart.cases.assessing.counted import decided
from rempart.cases.assessing.plan import Plan, plan_of
from rempart.cases.assessing.rules import Stage
from rempart.cases.assessing.values import ENDING_OF, Ending
from rempart.cases.events import Reason, publish
from rempart.cases.quality.drawing import draw
from rempart.cases.records import cases as records
from rempart.cases.records import decisions, judged, near, outcomes
from rempart.cases.records.cases import Case
from rempart.cases.records.judged import Target
from rempart.cases.work import claims
from rempart.cases.work.settings import current
from rempart.clock import Clock
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.evidence.vault.retention import CASE
from rempart.items.records import items, lookback
from rempart.items.records.items import COUNTER
from rempart.policy.facts import Verdict
from rempart.store.counters import locked_number
from rempart.store.engine import Store
from rempart.store.jobs import Job, RetryLater, enqueue

FOLLOW = "notice.follow"
"""The job that tells of an outcome whoever gave notice of what the case is about."""
AT_ONCE = 25
"""Items, or objects of the vault, in one transaction."""
MOST_REASON = 2_000
_SLACK = timedelta(minutes=1)  # a clock that says less than when the answer was given, by more than this, was set back
_SEVERITY = {Verdict.ALLOW: 0, Verdict.HOLD: 1, Verdict.BLOCK: 2}


class Asked(Protocol):
    """What wants to know of an outcome once its tasks are made and before anything is taken down, in that transaction:
    it may be asked again, and changes nothing then."""

    def __call__(self, conn: Connection, plan: Plan, *, at: datetime) -> None: ...


def nothing_asked(conn: Connection, plan: Plan, *, at: datetime) -> None:
    """Where nothing wants to know."""


class Settler:
    """The handler of `case.settle` jobs: {"outcome": id}."""

    def __init__(
        self, store: Store, *, vault: Vault, clock: Clock, at_once: int = AT_ONCE, asked: Asked = nothing_asked
    ) -> None:
        self._store, self._vault, self._clock, self._at_once = store, vault, clock, at_once
        self._asked = asked

    def __call__(self, job: Job) -> None:
        """Let an outcome take effect, once its time has come and nobody took it back."""
        plan = self._begin(job)
        if plan is None:
            return
        if plan.case.state == "open":
            self._take_effect(job, plan)
        if plan.final:
            self._clear_up(job, plan)
        with job.finishing() as conn:
            at, case_id = self._clock(), plan.case.id
            outcomes.change(conn, plan.outcome.id, state="settled", settled=at)
            enqueue(conn, FOLLOW, {"case": case_id, "round": plan.outcome.round}, now=at, key=f"follow:{case_id}")

    def _begin(self, job: Job) -> Plan | None:
        """1. It was neither undone nor settled. 2. Its time has come. 3. Its case is still in the round that it is
        about; from here on it cannot be taken back."""
        with self._store.write() as conn:
            job.guard(conn)
            outcome = outcomes.find(conn, job.payload["outcome"])
            if outcome is None:
                return None
            case = records.find(conn, outcome.case_id, lock=True)
            outcome = outcomes.find(conn, outcome.id, lock=True)
            assert case is not None
            assert outcome is not None
            if outcome.state in ("undone", "settled"):
                return None
            waits, now = outcome.state == "waiting", self._clock()
            if waits and outcome.at - _SLACK <= now < outcome.settles_at:
                raise RetryLater(outcome.settles_at - now, "its time to be taken back is not over")
            if case.round != outcome.round or (waits and case.state != "open"):
                outcomes.change(conn, outcome.id, state="undone" if waits else "settled", settled=now)
                return None
            outcomes.change(conn, outcome.id, state="settling")
            return plan_of(conn, case, outcome)

    def _take_effect(self, job: Job, plan: Plan) -> None:
        if plan.final:
            for one in plan.near:
                with self._step(job, plan) as (conn, _):
                    merging.merge(conn, plan, one, vault=self._vault, at=self._clock())
            with self._store.read() as conn:
                plan = plan_of(conn, plan.case, plan.outcome)
        with self._step(job, plan) as (conn, _):
            tasks.make(conn, plan, at=self._clock())
            self._asked(conn, plan, at=self._clock())
            if plan.final:
                percent = current(conn)[1].sample_percent
                draw(conn, plan.case, single=plan.outcome.single, percent=percent, at=self._clock())
        self._keep_evidence(job, plan)
        self._judge(job, plan)
        if plan.final:
            with self._step(job, plan) as (conn, _):
                merging.restore(conn, plan, at=self._clock())
        with self._step(job, plan) as (conn, _):
            tasks.block_accounts(conn, plan, at=self._clock())
        while not self._moved_on(job, plan):
            self._keep_evidence(job, plan)
            self._judge(job, plan)  # an item of these bytes came meanwhile

    def _judge(self, job: Job, plan: Plan) -> None:
        """Give every item its verdict, some at a time, and tell its service."""
        target = plan.target()
        after: int | None = 0
        while target is not None and after is not None:
            with self._step(job, plan) as (conn, _):
                after = self._judge_some(conn, plan, target, after)

    def _judge_some(self, conn: Connection, plan: Plan, target: Target, after: int) -> int | None:
        numbers = judged.left(conn, target, after=after, most=self._at_once)
        lookback.lock(conn, numbers)
        told = decisions.told_by(conn, plan.case.id, numbers)
        own = frozenset(records.items_among(conn, plan.case.id, numbers))
        at, changed = self._clock(), []
        for number in numbers:
            item = items.hosted(conn, number)
            if item is None or (not plan.final and _SEVERITY[item.verdict] > _SEVERITY[target.verdict]):
                continue  # before enough people have answered nothing becomes milder
            items.set_verdict(conn, number, target.verdict)
            if plan.final and number not in own:  # before, whoever has still to answer would see that somebody has
                records.add_item(conn, case_id=plan.case.id, item=number, service=item.service, added=at)
            if item.verdict is not target.verdict or (plan.final and number not in told):
                changed.append(item)
        for item in changed:
            publish(
                conn, item, verdict=target.verdict, reason=Reason.CASE, case_id=plan.case.id, by=plan.by, at=at
            )  # fmt: skip
        return numbers[-1] if numbers else None

    def _moved_on(self, job: Job, plan: Plan) -> bool:
        """The end of a case, or its next stage; False when there is something left to do for it."""
        with self._step(job, plan) as (conn, case):
            if not plan.final:
                if case.stage == Stage.SETTLING:
                    records.change(conn, case.id, stage=plan.outcome.stage_after)
                return True
            target = plan.target()
            waiting = [one for one in tasks.keeping(conn, case.id) if self._lacks(conn, case, one)]
            if waiting or (target is not None and judged.left(conn, target, after=0, most=1)):
                return False
            self._close(conn, plan, case)
            return True

    def _lacks(self, conn: Connection, case: Case, task: str) -> bool:
        lacking = (tasks.BASIS, task)
        return bool(self._vault.kept_for(conn, basis=CASE, reference=case.id, lacking=lacking, most=1))

    def _close(self, conn: Connection, plan: Plan, case: Case) -> None:
        at, outcome, reason = self._clock(), plan.outcome, plan.leading.rationale[:MOST_REASON]
        ending = Ending.ACTED if plan.main is None else ENDING_OF[plan.main]
        claims.drop(
            conn, case, state="decided", decision=ending.value, decided=at, decided_by=plan.by.pseudonym,
            decided_why=reason, cluster=None,
        )  # fmt: skip
        near.forget_digests(conn, case.id)
        facts = {
            "decision": ending.value, "decisions": list(outcome.decisions), "kind": case.kind, "queue": case.queue,
            "round": case.round, "people": len(outcome.by), "single": outcome.single, **decided(conn, case, at=at),
        }  # fmt: skip
        sealed = {"reason": reason} if reason else {}
        leaf = Leaf(
            action="case.decided", actor=plan.by.pseudonym, facts=facts, sealed=sealed, subject=f"case:{case.id}"
        )
        append(conn, leaf, at=at)

    def _keep_evidence(self, job: Job, plan: Plan) -> None:
        with self._store.read() as conn:
            waiting = tasks.keeping(conn, plan.case.id)
        for task in waiting:
            self._some(job, plan, partial(self._keep_some, plan, task))

    def _keep_some(self, plan: Plan, task: str, conn: Connection) -> int:
        return tasks.keep_evidence(conn, self._vault, plan.case.id, task, by=plan.by, most=self._at_once)

    def _clear_up(self, job: Job, plan: Plan) -> None:
        """What was kept for the case alone is let go, and deleted items are forgotten."""
        with self._store.read() as conn:
            ended = tasks.cancelled(conn, plan.case.id)
        for basis, reference in ((CASE, plan.case.id), *((tasks.BASIS, one) for one in ended)):
            self._some(job, plan, partial(self._let_some_go, plan, basis, reference))
        after: int | None = 0
        while after is not None:
            with self._store.write() as conn:
                job.guard(conn)
                after = tasks.forget_gone(conn, plan.case.id, after=after, most=self._at_once)

    def _let_some_go(self, plan: Plan, basis: str, reference: str, conn: Connection) -> int:
        return tasks.let_go(conn, self._vault, basis=basis, reference=reference, by=plan.by, most=self._at_once)

    def _some(self, job: Job, plan: Plan, step: Callable[[Connection], int]) -> None:
        done = 1
        while done:
            with self._store.write() as conn:
                job.guard(conn)
                records.find(conn, plan.case.id, lock=True)
                done = step(conn)

    @contextmanager
    def _step(self, job: Job, plan: Plan) -> Iterator[tuple[Connection, Case]]:
        """One transaction with the locks that judging needs."""
        with self._store.write() as conn:
            job.guard(conn)
            locked_number(conn, COUNTER)  # no item of it is checked or deleted meanwhile
            case = records.find(conn, plan.case.id, lock=True)
            assert case is not None
            yield conn, case
