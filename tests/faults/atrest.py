"""What must be true of a service's data whatever happened to its processes: rows, ledger, evidence, disk."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from faults.promises import MARK, Promises
from rempart.errors import ObjectDestroyedError
from rempart.evidence.ledger.export import export
from rempart.evidence.ledger.keyfile import FILE as LEDGER_KEY
from rempart.evidence.ledger.keyfile import open_signer
from rempart.evidence.ledger.sequencer import LastSigned, Sequencer
from rempart.evidence.ledger.status import status_of
from rempart.evidence.ledger.verify import Verified, verify
from rempart.evidence.vault import KeyFile, Vault
from rempart.people.principal import SYSTEM
from rempart.settings import Settings
from rempart.store.blobs import open_blobs
from rempart.store.engine import Store

# Each row of a table was written with a leaf of this action, in one transaction.
_LEAVES = {
    "SELECT count(*) FROM decisions": "verdict.changed",
    "SELECT count(*) FROM cases": "case.opened",
    "SELECT count(*) FROM vault_objects": "vault.sealed",
    "SELECT count(*) FROM cases WHERE state = 'decided'": "case.decided",
}


_GONE_WITH_A_REASON = (
    "SELECT count(*) FROM vault_objects JOIN vault_bases ON vault_bases.object = vault_objects.id "
    "WHERE destroyed IS NOT NULL AND ended IS NULL AND keep_until IS NULL"
)


def ledger_verifies(settings: Settings, store: Store, checkpoints: Sequence[str], folder: Path) -> Verified:
    """Sign what is there, export it, and verify it against every checkpoint that was ever published."""
    signer = open_signer(settings.data / "keys" / LEDGER_KEY)
    last = LastSigned(settings.data / "ledger" / "checkpoint")
    Sequencer(store, signer=signer, last_signed=last).checkpoint()
    path = folder / "ledger.export"
    with path.open("wb") as stream:
        export(store, stream)
    return verify(path, keys=[signer.key], checkpoints=checkpoints)


def ledger_is_whole_at_rest(settings: Settings, store: Store, checkpoints: Sequence[str], folder: Path) -> None:
    """When nobody writes any more every leaf has its position, and each checkpoint that was published is confirmed."""
    found = ledger_verifies(settings, store, checkpoints, folder)
    assert bool(found.confirmed) == bool(checkpoints)
    with store.read() as conn:
        stands = status_of(conn)
    assert stands.lost == stands.waiting == 0


def decisions_stand(store: Store, promises: Promises, *, all_done: bool = False) -> None:
    """Every answer of a person that was acknowledged is there; when all jobs are done its case is decided, too."""
    with store.read() as conn:
        answered = set(conn.execute(text("SELECT case_id FROM case_assessments")).scalars())
        decided = set(conn.execute(text("SELECT id FROM cases WHERE state = 'decided'")).scalars())
    assert promises.decided.keys() <= answered
    if all_done:
        assert promises.decided.keys() <= decided


def rows_have_their_leaves(store: Store) -> Counter[str]:
    """Every change of state stands in the ledger, as often as it happened; gives how often what did."""
    with store.read() as conn:
        bodies = conn.execute(text("SELECT body FROM ledger_leaves")).scalars().all()
        told = Counter(json.loads(body)["action"] for body in bodies)
        for statement, action in _LEAVES.items():
            count = conn.execute(text(statement)).scalar_one()
            assert count == told[action], f"{statement}: {count}, but {told[action]} leaves {action}"
        checks = conn.execute(text("SELECT count(*) FROM checks")).scalar_one()
    assert checks <= told["check.answered"]
    return told


def checked_once(store: Store, promises: Promises) -> None:
    """No item has more checks than were asked for, however often the answer was lost and asked for again."""
    statement = (
        "SELECT items.item_id, count(*) FROM items JOIN checks ON checks.item = items.id "
        "GROUP BY items.item_id HAVING count(*) > 1"
    )
    with store.read() as conn:
        twice = dict(conn.execute(text(statement)).all())
    for name, count in twice.items():
        if name.startswith("look-"):
            continue  # asked again and again by these tests
        told = promises.checks.get(name)
        brought = told is not None and told.content is not None
        asked = 2 if brought or name in promises.open_ends else 1
        assert count <= asked, f"{name} was checked {count} times"


def evidence_opens(settings: Settings, store: Store, seen: set[str]) -> int:
    """Every sealed object that was not destroyed can be read, and is what was sealed. Gives how many were opened."""
    blobs = open_blobs(settings.blobs_url)
    keys = KeyFile(settings.data / "keys" / "service.key")
    vault = Vault(store, blobs, keys, store.clock)
    with store.read() as conn:
        rows = conn.execute(text("SELECT id, sha256 FROM vault_objects WHERE destroyed IS NULL")).all()
    opened = 0
    for row in rows:
        if row.id in seen:
            continue
        seen.add(row.id)
        try:
            with vault.opened(row.id, purpose="a test", by=SYSTEM) as view:
                assert hashlib.sha256(view).digest() == bytes(row.sha256)
                assert MARK in bytes(view)
        except ObjectDestroyedError:
            continue  # meanwhile, and see below
        opened += 1
    with store.read() as conn:
        assert conn.execute(text(_GONE_WITH_A_REASON)).scalar_one() == 0, "evidence of an open case was destroyed"
    return opened


def no_plaintext(places: Iterable[Path], marks: Sequence[bytes] = (MARK,)) -> int:
    """No file below these places holds any of the marks. Gives how many bytes were read."""
    read = 0
    for place in places:
        for path in place.rglob("*"):
            try:
                data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            except OSError:
                continue  # removed meanwhile
            read += len(data)
            for mark in marks:
                assert mark not in data, f"{path} holds {mark!r}"
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A webhook message as the database has it; `erased`: the item it is about was deleted by its service."""

    decision: str
    state: str
    erased: bool


def messages_told(store: Store) -> dict[str, Told]:
    """Every message by its id: one for each decision, and none without."""
    with store.read() as conn:
        rows = conn.execute(
            text(
                "SELECT webhook_messages.id, decision, state, decisions.item_id FROM webhook_messages "
                "LEFT JOIN decisions ON decisions.id = decision"
            )
        ).all()
        decisions = conn.execute(text("SELECT id FROM decisions")).scalars().all()
    told = {row.id: Told(decision=row.decision, state=row.state, erased=row.item_id is None) for row in rows}
    assert Counter(one.decision for one in told.values()) == Counter(decisions), "not one message for each decision"
    return told


def hasten(store: Store) -> None:
    """Let every job that waits for its time be due now: a second attempt, or a look whether all is done."""
    with store.write() as conn:
        conn.execute(text("UPDATE jobs SET run_at = 0, delay = 0 WHERE state = 'queued'"))


def nothing_waits(store: Store) -> bool:
    """Whether every job that could run has run."""
    statement = "SELECT kind, state, attempts, error FROM jobs WHERE state IN ('queued', 'running', 'dead')"
    with store.read() as conn:
        rows = conn.execute(text(statement)).all()
    dead = [row for row in rows if row.state == "dead"]
    assert not dead, dead
    return not rows
