"""Bringing what people decided to a list: an entry that is staged, and that the list's own second person agrees to."""

from __future__ import annotations

from rempart.cases.assessing.snapshot import entry_of
from rempart.cases.records import tasks
from rempart.cases.records.tasks import TaskRow
from rempart.clock import Clock
from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.lists import staging_records
from rempart.lists.curation import Curation
from rempart.lists.ingest import Wishes
from rempart.lists.staging_records import ChangeSet, State
from rempart.people.principal import SYSTEM, Principal
from rempart.store.engine import Store
from rempart.store.jobs import Job

_LOOKED_BACK = 200
_GIVEN_UP = (State.DROPPED, State.READING)


class Lister:
    """The handler of `case.list` jobs: {"task": id}. Done twice it stages one change set."""

    def __init__(self, store: Store, *, curation: Curation, clock: Clock) -> None:
        self._store, self._curation, self._clock = store, curation, clock

    def __call__(self, job: Job) -> None:
        """Stage the entry in the name of those who asked for it: neither of them can agree to it on the list."""
        with self._store.read() as conn:
            task = tasks.find(conn, job.payload["task"])
        if task is None or task.state != "waiting":
            return
        why, changes = "", None
        try:
            changes = self._staged(task)
        except RefusedError as err:
            why = err.message
        if not why and changes is None:
            why = "nothing is known of the bytes any more"
        with job.finishing() as conn:
            kept = {name: task.facts[name] for name in ("list", "scheme", "code")}
            facts = kept if changes is None else kept | {"changes": changes.id}
            state = "failed" if changes is None else "done"
            tasks.change(conn, task.id, state=state, facts=facts, settled=self._clock(), why=why or None)
            told = {"kind": task.kind, "state": state}
            leaf = Leaf(action="task.ended", actor=SYSTEM.pseudonym, facts=told, subject=f"case:{task.case_id}")
            append(conn, leaf, at=self._clock())

    def _staged(self, task: TaskRow) -> ChangeSet | None:
        list_id = task.facts["list"]
        with self._store.read() as conn:
            known = staging_records.of_list(conn, list_id, limit=_LOOKED_BACK)
        before = next((one for one in known if one.origin == task.id and one.state not in _GIVEN_UP), None)
        if before is not None:
            return before  # this process, or another, was stopped after it had staged
        entry = entry_of(task.facts, added=self._clock())
        if entry is None:
            return None
        return self._curation.add(list_id, [entry], Wishes(origin=task.id), by=_asker(task))


def _asker(task: TaskRow) -> Principal:
    """The first who asked; whoever asked with them stands behind."""
    (person, pseudonym), *others = task.facts["askers"]
    return Principal(kind="person", id=person, pseudonym=pseudonym, behind=others[0][0] if others else None)
