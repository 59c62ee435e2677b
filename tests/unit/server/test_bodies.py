"""Bodies in bounded memory, and forms in them."""

import asyncio

import pytest
from starlette.requests import Request

from rempart.errors import UnavailableError
from rempart.server.bodies import BodyMemory, body_of
from rempart.server.multipart import MOST_FIELD, MOST_PARTS, read_form
from rempart.server.problems import ProblemError

KIND = "multipart/form-data; boundary=cut"


def request_of(*pieces, headers=(), ends=True, pause=0.0):
    left = list(pieces)

    async def receive():
        await asyncio.sleep(pause)
        if left:
            piece = left.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(left) or not ends}
        if ends:
            return {"type": "http.disconnect"}
        await asyncio.sleep(60)
        raise AssertionError

    told = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "headers": told, "method": "POST", "path": "/"}, receive)


def read(request, memory, *, most=100, seconds=5.0):
    async def run():
        async with body_of(request, memory, most=most, seconds=seconds) as data:
            assert memory.held == len(data)
            return data

    return asyncio.run(run())


def test_a_body_is_whole_and_its_memory_is_given_back():
    memory = BodyMemory(1000)
    assert read(request_of(b"abc", b"", b"def"), memory) == b"abcdef"
    assert memory.held == 0


def test_a_body_that_is_longer_than_it_may_be_is_refused_and_given_back():
    memory = BodyMemory(1000)
    with pytest.raises(ProblemError) as caught:
        read(request_of(b"x" * 60, b"x" * 60), memory)
    assert caught.value.status == 413
    assert memory.held == 0


def test_a_body_that_says_it_is_too_long_is_not_read():
    with pytest.raises(ProblemError) as caught:
        read(request_of(headers=[("content-length", "101")]), BodyMemory(1000))
    assert caught.value.status == 413


def test_a_body_that_does_not_come_is_given_up():
    with pytest.raises(ProblemError) as caught:
        read(request_of(b"half", ends=False), BodyMemory(1000), seconds=0.05)
    assert (caught.value.status, caught.value.close) == (408, True)


def test_a_client_that_goes_away_is_no_body():
    async def gone():
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "headers": [], "method": "POST", "path": "/"}, gone)
    with pytest.raises(ProblemError) as caught:
        read(request, BodyMemory(1000))
    assert caught.value.status == 400


def test_a_process_that_holds_enough_refuses_more():
    memory = BodyMemory(100)
    with memory.share() as share:
        share.grow(60)
        with pytest.raises(ProblemError) as caught:
            read(request_of(b"x" * 50), memory)
        assert caught.value.status == 503
        with pytest.raises(UnavailableError):
            share.grow(41)
    assert memory.held == 0


def part(name, value, *more):
    head = f'Content-Disposition: form-data; name="{name}"'
    return b"--cut\r\n" + "\r\n".join([head, *more, "", ""]).encode() + value + b"\r\n"


def test_a_form_has_its_fields_and_its_file_byte_for_byte():
    content = bytes(range(256)) + b"\r\n--cu\r\n--cut"[:-1]
    form = read_form(
        part("item_id", "é".encode()) + part("file", content, "Content-Type: image/png") + b"--cut--", KIND
    )
    assert (form.fields, form.content) == ({"item_id": "é"}, content)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"--cut\r\n", b"nothing of the kind", part("a", b"1"), part("a", b"1") * 2 + b"--cut--",
        b"--cut\r\nContent-Disposition: form-data\r\n\r\nx\r\n--cut--", part("a", b"\xff") + b"--cut--",
        part("a", b"x" * (MOST_FIELD + 1)) + b"--cut--",
        b"".join(part(f"f{n}", b"") for n in range(MOST_PARTS + 1)) + b"--cut--",
        part("file", b"x", "X: " + "y" * 5000) + b"--cut--",
        part("file", b"eA==", "Content-Transfer-Encoding: base64") + b"--cut--",
    ],
)  # fmt: skip
def test_a_form_that_is_wrong_is_refused(body):
    with pytest.raises(ProblemError) as caught:
        read_form(body, KIND)
    assert caught.value.status == 400


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/mixed; boundary=cut", "text/plain", ""])
def test_a_form_without_a_boundary_is_refused(kind):
    with pytest.raises(ProblemError):
        read_form(part("a", b"1") + b"--cut--", kind)


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", " X "])
def test_a_body_that_is_compressed_on_its_way_is_refused_and_never_looked_at(encoding):
    with pytest.raises(ProblemError) as told:
        read(request_of(b"x", headers=[("content-encoding", encoding)]), BodyMemory(100))
    assert (told.value.status, "without Content-Encoding" in told.value.hint) == (415, True)
    assert read(request_of(b"x", headers=[("content-encoding", "Identity")]), BodyMemory(100)) == b"x"
