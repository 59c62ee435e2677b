"""Killing a server in the middle of deciding and telling: what was decided is told, and nothing else is."""

import json
import random
import secrets
import threading
import time
from pathlib import Path

import httpx
from sqlalchemy import select

from hosting import Found
from judging import assess_over, no_window
from receivers import receiving, wait_until
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases, decisions
from rempart.clock import utc_now
from rempart.items.records import items
from rempart.people import persons, sessions
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.people.sessions import Limits
from rempart.store.engine import Store
from serving import Server, make_data, make_key

CASES_IN_ROUND = 30


def reviewer(store: Store) -> str:
    """The cookie of a reviewer's session."""
    with store.write() as conn:
        person = persons.add(
            conn, name="rui", roles=[Role.REVIEWER], by=CONSOLE, at=utc_now(), random=secrets.token_bytes
        )
        return sessions.start(
            conn, person, method="test", at=utc_now(), limits=Limits(), random=secrets.token_bytes
        ).token  # fmt: skip


def open_cases(store: Store, first: int) -> list[str]:
    """Cases with an item each, ready to be decided."""
    found = []
    with store.write() as conn:
        for number in range(first, first + CASES_IN_ROUND):
            row = {
                "id": number, "service": "forum", "item_id": f"photo-{number}", "uploader": None, "url": None,
                "published": None, "context": {}, "sha256": None, "media_type": None, "size": None, "verdict": "hold",
                "decided": None, "request": f"check_{number}", "object": None, "created": utc_now(),
                "checked": utc_now(), "gone": None,
            }  # fmt: skip
            items.add(conn, [row])
            case_id = open_case(
                conn, kind="match", queue="similar", assessors=1, matches=[Found()], reason="similar-match",
                item=CaseItem(id=number, service="forum", sha256=None), policy_version=1, by=SYSTEM, at=utc_now(),
            )  # fmt: skip
            found.append(case_id)
    return found


def decide_all(url: str, cookie: str, ids: list[str], acknowledged: set[str]) -> None:
    """Decide until the server is gone; note what it said it has decided."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=url, cookies={"rempart": cookie}, headers=headers, timeout=10) as client:
        for case_id in ids:
            try:
                answer = assess_over(client, case_id, "remove")
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                acknowledged.add(case_id)


def killed_again_and_again(folder: Path, *, rounds: int, seed: int) -> None:
    """Decide cases, kill the server somewhere in the middle, start it again; then count."""
    chance = random.Random(seed)
    settings = make_data(folder / "data")
    acknowledged: set[str] = set()
    with Store.open(settings.database_url) as store, receiving() as receiver:
        cookie = reviewer(store)
        no_window(store)
        key = make_key(store, Scope.WEBHOOKS)
        server = Server(settings)
        try:
            with server.client(key) as client:
                assert client.post("/v1/webhooks", json={"url": receiver.url}).status_code == 201
            for number in range(rounds):
                ids = open_cases(store, 1 + number * CASES_IN_ROUND)
                thread = threading.Thread(target=decide_all, args=(server.url, cookie, ids, acknowledged))
                thread.start()
                time.sleep(chance.uniform(0.02, 0.6))
                server.kill()
                thread.join()
                server = Server(settings)
            wait_until(lambda: not settling(store), 60)
            with store.read() as conn:
                rows = conn.execute(select(decisions.decisions.c.id, decisions.decisions.c.case_id)).all()
                decided = set(conn.execute(select(cases.cases.c.id).where(cases.cases.c.state == "decided")).scalars())
            made = {row.id for row in rows}
            wait_until(lambda: {told_of(body) for _, _, body in list(receiver.requests)} >= made, 60)
        finally:
            server.kill()
        assert acknowledged
        assert acknowledged <= decided
        assert sorted(row.case_id for row in rows) == sorted(decided)  # each decision once
        told = [(headers["webhook-id"], told_of(body)) for _, headers, body in receiver.requests]
        assert {decision for _, decision in told} == made  # none lost, none without its decision
        assert len(set(told)) == len(made)  # a message that comes again keeps its id


def settling(store: Store) -> list[str]:
    """Cases that were answered and whose outcome has not taken effect."""
    with store.read() as conn:
        return list(
            conn.execute(
                select(cases.cases.c.id).where(cases.cases.c.stage == "settling", cases.cases.c.state == "open")
            ).scalars()
        )


def told_of(body: bytes) -> str:
    """The decision that a message is about."""
    return json.loads(body)["data"]["id"]
