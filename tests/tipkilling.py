"""A filing process that is killed at every step, on a bad day of the service: what must be true afterwards."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from rempart.clock import utc_now
from rempart.evidence.ledger.records import leaves, salts
from rempart.evidence.vault import HeldKeys, Vault
from rempart.reports.cybertip.document.writing import report_xml
from rempart.reports.cybertip.drafting.holding import tip_of
from rempart.reports.cybertip.records import receipts, reports
from rempart.reports.cybertip.records.reports import reports as report_table
from rempart.reports.cybertip.values import ReportState
from rempart.store.blobs import open_blobs
from serving import SRC
from tipfiling import tipline
from vaults import key_text, read

TESTS = Path(__file__).resolve().parent
_PATIENCE = 4
_MOST = 300


class Killing:
    """The processes on one database, and the server that they file with."""

    def __init__(self, store, url, folder, server) -> None:
        self.store, self.server, self.blobs, self.key = store, server, str(folder / "blobs"), key_text()
        self.kills = self.rounds = 0
        environ = {**os.environ, "PYTHONPATH": f"{SRC}:{TESTS}"}
        self.process = subprocess.Popen(
            [sys.executable, TESTS / "tipfiling_process.py", url, server.url, self.blobs, self.key], env=environ,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._told = set()
        self._refused, self._knows = 0, server.knows
        server.knows = self._known

    def _known(self, header) -> bool:
        """Credentials that were revoked are given back after a while: whoever waits for that comes to an end."""
        if self.server.revoked:
            self._refused += 1
            self.server.revoked = self._refused % _PATIENCE != 0
        return self._knows(header)

    def ask(self, what, **more) -> str:
        self.process.stdin.write(json.dumps({"do": what} | more) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def every_step(self, plan=(), *, first=1, stride=1) -> int:
        """Kill at every step of a filing that the service is so bad to, then let what is left be done; gives how many
        steps there were."""
        assert self.ask("case") == "done"
        for at in range(first, _MOST, stride):
            self.server.misbehave(plan)
            ended = self.ask("kill", at=at)
            self._undisturbed()
            self.rounds += 1
            if ended == "done":
                break
            assert ended == "killed", f"{plan} at {at}: {ended}"
            self.kills += 1
        else:
            raise AssertionError(f"{plan}: it never came to an end")
        assert self.ask("finish") == "done", plan
        self.check(plan)
        return at - 1

    def check(self, plan) -> None:
        """Every report was finished once, and everything that is written down says so."""
        vault = Vault(self.store, open_blobs(self.blobs), HeldKeys(self.key), utc_now)
        filed = Counter(one.digest for one in self.server.finished)
        with self.store.read() as conn:
            rows = conn.execute(select(report_table.c.id, report_table.c.task_id)).all()
            rows = [row.id for row in rows if row.id not in self._told]
            for report_id in rows:
                self._check_one(conn, vault, report_id, filed, plan)
        assert rows
        self._told |= set(rows)
        assert set(filed.values()) == {1}, plan  # nothing was finished twice
        assert len(filed) == len(self._told), plan  # and nothing that no decision asked for

    def _check_one(self, conn, vault, report_id, filed, plan) -> None:
        row = reports.find(conn, report_id)
        assert row.state is ReportState.FILED, (plan, report_id, row.state, row.why)
        digest = hashlib.sha256(report_xml(tip_of(row, keyring=vault.keyring).report)).hexdigest()
        assert filed[digest] == 1, (plan, report_id)
        held = next(one for one in self.server.finished if one.digest == digest)
        assert held.number == row.number, plan
        (receipt,) = receipts.of_report(conn, report_id)
        assert receipt.number == row.number
        text = read(vault, receipt.object)
        assert (b"5102" if receipt.again else b"reportDoneResponse") in text, (plan, text)
        doubled = any("upload:repeated" in one for one in plan)  # on the way, which nobody can tell from here
        assert len(held.files) == 1 or (doubled and len(held.files) == 2), plan
        assert all(one.described for one in held.files.values()) or doubled, plan
        told = self._leaves(conn, report_id)
        assert told.count("report.filed") == 1, (plan, told)
        assert told[-1] == "report.filed", (plan, told)
        assert "report.finishing" in told, (plan, told)
        assert told.index("report.filing_begun") == 0, (plan, told)

    def _leaves(self, conn, report_id) -> list[str]:
        query = select(leaves.c.body).join(salts, salts.c.leaf_id == leaves.c.id)
        bodies = conn.scalars(query.where(salts.c.subject == f"report:{report_id}").order_by(leaves.c.id))
        return [json.loads(body)["action"] for body in bodies]

    def _undisturbed(self) -> None:
        """Whoever comes next finds a service that is well."""
        while self.server.plan.left():
            for call in ("status", "xsd", "submit", "upload", "fileinfo", "finish", "retract"):
                self.server.plan.take(call)
        self.server.revoked = False

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(20) == 0


@contextmanager
def killing(store, url, folder):
    """Processes and a server for the length of a block."""
    with tipline(clock=utc_now, hang=0.6) as server:
        found = Killing(store, url, folder, server)
        try:
            yield found
        finally:
            found.close()
