"""What a file says of its origin is part of every check with bytes, and lowers nothing."""

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

import origins
from checking import Checking, checking
from originfiles import PROMPT, generated, labelled
from pictures import jpeg
from rempart.cases.records import cases
from rempart.errors import UnavailableError
from rempart.evidence.vault import records as vault_records
from rempart.items.records import checks, items
from rempart.lists.records import Mode
from rempart.policy.facts import Verdict
from rempart.provenance import examining
from rempart.provenance.carried import unpacked
from rempart.provenance.origin.trust import FILE, Trust
from rempart.provenance.origin.values import CredentialState, Declaration
from rempart.signals.digests import digest_bytes
from rempart.signals.pool import WorkerPool
from rempart.signals.values import Sha256
from rempart.store.engine import Store
from serving import add_list

NOTHING = {"declaration": "none", "c2pa": {"present": False, "state": None}, "generator": None}


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=1, task=examining.TASK) as made:
        yield made


@pytest.fixture
def check(store: Store, tmp_path: Path, pool: WorkerPool) -> Iterator[Checking]:
    with checking(store, tmp_path, pool) as made:
        yield made


def item_of(check: Checking, name: str = "a"):
    with check.store.read() as conn:
        return items.find(conn, "forum", name)


def sha(data: bytes) -> Sha256:
    return digest_bytes(data).sha256


def listed(check: Checking, *data: bytes, mode: Mode = Mode.BLOCKING) -> None:
    add_list(check.store, "known", [sha(one) for one in data], mode=mode)
    check.lists.catch_up()


def test_a_label_is_answered_and_kept_and_changes_no_verdict(check: Checking):
    answer = check.ask(content=labelled(1))
    assert (answer.verdict, answer.outcome, answer.case) == (Verdict.ALLOW, "ok", None)
    assert answer.origin == NOTHING | {"declaration": "ai_made"}
    kept = unpacked(item_of(check).origin)
    assert kept.declaration is Declaration.AI_MADE
    assert [one.rpartition("/")[2] for one in kept.source_types] == ["trainedAlgorithmicMedia"]


def test_a_file_that_says_nothing_is_told_apart_from_one_at_which_nobody_looked(check: Checking):
    assert check.ask("plain", content=jpeg(2)).origin == NOTHING
    assert check.ask("signals", signals=(sha(jpeg(3)),)).origin is None
    assert check.ask("broken", content=jpeg(4)[:3000]).origin is not None
    assert check.ask("text", content=b"no picture at all").origin is None
    assert (item_of(check, "plain").origin, item_of(check, "signals").origin) == ("", None)


def test_a_generator_is_named_and_its_prompt_leaves_the_worker_nowhere(check: Checking):
    listed(check, generated(5))
    answer = check.ask(content=generated(5), key=b"k" * 32)
    assert answer.origin["generator"]
    assert answer.origin["declaration"] == "ai_made"
    kept = item_of(check).origin
    assert unpacked(kept).has_prompt
    assert "harbour" in PROMPT
    assert "harbour" not in kept
    with check.store.read() as conn:
        for table in items.items.metadata.tables.values():
            for row in conn.execute(select(table)):
                assert "harbour" not in str(tuple(row)), table.name


def test_a_request_that_is_sent_again_has_the_same_origin(check: Checking):
    first, second = (check.ask(content=labelled(6), key=b"r" * 32) for _ in range(2))
    assert first.origin == second.origin
    assert first.origin["declaration"] == "ai_made"


def test_the_same_bytes_named_by_their_digest_alone_keep_what_was_read_of_them(check: Checking):
    check.ask(content=labelled(7))
    check.ask(signals=(sha(labelled(7)),))
    assert unpacked(item_of(check).origin).declaration is Declaration.AI_MADE
    check.ask(signals=(sha(jpeg(7)),))
    assert item_of(check).origin is None


def facts_of(check: Checking, name: str, data: bytes) -> tuple[object, ...]:
    """All that follows from a check of a listed picture, but for names and times."""
    answer = check.ask(name, content=data)
    with check.store.read() as conn:
        case = cases.find(conn, answer.case)
        item = items.find(conn, "forum", name)
        held = vault_records.find_object(conn, item.object)
        told = checks.find(conn, answer.request_id)
    return (
        answer.verdict, item.verdict, case.kind, case.queue, case.priority, case.look, case.state, case.round,
        case.due - case.opened, held.destroyed, item.object is not None, told.rule, told.policy, told.outcome,
    )  # fmt: skip


def test_a_label_lowers_nothing(store: Store, tmp_path: Path, check: Checking):
    plain, label, made = jpeg(8), labelled(8), generated(8)
    listed(check, plain, label, made)
    expected = facts_of(check, "plain", plain)
    assert expected[0] is Verdict.BLOCK
    assert facts_of(check, "label", label) == expected
    assert facts_of(check, "made", made) == expected


def test_nobody_below_the_pages_reads_what_a_file_says_to_decide_anything():
    """Rules, clocks, queues, retention, reports: none of them knows of origins. Whoever has to be added here has to say
    why in this test."""
    root = Path(examining.__file__).parents[1]
    may = {
        "intake/upload.py", "intake/upload_rows.py", "intake/upload_values.py",  # to keep it and to answer it
        "intake/marks.py",  # to look at it again in a case, and to recognise what was stamped here
        "cases/sight/showing.py",  # to show prompts
        "reports/referrals/gathering.py",  # to hand on what the file says
        "cases/records/showing.py", "items/records/items.py",  # to read what is kept, for a page
    }  # fmt: skip
    words = ("provenance.origin", "provenance.carried", "provenance.looking", ".origin_of(", "items.c.origin")
    for room in ("policy", "deadlines", "cases", "items", "reports", "lists", "evidence", "people", "intake"):
        for path in (root / room).rglob("*.py"):
            name = str(path.relative_to(root))
            if name in may or name.startswith("intake/generator/"):
                continue
            told = path.read_text()
            assert not [word for word in words if word in told], name


def test_a_text_that_unpacks_to_gigabytes_costs_its_check_nothing(check: Checking):
    data = generated(9)
    body = b"parameters\0\0" + zlib.compress(b"Steps: 1, Sampler: x\n" + bytes(60 << 20), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    answer = check.ask(content=data[:33] + chunk + data[33:])
    assert answer.outcome in ("ok", "unreadable")
    assert answer.origin is not None


def test_a_signer_is_trusted_only_where_the_data_folder_keeps_its_root(tmp_path: Path, pool: WorkerPool):
    authority = origins.authority()
    signed = authority.sign(origins.picture(10))
    trust = Trust.of_pem(authority.root.encode(), dated=datetime.now(UTC).date())
    (tmp_path / FILE).write_bytes(trust.written())
    with WorkerPool(workers=1, task=examining.TASK, told=str(tmp_path)) as told:
        states = [unpacked(one.examine(signed).beside).credentials.state for one in (pool, told)]
    assert states == [CredentialState.VALID, CredentialState.TRUSTED]


def test_a_worker_whose_roots_are_damaged_says_so_and_does_not_start(tmp_path: Path):
    (tmp_path / FILE).write_text("{")
    with (
        WorkerPool(workers=1, task=examining.TASK, told=str(tmp_path)) as told,
        pytest.raises(UnavailableError, match="damaged"),
    ):
        told.examine(jpeg(1))
