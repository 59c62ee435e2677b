"""Bytes that are brought for a case while that case is being decided."""

from pathlib import Path

import pytest
from sqlalchemy import select

from checking import SERVICE, checking
from judging import NO, REMOVE, judged
from pictures import jpeg
from rempart.cases.assessing.values import Decision
from rempart.cases.records.cases import cases
from rempart.evidence.vault.records import bases
from rempart.intake import upload_content
from rempart.items.records import items
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.signals.digests import digest_bytes
from rempart.signals.pool import WorkerPool
from rempart.store.engine import Store
from serving import add_list


@pytest.mark.parametrize(("answer", "verdict"), [(NO, Verdict.ALLOW), (REMOVE, Verdict.BLOCK)])
def test_nothing_is_kept_for_a_case_that_was_decided_meanwhile(
    store: Store, tmp_path: Path, answer: Decision, verdict: Verdict
) -> None:
    sha256 = digest_bytes(jpeg(2)).sha256
    with WorkerPool() as pool, checking(store, tmp_path, pool) as check:
        add_list(store, "police", [sha256])
        case = check.ask(signals=(sha256,)).case
        with store.read() as conn:
            item = items.find(conn, SERVICE, "a")
        asked = upload_content.question(store, item, jpeg(2), by=SYSTEM)
        judged(store, check.vault, case, answer)
        told = check.checker.submit(asked).result(60)
        with store.read() as conn:
            kept_for = conn.scalars(select(bases.c.reference).where(bases.c.ended.is_(None))).all()
            decided = conn.scalars(select(cases.c.id).where(cases.c.state == "decided")).all()
    assert told.verdict is verdict
    assert decided == [case]
    assert kept_for == []
