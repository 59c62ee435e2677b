"""Killed between any two steps of making and filing statements: each arrives in the transparency database once."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from filing_process import IN_ROUND
from rempart.reports.reasons.dsa.testserver import running
from rempart.reports.reasons.records.statements import reasons
from serving import SRC

TESTS = Path(__file__).resolve().parents[1]


def test_every_statement_arrives_exactly_once_whenever_the_process_dies(store, database_url):
    environ = {**os.environ, "PYTHONPATH": f"{SRC}:{TESTS}"}
    with running(token="t") as server:
        done = subprocess.run(
            [sys.executable, TESTS / "filing_process.py", database_url, server.url], env=environ, capture_output=True,
            text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        killed = int(done.stdout)
        assert killed > 10
        with store.read() as conn:
            rows = conn.execute(select(reasons).order_by(reasons.c.seq)).all()
        assert len(rows) == len({row.item for row in rows}) == IN_ROUND * (killed + 1)
        assert {row.filing for row in rows} == {"filed"}
        assert {row.puid for row in rows} == server.statements.keys()
        assert len({row.seq for row in rows}) == len(rows)
        assert server.twice == []  # nothing was even sent again
        assert any(one == "existing-puid" for one in server.requests)
