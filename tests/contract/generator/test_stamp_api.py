"""`POST /v1/stamp` of a running service, asked by the client library and by hand."""

import asyncio
from contextlib import ExitStack

import httpx
import pytest

from deployment import Deployment, deployment
from pictures import encode, scene
from rempart.cli.certs import command as certs
from rempart.client import AsyncClient, Client
from rempart.errors import RequestRefusedError, ServerAnswerError, ServerUnreachableError
from rempart.intake.generator.records import generated as records
from rempart.people.permissions import Scope
from serving import make_key
from stamping import credentials

PHOTO = encode(scene(41, 320, 240), "PNG")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with ExitStack() as stack:
        yield stack.enter_context(deployment(tmp_path_factory.mktemp("stamps")))


@pytest.fixture(scope="module")
def key(running: Deployment) -> str:
    return make_key(running.store, Scope.GENERATOR, service="atelier")


@pytest.fixture
def client(running: Deployment, key: str):
    with Client(running.address, key, attempts=1) as made:
        yield made


def test_first_without_a_certificate_then_signed_as_soon_as_there_is_one(running: Deployment, client: Client):
    first = client.stamp(PHOTO, generator="atelier 2.1")
    assert (first.media_type, first.c2pa, first.psnr_db > 38, first.replaced) == ("image/png", "none", True, ())
    data = running.runtime.service.settings.data
    certs.main(["make", "--data", str(data), "--organisation", "Example Studio"], standalone_mode=False)
    second = client.stamp(PHOTO, edited=True, references=2)
    found = credentials(second.data, "image/png", anchor=(data / "keys" / "stamp-root.pem").read_text())
    assert (second.c2pa, found.state, len(found.manifest["ingredients"])) == ("trusted", "Trusted", 2)
    with running.store.read() as conn:
        rows = [records.find(conn, int(one.record_id, 16)) for one in (first, second)]
    assert [(one.edited, one.manifest) for one in rows] == [(False, None), (True, found.label)]


def test_a_certificate_that_signs_nothing_trusted_is_no_fault_of_the_asker(running: Deployment, client: Client):
    key = running.runtime.service.settings.data / "keys" / "stamp.key"
    good = key.read_bytes()
    key.write_bytes((key.parent / "stamp-root.key").read_bytes())
    try:
        with pytest.raises(ServerUnreachableError):
            client.stamp(PHOTO)
        key.unlink()
        with pytest.raises(ServerUnreachableError):
            client.stamp(PHOTO)
    finally:
        key.write_bytes(good)
    assert client.stamp(PHOTO).c2pa == "trusted"


def test_with_await(running: Deployment, key: str):
    async def ask():
        async with AsyncClient(running.address, key) as client:
            return await client.stamp(PHOTO)

    assert asyncio.run(ask()).data.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("data", "status"), [(b"", 422), (b"words", 422), (encode(scene(1, 60, 40), "GIF"), 422), (PHOTO[:400], 422)]
)
def test_what_is_not_stamped_is_a_problem_that_says_why(client: Client, data: bytes, status: int):
    with pytest.raises(RequestRefusedError) as refused:
        client.stamp(data)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("query", "kind", "status"),
    [
        ("edited=perhaps", "image/png", 422),
        ("references=17", "image/png", 422),
        ("references=-1", "image/png", 422),
        ("references=1&references=2", "image/png", 422),
        ("generator=" + "x" * 201, "image/png", 422),
        ("", "text/plain", 415),
        ("", "", 415),
    ],
)
def test_a_question_that_is_wrong_is_told(running: Deployment, key: str, query: str, kind: str, status: int):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    assert httpx.post(f"{running.address}/v1/stamp?{query}", content=PHOTO, headers=headers).status_code == status


def test_nobody_stamps_without_the_scope(running: Deployment):
    other = make_key(running.store, Scope.CHECK, service="atelier")
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {other}"}, 403)):
        asked = httpx.post(
            f"{running.address}/v1/stamp", content=PHOTO, headers={"Content-Type": "image/png", **headers}
        )
        assert asked.status_code == status


def test_the_client_gives_nothing_for_an_answer_that_is_no_picture():
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"verdict": "allow"})

    with Client("http://127.0.0.1:1", "key", attempts=1) as client:
        with pytest.raises(ServerUnreachableError):
            client.stamp(PHOTO)
        client._http = httpx.Client(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(answer))
        with pytest.raises(ServerAnswerError):
            client.stamp(PHOTO)
