"""Every route of the real application, asked by everybody: each role, each scope, nobody, and who came by a link."""

import re
from dataclasses import dataclass
from os import urandom

import httpx
import pytest

from inprocess import served
from rempart.clock import utc_now
from rempart.people import keys, persons, sessions
from rempart.people.permissions import BY_ROLE, BY_SCOPE, Permission, Role, Scope
from rempart.people.principal import CONSOLE
from rempart.people.records.sessions import sessions as session_rows
from rempart.server.access import Needs, Open, Public, declarations
from rempart.server.app import create_app
from rempart.server.pages.doors import PageNeeds
from rempart.server.runtime import Runtime
from serving import make_data

ENTER = ("/sign-in", "/set-up")


@dataclass(frozen=True)
class Asker:
    """Somebody who asks; `permissions` is what they have."""

    name: str
    permissions: frozenset[Permission]
    role: Role | None = None
    scope: Scope | None = None
    enrolling: bool = False


ASKERS = (
    Asker("nobody", frozenset()),
    Asker("somebody who came by a link", frozenset({Permission.ENROL}), enrolling=True),
    *(Asker(f"a {role.value}", BY_ROLE[role], role=role) for role in Role),
    *(Asker(f"a key for {scope.value}", BY_SCOPE[scope], scope=scope) for scope in Scope),
)


@dataclass
class House:
    """The running application and everybody in it."""

    address: str
    app: object
    runtime: Runtime
    people: dict[str, persons.Person]
    secrets: dict[Scope, str]

    def headers(self, asker: Asker) -> dict[str, str]:
        """What this one sends: a key, or the cookie of a session begun just now."""
        if asker.scope is not None:
            return {"authorization": f"Bearer {self.secrets[asker.scope]}"}
        found = {"sec-fetch-site": "same-origin", "accept": "application/json"}
        if asker.role is None and not asker.enrolling:
            return found
        access = self.runtime.access
        with access.store.write() as conn:
            started = sessions.start(
                conn, self.people[asker.role or "guest"], method="test", at=utc_now(), limits=access.limits,
                random=urandom, stage="enrolling" if asker.enrolling else "full",
            )  # fmt: skip
        return found | {"cookie": f"{access.cookie}={started.token}"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("house") / "data")
    with Runtime(settings) as runtime:
        store, at = runtime.access.store, utc_now()
        object.__setattr__(runtime.access, "address_per_minute", 1_000_000)
        with store.write() as conn:
            people = {
                name: persons.add(conn, name=name, roles=roles, by=CONSOLE, at=at, random=urandom)
                for name, roles in [("guest", ()), *((role.value, [role]) for role in Role)]
            }
            secrets = {
                scope: keys.create(
                    conn, label=scope, service="forum", scopes=[scope], by=CONSOLE, at=at, random=urandom
                ).secret
                for scope in Scope
            }
        app = create_app(runtime.service, runtime.access)
        with served(app) as address:
            yield House(address, app, runtime, people, secrets)


def refused(answer: httpx.Response) -> bool:
    """Not let in: 401, 403, or sent to sign in."""
    return answer.status_code in (401, 403) or (
        answer.status_code == 303 and answer.headers["location"].startswith(ENTER[0])
    )


def may(asker: Asker, declared: object) -> bool:
    if isinstance(declared, Public | Open):
        return True
    assert isinstance(declared, Needs)
    if isinstance(declared, PageNeeds) and declared.or_enrolling and asker.enrolling:
        return True
    if declared.permission not in asker.permissions:
        return False
    return declared.people if asker.scope is None else not isinstance(declared, PageNeeds)


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.name)
def test_every_route_lets_in_exactly_those_who_may(house, asker):
    wrong, asked = [], 0
    with httpx.Client(base_url=house.address, timeout=30) as client:
        headers = house.headers(asker)
        for path, methods, declared in declarations(house.app):
            assert declared is not None, path
            for method in sorted(methods - {"HEAD"}):
                answer = client.request(method, re.sub(r"\{[^}]*\}", "none", path), headers=headers)
                asked += 1
                headers = house.headers(asker) if path == "/sign-out" else headers
                let_in = not refused(answer) or path in ("/sign-in", "/sign-out", "/sign-in/provider")
                if let_in != may(asker, declared) and not (path == "/sign-out" and not may(asker, declared)):
                    wrong.append(f"{method} {path}: {answer.status_code} {answer.headers.get('location', '')}")
                assert answer.status_code < 500 or path == "/readyz", f"{method} {path}: {answer.text}"
    assert wrong == []
    assert asked > 70


PROVED = {
    "DELETE /v1/guards/{guard}/{kind}/{value}", "DELETE /v1/lists/{list_id}/entries/{ref:path}",
    "DELETE /v1/webhooks/{webhook_id}", "PATCH /v1/lists/{list_id}", "PATCH /v1/webhooks/{webhook_id}",
    "POST /v1/breakers:reset", "POST /v1/changes/{changes_id}/decision", "POST /v1/guards/{guard}",
    "POST /v1/policies/{policy_id}/approval", "POST /v1/webhooks", "POST /v1/webhooks/{webhook_id}/replay",
    "POST /v1/webhooks/{webhook_id}/rotate",
}  # fmt: skip


def test_what_pages_ask_a_proof_for_a_person_does_not_get_from_the_api_without_one(house):
    found = {}
    for path, methods, declared in declarations(house.app):
        if path.startswith("/v1") and isinstance(declared, Needs) and declared.proved:
            found |= {f"{method} {path}": declared.permission for method in methods}
    assert found.keys() == PROVED
    access = house.runtime.access
    with httpx.Client(base_url=house.address, timeout=30) as client:
        for route, permission in found.items():
            role = next(role for role in Role if permission in BY_ROLE[role])
            headers = house.headers(Asker("late", BY_ROLE[role], role=role))
            with access.store.write() as conn:
                conn.execute(session_rows.update().values(proved=None))
            method, path = route.split()
            answer = client.request(method, re.sub(r"\{[^}]*\}", "none", path), headers=headers)
            assert answer.status_code == 403, route
            assert "Confirm who you are" in answer.json()["hint"], route
            scope = next((scope for scope in Scope if permission in BY_SCOPE[scope]), None)
            if scope is not None:
                headers = house.headers(Asker("key", BY_SCOPE[scope], scope=scope))
                answer = client.request(method, re.sub(r"\{[^}]*\}", "none", path), headers=headers)
                assert answer.status_code not in (401, 403), route


def test_nothing_is_open_that_was_not_meant_to_be(house):
    found = {path for path, _, declared in declarations(house.app) if isinstance(declared, Public | Open)}
    assert found == {
        "/files/{name}",
        "/healthz",
        "/ledger/checkpoint",
        "/ledger/key",
        "/notice",
        "/notice/protect",
        "/notice/send",
        "/notice/{number}",
        "/openapi.json",
        "/readyz",
        "/sign-in",
        "/sign-in/link/{token}",
        "/sign-in/passkey",
        "/sign-in/passkey/options",
        "/sign-in/provider",
        "/sign-in/provider/back",
        "/transparency",
    }


def test_an_administrator_reaches_no_route_of_evidence(house):
    reached = {
        path
        for path, _, declared in declarations(house.app)
        if isinstance(declared, Needs)
        and declared.people
        and declared.permission in BY_ROLE[Role.ADMINISTRATOR]
        and re.search(r"evidence|cases|entries|content|items", path)
    }
    assert reached == set()


def test_no_route_is_for_keys_of_a_scope_that_could_second_anything(house):
    seconding = {Permission.LISTS_APPROVE, Permission.POLICY_APPROVE, Permission.REPORTS_APPROVE}
    by_key = frozenset().union(*BY_SCOPE.values())
    assert by_key.isdisjoint(seconding)
