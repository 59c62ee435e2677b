"""People and keys from the console, while a real server runs."""

import json
import subprocess
import sys

import pytest

from receivers import wait_until
from serving import SRC, make_data, serving


def rempart(data, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "rempart", *arguments, "--data", str(data)],
        capture_output=True, text=True, timeout=60, check=False, env={"PYTHONPATH": str(SRC), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


@pytest.fixture
def settings(tmp_path):
    return make_data(tmp_path / "data")


def test_a_key_made_at_the_console_is_known_at_once_and_a_revoked_one_refused_soon(settings):
    check = {"item_id": "1", "signals": {"md5": "d41d8cd98f00b204e9800998ecf8427e"}}
    with serving(settings) as server:
        made = rempart(settings.data, "key", "create", "forum", "--service", "forum", "--scope", "signals", "--json")
        key = json.loads(made.stdout)
        assert key["secret"].startswith("rk_")
        with server.client(key["secret"]) as client:
            assert client.post("/v1/check", json=check).status_code not in (401, 403)
            follower = rempart(settings.data, "key", "rotate", key["id"], "--overlap", "0", "--json")
            wait_until(lambda: client.post("/v1/check", json=check).status_code == 401)
            assert "Authorization: Bearer rk_" in client.post("/v1/check", json=check).json()["hint"]
        with server.client(json.loads(follower.stdout)["secret"]) as client:
            assert client.post("/v1/check", json=check).status_code not in (401, 403)
            assert rempart(settings.data, "key", "revoke", json.loads(follower.stdout)["id"]).returncode == 0
            wait_until(lambda: client.post("/v1/check", json=check).status_code == 401)
    listed = rempart(settings.data, "key", "list").stdout
    assert listed.count("ended") == 2
    assert key["secret"] not in listed


def test_a_link_made_at_the_console_lets_its_person_in_once(settings):
    with serving(settings) as server, server.client("none") as client:
        client.headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
        made = rempart(settings.data, "user", "add", "ana", "--role", "reviewer", "--language", "fr", "--json")
        path = "/sign-in/link/" + json.loads(made.stdout)["link"].rpartition("/")[2]
        assert "Bienvenue, ana" in client.get(path).text
        assert client.post(path).headers["location"] == "/set-up"
        assert client.post(path).status_code == 410
        assert "Mot de passe" in client.get("/set-up").text or "mot de passe" in client.get("/set-up").text
        assert rempart(settings.data, "user", "deactivate", "ana").returncode == 0
        assert client.get("/set-up").headers["location"].startswith("/sign-in")
        link = rempart(settings.data, "user", "link", "ana")
        assert link.returncode == 2
        assert "Reactivate" in link.stderr
