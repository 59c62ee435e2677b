"""`rempart demo --once`: what a newcomer sees first, from the drawn pictures to a server and its ledger."""

import os
import re
import subprocess
import sys
from itertools import pairwise

import pytest

from rempart.cli.demo.reposts import UNRELATED
from serving import SRC


@pytest.mark.timeout(320)
def test_the_demo_finds_copies_runs_a_server_and_ends_by_itself(tmp_path):
    kept = tmp_path / "kept"
    done = subprocess.run(
        [sys.executable, "-m", "rempart", "demo", "--once", "--keep", kept],
        env={**os.environ, "PYTHONPATH": str(SRC)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout
    server = re.search(r"The server runs at http://[^:/]+:(\d+)", told)
    link = re.search(r"^http://(?:127\.0\.0\.1|localhost):(\d+)/sign-in/link/\S+$", told, re.MULTILINE)
    assert server
    assert link
    assert link[1] == server[1], "the link leads to that server"
    links = re.findall(r"^http://localhost:(\d+)/sign-in/link/(\S+)$", told, re.MULTILINE)
    assert len({token for _, token in links}) == 3, "the administrator and two reviewers"
    assert {port for port, _ in links} == {server[1]}
    said = told[told.index("That is the administrator") :].split("\n$ ")[0]
    lines = said.splitlines()
    assert all(len(line) + len(after.split()[0]) >= 80 for line, after in pairwise(lines)), "a sentence broken by hand"
    page = re.search(rf"^http://localhost:{server[1]}/notice$", told, re.MULTILINE)
    assert page, "the public page of that server"
    assert re.search(r"the number \S+-\S+ and the secret \S+:\nhttp://localhost:\d+/notice/follow$", told, re.MULTILINE)
    (answered,) = [line for line in told.splitlines() if "the very files" in line]
    (unrelated,) = [line for line in told.split("What the service answered")[1].splitlines() if UNRELATED in line]
    assert len(re.findall(r"\d+", answered)) == 1, "all of the listed files had one verdict"
    assert len(re.findall(r"\d+", unrelated)) == 1, "and all of the unrelated ones another"
    assert (kept / "ledger.jsonl").stat().st_size > 1000
    log = (kept / "server.log").read_text()
    assert "Traceback" not in log
