"""Keys and declarations as a request meets them: a small application with the real parts."""

import threading
import time
from datetime import timedelta
from os import urandom
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from httpx import Client

from inprocess import served
from rempart.clock import utc_now
from rempart.errors import NotPermittedError, NotSignedInError, RempartError, TooManyRequestsError
from rempart.people import keys
from rempart.people.permissions import Permission, Scope
from rempart.people.principal import CONSOLE, Principal
from rempart.people.sessions import Limits
from rempart.server.access import Access, assert_all_routes_declare, needs, public
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.store.engine import Store

STATUS = {NotSignedInError: 401, NotPermittedError: 403, TooManyRequestsError: 429}


def access_of(store: Store, *, clock=utc_now, **more) -> Access:
    return Access(
        store=store,
        clock=clock,
        random=urandom,
        limits=Limits(),
        keys=KeyCache(store, clock=clock),
        buckets=Buckets(),
        quotas=Quotas(store, clock=clock),
        trusted=(),
        secure=False,
        **more,
    )


def application(access: Access) -> FastAPI:
    app = FastAPI(openapi_url=None)
    router = APIRouter(prefix="/v1")

    @router.get("/check")
    async def check(who: Annotated[Principal, Depends(needs(Permission.CHECK))]) -> str:
        return who.service or ""

    @router.post("/signals")
    async def signals(
        request: Request, count: int, who: Annotated[Principal, Depends(needs(Permission.CHECK_SIGNALS))]
    ) -> int:
        await request.app.state.access.spend_signals(who, count)
        return count

    @router.get("/open", dependencies=[Depends(public())])
    async def anyone() -> str:
        return "open"

    app.include_router(router)
    app.state.access = access

    @app.exception_handler(RempartError)
    async def told(request: Request, err: RempartError) -> JSONResponse:
        return JSONResponse({"detail": err.message, "hint": err.hint}, STATUS.get(type(err), 400))

    assert_all_routes_declare(app)
    return app


@pytest.fixture
def access(store):
    return access_of(store)


@pytest.fixture
def client(access):
    access.keys.start()
    with served(application(access)) as address, Client(base_url=address) as client:
        yield client
    access.keys.stop()


def make(store, *scopes, **more):
    at = more.pop("at", None) or utc_now()
    with store.write() as conn:
        return keys.create(
            conn,
            label="test",
            service="forum",
            scopes=scopes or [Scope.CHECK],
            by=CONSOLE,
            at=at,
            random=urandom,
            **more,
        )


def asked(client, secret, path="/v1/check"):
    return client.get(path, headers={"authorization": f"Bearer {secret}"})


def test_a_key_with_the_scope_is_let_in(client, store):
    answer = asked(client, make(store).secret)
    assert (answer.status_code, answer.json()) == (200, "forum")


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer rk_", "Bearer rk_" + "a" * 43, "Basic YTpi", "Bearer " + "x" * 5000, "Bearer rk_é"],
)
def test_a_request_without_a_valid_key_is_refused_and_told_what_to_send(client, header):
    answer = client.get("/v1/check", headers={} if header is None else {"authorization": header.encode()})
    assert answer.status_code == 401
    assert "Authorization: Bearer rk_" in answer.json()["hint"]


def test_a_key_without_the_scope_is_refused_and_told_which(client, store):
    answer = asked(client, make(store, Scope.ITEMS).secret)
    assert answer.status_code == 403
    assert answer.json()["hint"] == "Use a key with the scope `check`."


def test_an_expired_key_is_refused_also_when_it_was_remembered(store):
    from signing import Watch

    clock = Watch()
    access = access_of(store, clock=clock)
    access.keys.refresh()
    key = make(store, at=clock(), life=timedelta(hours=1))
    access.keys.refresh()
    assert access.keys.looked_up(key.secret) is not None
    assert access.keys.remembered(key.secret) is not None
    clock.forward(hours=1)
    assert access.keys.remembered(key.secret) is None
    assert access.keys.looked_up(key.secret) is None


def test_a_revoked_key_is_refused_in_any_process_within_a_second(client, store, database_url):
    key = make(store)
    assert asked(client, key.secret).status_code == 200
    with Store.open(database_url) as elsewhere, elsewhere.write() as conn:  # no word reaches this process's cache
        keys.revoke(conn, key.key.id, by=CONSOLE, at=utc_now())
    time.sleep(0.9)
    assert asked(client, key.secret).status_code == 401


def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(client, access, store):
    key = make(store)
    assert asked(client, key.secret).status_code == 200
    with store.write() as conn:
        keys.revoke(conn, key.key.id, by=CONSOLE, at=utc_now())
    access.keys.forget()
    assert asked(client, key.secret).status_code == 401


def test_a_process_that_cannot_read_the_counter_believes_nothing_it_remembers(store):
    now = [100.0]
    cache = KeyCache(store, clock=utc_now, monotonic=lambda: now[0])
    key = make(store)
    cache.refresh()
    cache.looked_up(key.secret)
    assert cache.remembered(key.secret) is not None
    now[0] += 0.8
    assert cache.remembered(key.secret) is None


def test_what_was_read_before_a_change_is_not_remembered_after_it(store):
    cache = KeyCache(store, clock=utc_now)
    key = make(store)
    read = keys.find

    def find_then_another_process_revokes(conn, secret):
        found = read(conn, secret)
        with Store(store.engine).write() as other:
            keys.revoke(other, key.key.id, by=CONSOLE, at=utc_now())
        cache.refresh()
        return found

    keys.find = find_then_another_process_revokes
    try:
        cache.looked_up(key.secret)
    finally:
        keys.find = read
    assert cache.remembered(key.secret) is None


def test_a_rotated_key_overlaps_with_its_follower_and_then_ends(store):
    old = make(store, Scope.CHECK, Scope.ITEMS, per_minute=7)
    at = utc_now()
    with store.write() as conn:
        new = keys.rotate(conn, old.key.id, by=CONSOLE, at=at, random=urandom, overlap=timedelta(hours=2))
        both = [keys.find(conn, one.secret) for one in (old, new)]
    assert (new.key.scopes, new.key.per_minute, new.key.follows) == (old.key.scopes, 7, old.key.id)
    assert [one.usable(at + timedelta(hours=1)) for one in both] == [True, True]
    assert [one.usable(at + timedelta(hours=2)) for one in both] == [False, True]


def test_the_secret_of_a_key_is_not_in_the_database(store):
    from sqlalchemy import select

    from rempart.people.records.tables import api_keys

    key = make(store)
    with store.read() as conn:
        assert key.secret not in repr(conn.execute(select(api_keys)).all())
    assert len(key.secret) == 46


def test_guessing_keys_is_stopped_by_address_and_does_not_stop_a_key_in_use(client, store):
    key = make(store)
    assert asked(client, key.secret).status_code == 200
    answers = [asked(client, "rk_" + f"{number:043}").status_code for number in range(35)]
    assert answers[:30] == [401] * 30
    assert 429 in answers[30:]
    assert asked(client, key.secret).status_code == 200


def test_a_key_is_held_to_its_rate_and_told_how_long_to_wait(client, store):
    key = make(store, per_minute=8)
    answers = [asked(client, key.secret) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert "Wait" in answers[-1].json()["hint"]


def test_anyone_may_ask_what_is_public_but_not_without_end(store):
    access = access_of(store, address_per_minute=8)
    with served(application(access)) as address, Client(base_url=address) as client:
        assert [client.get("/v1/open").status_code for _ in range(3)] == [200, 200, 429]


def test_signals_are_counted_against_the_days_quota_of_all_processes(client, store):
    key = make(store, Scope.SIGNALS, signals_per_day=1000)
    headers = {"authorization": f"Bearer {key.secret}"}
    assert client.post("/v1/signals?count=900", headers=headers).status_code == 200
    other = Quotas(store, clock=utc_now)
    taken = sum(other.take(key.key.id, 1, limit=1000) for _ in range(200))
    refused = client.post("/v1/signals?count=100", headers=headers)
    assert refused.status_code == 429
    assert "midnight" in refused.json()["hint"]
    assert 900 + taken <= 1000


def test_quotas_taken_by_many_at_once_never_pass_the_limit(store):
    key = make(store, Scope.SIGNALS, signals_per_day=500)
    taken = []

    def spend():
        own = Quotas(store, clock=utc_now)
        taken.append(sum(own.take(key.key.id, 3, limit=500) for _ in range(60)) * 3)

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 480 <= sum(taken) <= 500


def test_a_route_that_declares_nothing_keeps_the_application_from_starting(store):
    app = application(access_of(store))
    inner = APIRouter()

    @inner.get("/forgotten")
    async def forgotten() -> None:
        return None

    outer = APIRouter(prefix="/v1")
    outer.include_router(inner)
    app.include_router(outer)
    with pytest.raises(RuntimeError, match="GET /v1/forgotten"):
        assert_all_routes_declare(app)


def test_a_folder_of_files_that_declares_nothing_keeps_the_application_from_starting(store, tmp_path):
    from starlette.staticfiles import StaticFiles

    app = application(access_of(store))
    app.mount("/files", StaticFiles(directory=tmp_path))
    with pytest.raises(RuntimeError, match="/files"):
        assert_all_routes_declare(app)
