"""Clients that are slow, broken or idle, by the thousand: everyone else is answered."""

import asyncio
import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from faults.load import bodies
from faults.stand import Group, Stand

IDLE = 10_000
PICTURE = bodies()[1]
LIMITS = {"REMPART_SERVER__BODY_SECONDS": "3", "REMPART_SERVER__BODY_BYTES": str(1 << 20)}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    return Stand(tmp_path_factory.mktemp("clients") / "service")


@pytest.fixture(scope="module")
def server(stand: Stand) -> Iterator[Group]:
    started = stand.start(environ=LIMITS)
    yield started
    started.kill()
    assert not any("Traceback" in line for line in started.log), "".join(started.log[-60:])


@contextmanager
def many_open_files(wanted: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (resource.RLIM_INFINITY,) and hard < wanted:
        pytest.skip(f"at most {hard} files may be open here, and {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def ask_as_usual(stand: Stand, server: Group, count: int) -> list[float]:
    """How long each of so many checks took, with bytes and by signals, each on a connection of its own."""
    took = []
    for number in range(count):
        began = time.monotonic()
        name = f"usual-{time.monotonic_ns()}"
        if number % 3:
            body = json.dumps({"item_id": name, "signals": {"md5": f"{number:032x}"}}).encode()
            answer = await exchange(server, head(stand, "/v1/check", "application/json", len(body)) + body)
        else:
            path = f"/v1/check?item_id={name}"
            answer = await exchange(server, head(stand, path, "image/jpeg", len(PICTURE)) + PICTURE)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        took.append(time.monotonic() - began)
    return took


def head(stand: Stand, path: str, kind: str, length: int | None) -> bytes:
    """The head of a check; without a length its body comes in chunks."""
    size = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    return (
        f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {stand.key}\r\n"
        f"content-type: {kind}\r\n{size}\r\nconnection: close\r\n\r\n"
    ).encode()


async def exchange(server: Group, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


async def drip(server: Group, begin: bytes, rest: bytes, *, pause: float) -> bytes:
    """Send the beginning at once and the rest a byte at a time; what was answered in the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(begin)
    try:
        for byte in rest:
            writer.write(bytes([byte]))
            await writer.drain()
            if reader.at_eof() or reader._buffer:  # type: ignore[attr-defined]
                break
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def half(server: Group, begin: bytes, part: bytes) -> None:
    """Send half a body and hang up."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(begin + part)
    await writer.drain()
    writer.close()


async def never_ending(server: Group, begin: bytes) -> bytes:
    """Send chunks until the server has enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(begin)
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    try:
        while not reader._buffer:  # type: ignore[attr-defined]
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return bytes(reader._buffer)  # type: ignore[attr-defined]
    finally:
        writer.close()


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has ended a connection."""
    try:
        connection.setblocking(False)
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


def test_slow_half_and_never_ending_requests_stop_nobody_else(stand: Stand, server: Group) -> None:
    async def all_at_once() -> None:
        photo = "/v1/check?item_id=broken"
        slow_heads = [drip(server, b"", b"POST /v1/check HTTP/1.1\r\nhost: x\r\n" * 9, pause=0.1) for _ in range(100)]
        slow_bodies = [
            drip(server, head(stand, photo, "image/jpeg", 50_000), bytes(2_000), pause=0.1) for _ in range(100)
        ]  # fmt: skip
        halves = [half(server, head(stand, photo, "image/jpeg", len(PICTURE)), PICTURE[:999]) for _ in range(50)]
        endless = [never_ending(server, head(stand, photo, "image/jpeg", None)) for _ in range(8)]
        tasks = [asyncio.create_task(one) for one in (*slow_heads, *slow_bodies, *halves, *endless)]
        await asyncio.sleep(0.5)
        took = await ask_as_usual(stand, server, 30)
        answers = await asyncio.gather(*tasks)
        assert max(took) < 15.0, sorted(took)[-5:]
        too_slow, too_long = answers[100:200], answers[-8:]
        assert {one.split(b"\r\n")[0] for one in too_slow} == {b"HTTP/1.1 408 Request Timeout"}
        assert {one[:13] for one in too_long} == {b"HTTP/1.1 413 "}
        assert all(b'"hint":' in one for one in (*too_slow, *too_long))

    asyncio.run(all_at_once())
    with server.client(stand.key) as client:
        assert client.get("/v1/items/broken").status_code == 404
        assert client.get("/readyz").status_code == 200


def test_ten_thousand_idle_connections_leave_room_for_others(stand: Stand, server: Group) -> None:
    async def beside_them(idle: list[socket.socket]) -> None:
        took = await ask_as_usual(stand, server, 30)
        assert max(took) < 15.0, sorted(took)[-5:]
        assert sum(not is_closed(one) for one in idle) > IDLE * 0.9

    with many_open_files(IDLE + 500):
        with ExitStack() as opened:
            idle = [opened.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(IDLE)]
            for one in idle[::2]:
                one.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            assert all(one.recv(12) == b"HTTP/1.1 200" for one in idle[::2])
            asyncio.run(beside_them(idle))
    with server.client(stand.key) as client:
        assert client.get("/readyz").status_code == 200
