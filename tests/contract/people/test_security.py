"""The layer around everything: bodies too large or too slow, heads too large, other sites, what every answer has."""

import socket
import time
from contextlib import suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from inprocess import served
from rempart.server.security import Limits, Security

LIMITS = Limits(body_bytes=10_000, body_seconds=0.6)


async def size(request: Request) -> JSONResponse:
    return JSONResponse(len(await request.body()))


async def own(request: Request) -> PlainTextResponse:
    return PlainTextResponse(
        "kept", headers={"cache-control": "public", "content-security-policy": "default-src 'self'"}
    )


def app(limits: Limits = LIMITS) -> Security:
    return Security(Starlette(routes=[Route("/size", size, methods=["POST"]), Route("/own", own)]), limits=limits)


@pytest.fixture(scope="module")
def address():
    with served(app()) as found:
        yield found


def raw(address: str, data: bytes, *, then: bytes = b"", wait: float = 0.0) -> bytes:
    """What a connection is answered that is sent these bytes."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as link:
        link.sendall(data)
        time.sleep(wait)
        if then:
            with suppress(OSError):  # it was given up already
                link.sendall(then)
        found = b""
        while part := link.recv(65536):
            found += part
            if b"}" in found or b"</html>" in found:
                break
    return found


def test_a_body_within_the_limit_arrives_whole(address):
    assert httpx.post(f"{address}/size", content=b"x" * 10_000).json() == 10_000


def test_a_body_declared_too_large_is_refused_with_the_limit(address):
    answer = httpx.post(f"{address}/size", content=b"x" * 10_001)
    assert answer.status_code == 413
    assert "10000 bytes" in answer.json()["detail"]
    assert answer.json()["hint"]


def test_a_body_that_grows_too_large_is_refused_with_the_limit(address):
    answer = httpx.post(f"{address}/size", content=(b"x" * 1000 for _ in range(50)))
    assert answer.status_code == 413
    assert "10000 bytes" in answer.json()["detail"]


def test_a_body_that_never_ends_is_given_up(address):
    began = time.monotonic()
    found = raw(address, b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nxxx")
    assert found.startswith(b"HTTP/1.1 408")
    assert b"0.6 s" in found
    assert time.monotonic() - began > 0.4


def test_a_body_that_drips_is_given_up_however_often_it_drips(address):
    head = b"POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
    found = raw(address, head, then=b"1\r\nx\r\n", wait=0.4)
    assert found.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"99999999999999999999", b"0x10"])
def test_a_length_that_is_none_is_refused(address, length):
    found = raw(address, b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n{}")
    assert found.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))


def test_a_head_with_too_many_or_too_large_headers_is_refused(address):
    many = httpx.get(f"{address}/own", headers={f"x-{number}": "1" for number in range(120)})
    large = httpx.get(f"{address}/own", headers={"x-large": "x" * 33_000})
    assert (many.status_code, large.status_code) == (431, 431)
    assert "100 headers" in many.json()["hint"]


def test_a_path_whose_route_reads_its_own_body_is_left_alone():
    import re

    with served(app(Limits(body_bytes=10, own=re.compile("/size")))) as address:
        assert httpx.post(f"{address}/size", content=b"x" * 5000).json() == 5000


def test_answers_keep_what_they_said_themselves(address):
    headers = httpx.get(f"{address}/own").headers
    assert headers["cache-control"] == "public"
    assert headers["content-security-policy"] == "default-src 'self'"


def test_https_is_remembered_only_where_people_use_https():
    with served(app(Limits(public_url="https://example.org"))) as address:
        assert "max-age" in httpx.get(f"{address}/own").headers["strict-transport-security"]
    with served(app()) as address:
        assert "strict-transport-security" not in httpx.get(f"{address}/own").headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # no browser and no cookie: nothing that could be misused
        ({"cookie": "rempart=x"}, 403),
        ({"cookie": "rempart=x", "sec-fetch-site": "same-origin"}, 200),
        ({"cookie": "rempart=x", "sec-fetch-site": "cross-site"}, 403),
        ({"cookie": "rempart=x", "sec-fetch-site": "cross-site", "authorization": "Bearer rk_x"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://example.org"}, 200),
        ({"origin": "https://example.org.evil.example"}, 403),
        ({"origin": "http://example.org"}, 403),  # whoever sits in between writes that page
        ({"origin": "null"}, 403),
    ],
)
def test_a_request_from_another_site_is_refused(headers, status):
    with served(app(Limits(public_url="https://example.org"))) as address:
        assert httpx.post(f"{address}/size", content=b"x", headers=headers).status_code == status


def test_every_answer_has_a_request_id_of_its_own(address):
    found = {httpx.get(f"{address}/own").headers["x-request-id"] for _ in range(5)}
    assert len(found) == 5


def test_two_authorization_headers_are_refused_whatever_they_say(address):
    twice = [("authorization", "Bearer rk_one"), ("authorization", "Bearer rk_two")]
    answer = httpx.post(f"{address}/size", content=b"x", headers=twice)
    assert (answer.status_code, "more than one" in answer.json()["detail"]) == (400, True)
