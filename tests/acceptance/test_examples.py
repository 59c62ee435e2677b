"""The examples as they stand, against a real server: shown, refused, kept back, and closed when Rempart is away."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from judging import ADA, NO, RUI, answered, no_window
from pictures import jpeg, scene
from receivers import wait_until
from rempart.cases.records import cases
from rempart.clock import utc_now
from rempart.people.permissions import Scope
from rempart.signals.pdq import pdq
from rempart.signals.values import Sha256
from rempart.store.engine import Store
from serving import SRC, add_list, make_data, make_key, serving

EXAMPLES = SRC.parent / "examples"
LISTED, FINE, NEAR = jpeg(70), jpeg(71), jpeg(72, quality=60)
SCOPES = (Scope.CHECK, Scope.ITEMS, Scope.DECISIONS, Scope.WEBHOOKS)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("examples") / "data")
    with Store.open(settings.database_url) as store:
        add_list(store, "police", [Sha256(hashlib.sha256(LISTED).digest()), pdq(scene(72)).hash])
        with serving(settings) as server:
            yield server, store, make_key(store, *SCOPES)


def environment(url, key, **more):
    return {**os.environ, "PYTHONPATH": str(SRC), "REMPART_URL": url, "REMPART_KEY": key, **more}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(command, port, env):
    process = subprocess.Popen(command, cwd=EXAMPLES, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, process.stdout.read().decode()
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def _listens(port) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def program(name, port):
    if name == "fastapi":
        return [sys.executable, "-m", "uvicorn", "fastapi_upload:app", "--port", str(port), "--log-level", "warning"]
    return [sys.executable, {"django": "django_upload.py", "wsgi": "wsgi_middleware.py"}[name], str(port)]


def post(name, url, item, data):
    if name == "fastapi":
        return httpx.post(f"{url}/photos/{item}", content=data, timeout=60)
    if name == "django":
        return httpx.post(f"{url}/upload/{item}", files={"photo": ("x.jpg", data, "image/jpeg")}, timeout=60)
    return httpx.post(f"{url}/anything", files={"photo": ("x.jpg", data, "image/jpeg")}, timeout=60)


@pytest.mark.parametrize("name", ["fastapi", "django", "wsgi"])
def test_an_upload_is_shown_refused_or_kept_back(site, name):
    server, _, key = site
    port = free_port()
    env = environment(server.url, key, REMPART_WEBHOOK_SECRET="whsec_AAAA")
    with running(program(name, port), port, env) as url:
        assert post(name, url, f"{name}-fine", FINE).status_code == 201
        assert "shown" in post(name, url, f"{name}-fine", FINE).text
        assert post(name, url, f"{name}-listed", LISTED).status_code == 422
        near = post(name, url, f"{name}-near", NEAR)
        assert (near.status_code, "waiting" in near.text) == (201, True)
        if name != "wsgi":
            assert httpx.get(f"{url}/photos/{name}-fine").status_code == 200
            assert httpx.get(f"{url}/photos/{name}-near").status_code == 404
        if name == "wsgi":
            raw = httpx.post(f"{url}/x", content=LISTED, headers={"Content-Type": "image/jpeg"}, timeout=60)
            assert raw.status_code == 422


@pytest.mark.parametrize("name", ["fastapi", "django", "wsgi"])
def test_nothing_is_shown_while_rempart_is_away(name):
    port = free_port()
    env = environment(f"http://127.0.0.1:{free_port()}", "rk_x", REMPART_WEBHOOK_SECRET="whsec_AAAA")
    with running(program(name, port), port, env) as url:
        answer = post(name, url, "away", FINE)
        assert (answer.status_code, "waiting" in answer.text) == (201, True)


def stage_of(store, case_id):
    with store.read() as conn:
        return cases.find(conn, case_id).stage


@pytest.mark.parametrize("name", ["fastapi", "django"])
def test_a_later_decision_shows_what_was_kept_back(site, name):
    server, store, key = site
    port = free_port()
    api = server.client(key)
    made = api.post("/v1/webhooks", json={"url": f"http://127.0.0.1:{port}/rempart-webhook"}).json()
    item = f"{name}-later-{time.time_ns()}"
    try:
        env = environment(server.url, key, REMPART_WEBHOOK_SECRET=made["secret"])
        with running(program(name, port), port, env) as url:
            assert "waiting" in post(name, url, item, NEAR).text
            assert httpx.post(f"{url}/rempart-webhook", content=b"{}").status_code == 400
            with store.read() as conn:
                (case,) = cases.open_cases(conn, queue="similar", service=None, after="", most=99)
            no_window(store)
            for who in (RUI, ADA):
                wait_until(lambda: stage_of(store, case.id) != "settling")
                answered(store, case.id, NO, by=who, at=utc_now())
            wait_until(lambda: httpx.get(f"{url}/photos/{item}").status_code == 200)
    finally:
        api.delete(f"/v1/webhooks/{made['id']}")
        api.close()


@pytest.mark.parametrize(("data", "code", "said"), [(FINE, 0, "allow"), (LISTED, 1, "block"), (NEAR, 1, "hold")])
def test_the_shell_example(site, tmp_path, data, code, said):
    server, _, key = site
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    done = subprocess.run(
        [EXAMPLES / "check.sh", path, f"shell-{said}"], env=environment(server.url, key), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (code, said), done.stderr


@pytest.mark.parametrize("key", ["rk_wrong", None])
def test_the_shell_example_shows_nothing_when_it_could_not_ask(site, tmp_path, key):
    path = tmp_path / "photo.jpg"
    path.write_bytes(FINE)
    url = site[0].url if key else f"http://127.0.0.1:{free_port()}"
    done = subprocess.run(
        [EXAMPLES / "check.sh", path, "x"], env=environment(url, key or "rk_x"), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "allow" not in done.stdout


def test_the_handlers_need_five_lines():
    for name in ("fastapi_upload.py", "django_upload.py"):
        lines = (EXAMPLES / name).read_text().splitlines()
        first = next(at for at, line in enumerate(lines) if "rempart.check(" in line)
        last = next(at for at, line in enumerate(lines) if at > first and "visible.add" in line)
        assert last - first + 1 <= 6  # the storage's own line among them


def test_every_example_is_listed_and_run():
    names = {path.name for path in Path(EXAMPLES).iterdir() if path.suffix in {".py", ".sh"}}
    assert names == {"fastapi_upload.py", "django_upload.py", "wsgi_middleware.py", "check.sh"}
    page = (EXAMPLES / "README.md").read_text()
    assert [name for name in names if f"({name})" not in page] == []
