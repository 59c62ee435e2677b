"""What a decision asks for that is done later: reports and referrals wait for whoever sends them, with their evidence;
lists and accounts are the software's own work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.plan import Plan
from rempart.cases.assessing.snapshot import WANTED
from rempart.cases.assessing.values import Decision
from rempart.cases.erasure import forget_item
from rempart.cases.events import publish_account
from rempart.cases.records import judged, samples, tasks
from rempart.cases.records.tasks import TaskRow
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.evidence.vault.retention import CASE
from rempart.evidence.vault.sealing import Actor
from rempart.items.records import items
from rempart.items.records.items import COUNTER
from rempart.people.principal import Principal
from rempart.store.counters import locked_number
from rempart.store.ids import new_id
from rempart.store.jobs import enqueue

BASIS = "case_task"
"""The reason for which evidence is kept while a report or a referral waits; its reference is the task's id."""
LIST = "case.list"
"""The kind of job that brings an entry to a list: {"task": id}."""
WITH_EVIDENCE = (Decision.REPORT.value, Decision.REFER.value)
_KINDS = (Decision.REPORT, Decision.REFER, Decision.ADD_TO_LIST, Decision.BLOCK_ACCOUNT)
_OPEN_OR_DONE = frozenset({"waiting", "done", "failed"})
_MOST_GONE = 500


def make(conn: Connection, plan: Plan, *, at: datetime) -> None:
    """Write the tasks that an outcome asks for, and cancel those of its round that it ended without.

    Done again it changes nothing.
    """
    own = [one for one in tasks.of_cases(conn, [plan.case.id]) if one.round == plan.outcome.round]
    for kind in _KINDS:
        if kind not in plan.decisions or any(one.kind == kind and one.state in _OPEN_OR_DONE for one in own):
            continue
        if kind is Decision.ADD_TO_LIST:
            _wanted_is_decided(conn, plan, own, at=at)
        else:
            _add(conn, plan, kind.value, _facts(plan, kind), at=at)
    if plan.final:
        tasks.forget(conn, case_id=plan.case.id, state=WANTED, round=plan.outcome.round)
        for one in own:
            if one.state == "waiting" and one.kind not in plan.decisions:
                tasks.change(conn, one.id, state="cancelled", settled=at, why="not decided in the end")


def keeping(conn: Connection, case_id: str) -> tuple[str, ...]:
    """Tasks of a case that wait with its evidence, and the second look at it."""
    found = tasks.of_cases(conn, [case_id])
    look = samples.waiting_of_case(conn, case_id)
    waiting = tuple(one.id for one in found if one.kind in WITH_EVIDENCE and one.state == "waiting")
    return waiting if look is None else (*waiting, look.id)


def cancelled(conn: Connection, case_id: str) -> tuple[str, ...]:
    """Tasks of a case that do not need its evidence any more."""
    found = tasks.of_cases(conn, [case_id])
    return tuple(one.id for one in found if one.kind in WITH_EVIDENCE and one.state != "waiting")


def waiting_of(conn: Connection, case_id: str, kind: Decision) -> TaskRow | None:
    """The task of a kind that waits in a case."""
    found = (one for one in tasks.of_cases(conn, [case_id]) if one.kind == kind and one.state == "waiting")
    return next(found, None)


def finish(
    conn: Connection, task_id: str, *, state: str, why: str = "", by: Principal, at: datetime, vault: Vault
) -> TaskRow:
    """End a report or referral (`done`, `failed`, `cancelled`), in the transaction of the sending or what replaces it;
    its evidence is let go, and items that were kept for it alone are forgotten.

    Raises NotFoundError, and ConflictError when it waits no longer.
    """
    locked_number(conn, COUNTER)
    task = tasks.find(conn, task_id, lock=True)
    if task is None or task.state == WANTED:
        raise NotFoundError("There is no such task.")
    if task.state != "waiting":
        raise ConflictError(f"This task waits no longer: it is {task.state}.")
    tasks.change(conn, task.id, state=state, settled=at, why=why or None)
    vault.let_go(conn, basis=BASIS, reference=task.id, by=by)
    facts = {"kind": task.kind, "state": state}
    append(conn, Leaf(action="task.ended", actor=by.pseudonym, facts=facts, subject=f"case:{task.case_id}"), at=at)
    forget_unneeded(conn, task.case_id)
    found = tasks.find(conn, task_id)
    assert found is not None
    return found


def keep_evidence(conn: Connection, vault: Vault, case_id: str, task_id: str, *, by: Actor, most: int) -> int:
    """Keep what lies in the vault for a case for a task of it too, some objects at a time; gives how many."""
    lacking = (BASIS, task_id)
    found = vault.kept_for(conn, basis=CASE, reference=case_id, lacking=lacking, most=most)
    for one in found:
        vault.keep(conn, one, basis=BASIS, reference=task_id, by=by)
    return len(found)


def let_go(conn: Connection, vault: Vault, *, basis: str, reference: str, by: Actor, most: int) -> int:
    """End a reason for some of the objects that it keeps; gives how many."""
    found = vault.kept_for(conn, basis=basis, reference=reference, most=most)
    for one in found:
        vault.let_go(conn, basis=basis, reference=reference, object_id=one, by=by)
    return len(found)


def forget_gone(conn: Connection, case_id: str, *, after: int, most: int) -> int | None:
    """Forget items of a case that was decided which their service has deleted, unless something else needs them; gives
    the last that was looked at, None at the end."""
    locked_number(conn, COUNTER)
    found = judged.gone(conn, case_id, after=after, most=most)
    _forget(conn, found)
    return found[-1] if found else None


def forget_unneeded(conn: Connection, case_id: str) -> None:
    """Forget items that were kept for a task or a second look alone; under the lock of the counter `items`."""
    _forget(conn, judged.gone(conn, case_id, after=0, most=_MOST_GONE))


def block_accounts(conn: Connection, plan: Plan, *, at: datetime) -> None:
    """Tell the services whose accounts are to be blocked. Done again it changes nothing."""
    task = waiting_of(conn, plan.case.id, Decision.BLOCK_ACCOUNT)
    if task is None:
        return
    accounts, lost = _accounts(conn, plan, task)
    for service, uploader in accounts:
        publish_account(conn, service=service, uploader=uploader, case_id=plan.case.id, by=plan.by, at=at)
    why = "the item was erased meanwhile" if lost else None
    state = "failed" if lost and not accounts else "done"
    tasks.change(conn, task.id, state=state, settled=at, why=why)


def _accounts(conn: Connection, plan: Plan, task: TaskRow) -> tuple[list[tuple[str, str]], int]:
    """The accounts that are meant, and how many are not known any more."""
    if plan.case.service is not None and plan.case.uploader is not None:
        return [(plan.case.service, plan.case.uploader)], 0
    hosted = [items.hosted(conn, one) for one in task.facts["items"]]
    found = {(one.service, one.uploader) for one in hosted if one is not None and one.uploader is not None}
    return sorted(found), sum(one is None or one.uploader is None for one in hosted)


def _facts(plan: Plan, kind: Decision) -> dict[str, Any]:
    if kind is Decision.BLOCK_ACCOUNT:
        return {"items": list(plan.leading.accounts)}
    origin = sorted({one["basis"] for answer in plan.answers for one in answer.origin})
    return {
        "scheme": plan.leading.scheme, "code": plan.leading.code, "image_kind": plan.image_kind, "origin": origin,
        "danger": plan.case.danger, "single": plan.outcome.single,
    }  # fmt: skip


def _wanted_is_decided(conn: Connection, plan: Plan, own: Sequence[TaskRow], *, at: datetime) -> None:
    """What the leading answer kept of the bytes becomes the task; what the others kept of them is forgotten."""
    wanted = [one for one in own if one.kind == Decision.ADD_TO_LIST and one.state == WANTED]
    chosen = next((one for one in wanted if one.facts["assessment"] == plan.leading.id), None)
    if chosen is None:
        return
    earlier = [one for one in wanted if one.facts["signals"]]
    signals = earlier[0].facts["signals"] if earlier else []  # the first came before anything was taken down
    askers = [[one.person, one.pseudonym] for one in plan.answers if Decision.ADD_TO_LIST in one.decisions]
    facts = dict(chosen.facts) | {"signals": signals, "askers": askers}
    tasks.change(conn, chosen.id, state="waiting", outcome=plan.outcome.id, facts=facts)
    enqueue(conn, LIST, {"task": chosen.id}, now=at, key=chosen.id)


def _add(conn: Connection, plan: Plan, kind: str, facts: Mapping[str, Any], *, at: datetime) -> None:
    row = TaskRow(
        id=new_id("task"), case_id=plan.case.id, round=plan.outcome.round, outcome=plan.outcome.id, kind=kind,
        state="waiting", facts=facts, created=at, settled=None, why=None,
    )  # fmt: skip
    tasks.add(conn, row)


def _forget(conn: Connection, numbers: Sequence[int]) -> None:
    needed = judged.needed(conn, numbers)
    for item in numbers:
        if item not in needed:
            forget_item(conn, item)
