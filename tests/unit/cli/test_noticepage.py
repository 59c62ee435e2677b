"""`rempart notice-page export`, and what the scripts of the hash step are made of."""

import base64
import gzip
import hashlib
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from rempart.cli.main import command
from rempart.cli.noticepage import saved_page
from rempart.errors import RefusedError
from rempart.server.pages.rendering import FILES, file

SCRIPTS = ("notice-hash.js", "notice-worker.js")
# Ways out, ways to keep something, and ways from text to code.
FORBIDDEN = re.compile(
    r"\b(fetch|XMLHttpRequest|WebSocket|WebTransport|EventSource|sendBeacon|RTCPeerConnection|importScripts|import\s*\("
    r"|localStorage|sessionStorage|indexedDB|caches|cookie|serviceWorker|BroadcastChannel|location|open\s*\("
    r"|eval|Function|innerHTML|insertAdjacentHTML|document\.write|clipboard\.read|toDataURL|toBlob|\.name\b|filename)",
)


def code_of(name: str) -> str:
    return re.sub(r"//[^\n]*", "", file(name).decode())


def test_the_page_is_the_same_byte_for_byte_in_another_process(tmp_path):
    out, again = tmp_path / "page.html", tmp_path / "again.html"
    done = CliRunner().invoke(command, ["notice-page", "export", "--out", str(out), "--language", "fr"])
    assert done.exit_code == 0, done.output
    assert done.output == f"{hashlib.sha256(out.read_bytes()).hexdigest()}  {out}\n"
    subprocess.run(
        [sys.executable, "-m", "rempart", "notice-page", "export", "--out", again, "--language", "fr"],
        env=os.environ | {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        check=True,
        capture_output=True,
    )
    assert again.read_bytes() == out.read_bytes() == saved_page("fr")
    assert b'<html lang="fr">' in out.read_bytes()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_names_no_other_place_and_allows_its_own_scripts_alone(language):
    page = saved_page(language).decode()
    assert not re.search(r"(src|href|action|url)\s*[=(]", page.split("</style>")[1].split("<script")[0])
    assert "://" not in page
    rules = re.search(r'security-policy" content="([^"]*)"', page)[1]
    script = page.split('<script type="module">')[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in rules
    assert {"default-src 'none'", "connect-src 'none'", "form-action 'none'"} <= {
        one.strip() for one in rules.split(";")
    }
    assert file("notice-worker.js").decode() in page


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_know_no_way_out_keep_nothing_and_make_no_code_from_text(name):
    assert FORBIDDEN.findall(code_of(name)) == []


def test_what_is_forbidden_would_be_found():
    for line in ("fetch(there)", "document.cookie = 1", "new RTCPeerConnection()", "file.name", "location = there"):
        assert FORBIDDEN.search(line)


def test_all_scripts_of_the_step_weigh_little():
    assert {name for name in FILES if name.startswith("notice-") and name.endswith(".js")} == set(SCRIPTS)
    assert sum(len(gzip.compress(file(name), 9)) for name in SCRIPTS) <= 9_000


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    done = CliRunner().invoke(command, ["notice-page", "export", "--out", str(tmp_path / "no" / "page.html")])
    assert isinstance(done.exception, RefusedError)
    assert "could not be written" in str(done.exception)
