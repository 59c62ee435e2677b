"""The transparency database to try things on follows the documented rules."""

import httpx
import pytest

from filings import ILLEGAL
from rempart.errors import FilingRefusedError, RefusedError
from rempart.reports.reasons.dsa.connection import Database
from rempart.reports.reasons.dsa.testserver import running


def test_the_test_server_takes_a_batch_whole_or_not_at_all():
    with running(token="t") as server, Database(server.url, "t", seconds=5) as database:
        wrong = database.file([ILLEGAL, ILLEGAL | {"puid": "b", "category": "x"}])
        assert not wrong.taken
        assert wrong.wrong.keys() == {1}
        assert not database.has(ILLEGAL["puid"])
        assert database.file([ILLEGAL]).taken
        assert database.has(ILLEGAL["puid"])
        assert database.file([ILLEGAL]).wrong[0].keys() == {"puid", "existing"}
        with pytest.raises(RefusedError):
            server.misbehave(["worse"])


def test_it_answers_as_documented_for_keys_paths_sizes_and_bodies():
    with running(token="t") as server, httpx.Client(base_url=server.url, timeout=5) as client:
        root = server.url.removesuffix("/api/v1")
        assert client.get(f"{root}/api/ping").status_code == 401
        headers = {"Authorization": "Bearer t"}
        assert client.get(f"{root}/api/ping", headers=headers).status_code == 200
        assert client.get("/statement/existing-puid/none", headers=headers).status_code == 404
        assert client.get("/nowhere", headers=headers).status_code == 404
        assert client.post("/statements", headers=headers, content=b"{").status_code == 400
        assert client.post("/statements", headers=headers, json={"statements": [ILLEGAL] * 101}).status_code == 422
        made = client.post("/statement", headers=headers, json=ILLEGAL)
        assert made.status_code == 201
        again = client.post("/statement", headers=headers, json=ILLEGAL)
        assert again.status_code == 422
        assert again.json()["existing"] == {"puid": ILLEGAL["puid"]}
        found = client.get(f"/statement/existing-puid/{ILLEGAL['puid']}", headers=headers)
        assert found.status_code == 302
        assert client.get(f"/statement/{made.json()['uuid']}", headers=headers).json()["puid"] == ILLEGAL["puid"]
        assert client.post(f"{root}/misbehave", headers=headers, json={"next": ["500"]}).status_code == 200
        assert client.post("/statements", headers=headers, json={"statements": [ILLEGAL]}).status_code == 500


def test_a_client_with_a_wrong_token_is_told_so():
    with running(token="t") as server, Database(server.url, "x", seconds=5) as database:
        with pytest.raises(FilingRefusedError):
            database.has("a")
