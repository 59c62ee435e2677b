"""`rempart protected` beside a running server: what one asks, the other refuses within moments."""

import json
import time

import httpx
import pytest

from commands import command
from pictures import jpeg
from rempart.people.permissions import Scope
from rempart.store.engine import Store
from serving import Server, make_data, make_key, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("gate") / "data", more="[gate]\nrefusal_seconds = 0.05\n")
    with serving(settings) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Server):
    with Store.open(server.settings.database_url) as store:
        key = make_key(store, Scope.GENERATOR)
    with server.client(key) as client:
        yield client


def verdict(client: httpx.Client, data: bytes) -> str:
    answer = client.post("/v1/gate/reference", content=data, headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 200, answer.text
    return answer.json()["verdict"]


def until(client: httpx.Client, data: bytes, wanted: str) -> bool:
    """Whether it is answered so before long: a second is the promise, a busy machine has ten."""
    for _ in range(40):
        if verdict(client, data) == wanted:
            return True
        time.sleep(0.25)
    return False


def protected(server: Server, *arguments: object, given: str = ""):
    return command("protected", *arguments, "--data", server.settings.data, given=given)


def test_a_photo_that_the_command_protects_is_refused_until_it_is_taken_back(server, client, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(jpeg(1))
    assert verdict(client, jpeg(1)) == "allow"
    added = protected(server, "add", photo, "--json")
    assert added.returncode == 0, added.stderr
    name = json.loads(added.stdout)["id"]
    assert until(client, jpeg(1), "block")
    assert name in protected(server, "list").stdout
    assert protected(server, "remove", name).returncode == 0
    assert until(client, jpeg(1), "allow")
    assert "No photo is protected." in protected(server, "list").stdout


def test_hashes_that_a_person_made_in_their_own_browser_are_taken(server):
    text = f"recipe srgb8-full-v1\nsha256 {'ab' * 32}\n{'0f' * 32} 97\n"
    added = protected(server, "add", "--hashes", "-", "--json", given=text)
    assert added.returncode == 0, added.stderr
    listed = protected(server, "list", "--json").stdout
    assert json.loads(added.stdout)["id"] in listed
    assert "0f0f" not in listed
    assert "abab" not in listed


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["add"], "", "nothing to protect"), (["add", "--hashes", "-"], "", "no hash"),
        (["add", "--hashes", "-"], "hello", "recipe"), (["add", "/no/such/photo.jpg"], "", "cannot be opened"),
        (["add", "--hashes", "-"], f"recipe srgb8-full-v1\n{'0f' * 32} 20\n", "too little"),
        (["remove", "protected_nothing"], "", "no protected photo"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(server, arguments, given, said):
    answer = protected(server, *arguments, given=given)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_service_protects_and_takes_back_over_the_api(server, client):
    signals = [{"type": "pdq", "value": "3c" * 32, "quality": 88}]
    made = client.post("/v1/gate/protected", json={"signals": signals, "reference": "u1"})
    assert made.status_code == 201, made.text
    assert made.json().keys() == {"id"}
    for wrong in ([], [{"type": "pdq", "value": "zz" * 32}], [{"type": "photo", "value": "3c" * 32}], signals * 2):
        assert client.post("/v1/gate/protected", json={"signals": wrong}).status_code == 422
    path = f"/v1/gate/protected/{made.json()['id']}"
    with Store.open(server.settings.database_url) as store:
        other = make_key(store, Scope.GENERATOR, service="elsewhere")
    assert client.delete(path, headers={"Authorization": f"Bearer {other}"}).status_code == 404
    assert [client.delete(path).status_code for _ in range(2)] == [204, 404]
