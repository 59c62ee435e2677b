"""Decisions, cases, webhooks, policy and look-back through a real server, as services and people use them."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time

import pytest
from sqlalchemy import select, text

from judging import assess_over, no_window
from pictures import jpeg as photo_bytes
from receivers import receiving, wait_until
from rempart.clock import utc_now
from rempart.lists.entry import Category, Entry, EntrySignal
from rempart.lists.records import insert_entries, lists
from rempart.lists.schemes import built_in
from rempart.people import persons, sessions
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE
from rempart.people.sessions import Limits
from rempart.policy.reading import default_text
from rempart.signals.values import Sha256
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.jobs import enqueue
from serving import ALL_SCOPES, add_list, make_data, make_key, serving

STRICT = default_text().replace('[otherwise]\nverdict = "allow"', '[otherwise]\nverdict = "hold"')


def signed_in(store, name: str, *roles: Role) -> str:
    """The cookie of a person's session."""
    with store.write() as conn:
        person = persons.add(conn, name=name, roles=roles, by=CONSOLE, at=utc_now(), random=secrets.token_bytes)
        started = sessions.start(
            conn, person, method="test", at=utc_now(), limits=Limits(), random=secrets.token_bytes
        )  # fmt: skip
    return started.token


class Site:
    """A running server, keys of two services, and people."""

    def __init__(self, server, store) -> None:
        self.server, self.store = server, store
        self.forum = server.client(make_key(store, *ALL_SCOPES))
        self.wiki = server.client(make_key(store, *ALL_SCOPES, service="wiki"))
        self.plain = server.client(make_key(store, Scope.CHECK, Scope.DECISIONS))
        self._people = {}

    def person(self, name: str, *roles: Role):
        if name not in self._people:
            client = self.server.client("unused")
            del client.headers["Authorization"]
            client.headers["Sec-Fetch-Site"] = "same-origin"
            client.cookies.set("rempart", signed_in(self.store, name, *roles))
            self._people[name] = client
        return self._people[name]

    def close(self) -> None:
        for client in (self.forum, self.wiki, self.plain, *self._people.values()):
            client.close()

    def check(self, item: str, data: bytes, client=None) -> dict:
        headers = {"Content-Type": "image/jpeg"}
        answer = (client or self.forum).post("/v1/check", params={"item_id": item}, content=data, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(request, tmp_path_factory):
    database = "" if request.param == "sqlite" else request.getfixturevalue("cluster").new_database()
    settings = make_data(tmp_path_factory.mktemp("feed") / "data", database=database)
    with Store.open(settings.database_url) as store, serving(settings) as server:
        made = Site(server, store)
        no_window(store)
        yield made
        made.close()


@pytest.fixture(scope="module")
def listed(site):
    """Bytes on a blocking list that the server has had since before any test."""
    data = photo_bytes(90)
    add_list(site.store, "police", [Sha256(hashlib.sha256(data).digest())])
    time.sleep(1)
    return data


@pytest.fixture
def case(site, listed):
    name = f"case-{secrets.token_hex(4)}"
    answer = site.check(name, listed)
    assert answer["verdict"] == "block"
    return name, answer["case"]


def test_a_case_shows_its_facts_to_analysts_of_its_service_and_to_reviewers(site, case):
    name, case_id = case
    shown = site.forum.get(f"/v1/cases/{case_id}").json()
    assert (shown["state"], shown["queue"], shown["reason"]) == ("open", "exact", "exact-match")
    assert name in [item["item_id"] for item in shown["items"]]
    assert shown["matches"][0]["list"] == "police"
    assert site.wiki.get(f"/v1/cases/{case_id}").status_code == 404
    assert site.plain.get(f"/v1/cases/{case_id}").status_code == 403
    assert site.person("rui", Role.REVIEWER).get(f"/v1/cases/{case_id}").json()["id"] == case_id
    assert site.person("ad", Role.ADMINISTRATOR).get(f"/v1/cases/{case_id}").status_code == 403
    assert case_id in [one["id"] for one in site.forum.get("/v1/cases").json()["cases"]]
    assert site.wiki.get("/v1/cases").json()["cases"] == []


def test_a_reviewers_decision_reaches_the_feed_of_the_service_alone(site, case):
    name, case_id = case
    before = site.forum.get("/v1/decisions", params={"limit": 1000}).json()["next"]
    answer = assess_over(site.person("rui", Role.REVIEWER), case_id, "release", rationale="a benign test picture")
    assert answer.status_code == 200, answer.text
    assert answer.json()["own"]["decisions"] == ["no_violation"]
    wait_until(lambda: site.forum.get(f"/v1/cases/{case_id}").json()["state"] == "decided")
    page = site.forum.get("/v1/decisions", params={"after": before}).json()
    assert name in [one["item_id"] for one in page["decisions"]]
    assert {(one["verdict"], one["previous"], one["reason"]) for one in page["decisions"]} == {
        ("allow", "block", "case")
    }
    assert page["more"] is False
    assert site.wiki.get("/v1/decisions").json()["decisions"] == []
    hidden = site.plain.get("/v1/decisions", params={"after": before}).json()["decisions"][0]
    assert (hidden["reason"], hidden["case"]) == (None, None)
    again = assess_over(site.person("rui"), case_id, "remove")
    assert again.status_code == 409
    assert site.forum.get(f"/v1/items/{name}").json()["verdict"] == "allow"


@pytest.mark.parametrize("who", ["service", "administrator", "auditor", "curator", "nobody"])
def test_only_reviewers_and_leads_decide(site, case, who):
    client = site.forum if who == "service" else site.person(who, *([Role(who)] if who != "nobody" else []))
    assert assess_over(client, case[1], "remove").status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"decisions": ["maybe"]}', 422),
        (b'{"decisions": []}', 422),
        (b'{"decisions": ["remove", "no_violation"]}', 422),
        (b'{"decisions": ["remove"], "scheme": "uk-abc"}', 422),
        (b'{"decisions": ["remove"], "scheme": "uk-abc", "code": "Z"}', 422),
        (b'{"decisions": ["remove"], "extra": 1}', 422),
        (b'{"decisions": ["remove"], "rationale": 5}', 422),
        (b'{"decisions": ["remove"], "rationale": "' + b"x" * 5000 + b'"}', 422),
        (b" " * 100_000, 413),
    ],
)
def test_a_wrong_body_is_told_and_decides_nothing(site, case, body, status):
    answer = site.person("rui", Role.REVIEWER).post(
        f"/v1/cases/{case[1]}/assessments", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]
    assert site.forum.get(f"/v1/cases/{case[1]}").json()["state"] == "open"


def test_the_feed_waits_for_the_next_decision(site, case):
    after = site.forum.get("/v1/decisions", params={"limit": 1000}).json()["next"]
    began = time.monotonic()
    assert site.forum.get("/v1/decisions", params={"after": after, "wait": 0.6}).json()["decisions"] == []
    assert 0.5 < time.monotonic() - began < 30
    found = []
    thread = threading.Thread(
        target=lambda: found.append(site.forum.get("/v1/decisions", params={"after": after, "wait": 30}).json())
    )
    thread.start()
    time.sleep(0.5)
    assess_over(site.person("rui", Role.REVIEWER), case[1], "remove")
    decided = time.monotonic()
    thread.join()
    assert found[0]["decisions"]
    assert time.monotonic() - decided < 20


@pytest.mark.parametrize("query", [{"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 5000}, {"wait": 999}])
def test_a_wrong_question_to_the_feed_is_told(site, query):
    answer = site.forum.get("/v1/decisions", params=query)
    assert answer.status_code == 422
    assert answer.json()["hint"]


def test_a_webhook_is_told_signed_and_can_be_replayed(site, case):
    with receiving() as receiver:
        made = site.forum.post("/v1/webhooks", json={"url": receiver.url})
        assert made.status_code == 201, made.text
        hook = made.json()
        assert hook["secret"].startswith("whsec_")
        assert "secret" not in site.forum.get(f"/v1/webhooks/{hook['id']}").json()
        assert site.wiki.get(f"/v1/webhooks/{hook['id']}").status_code == 404
        assess_over(site.person("rui", Role.REVIEWER), case[1], "remove")
        wait_until(lambda: receiver.requests)
        _, headers, body = receiver.requests[0]
        secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == expected
        told = json.loads(body)["data"]
        assert told["verdict"] == "block"
        wait_until(
            lambda: (
                "waiting"
                not in [
                    one["state"] for one in site.forum.get(f"/v1/webhooks/{hook['id']}/messages").json()["messages"]
                ]
            )
        )
        messages = site.forum.get(f"/v1/webhooks/{hook['id']}/messages").json()["messages"]
        assert messages[0]["attempts"][0]["status"] == 204
        before = len(receiver.requests)
        replayed = site.forum.post(f"/v1/webhooks/{hook['id']}/replay", json={"after": told["seq"] - 1}).json()
        assert replayed["next"] is None
        wait_until(lambda: len(receiver.requests) >= before + replayed["count"])
        assert headers["webhook-id"] in receiver.ids()[before:]
        new = site.forum.post(f"/v1/webhooks/{hook['id']}/rotate", json={"overlap_hours": 1}).json()["secret"]
        assert new != hook["secret"]
        assert site.forum.patch(f"/v1/webhooks/{hook['id']}", json={"enabled": False}).json()["state"] == "disabled"
        assert site.forum.delete(f"/v1/webhooks/{hook['id']}").status_code == 204
        assert site.forum.get(f"/v1/webhooks/{hook['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://example.org/hook"},
        {"url": "https://user:pw@example.org/"},
        {"url": "file:///etc/passwd"},
        {"url": ""},
        {"url": "https://example.org/", "service": "wiki"},
        {"url": "https://example.org/", "colour": "red"},
        {},
    ],
)
def test_a_webhook_that_may_not_be_is_refused(site, body):
    answer = site.forum.post("/v1/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.json()["hint"]
    assert site.forum.get("/v1/webhooks").json()["webhooks"] == []


def test_a_new_entry_is_looked_back_for_within_seconds(site):
    data = photo_bytes(91)
    answer = site.check("hosted", data)
    assert answer["verdict"] == "allow"
    after = site.forum.get("/v1/decisions", params={"limit": 1000}).json()["next"]
    entry_signal = Sha256(hashlib.sha256(data).digest())
    add_list(site.store, "late", [])
    with site.store.write() as conn:
        number = conn.execute(select(lists.c.number).where(lists.c.name == "late")).scalar_one()
        change = next_number(conn, "lists")
        entry = Entry(
            id="late-1", signals=(EntrySignal(signal=entry_signal),), category=Category(scheme="listed", code="listed")
        )
        insert_entries(conn, [entry], list_number=number, schemes=built_in(), number=change, at=utc_now())
        enqueue(conn, "lookback", {"after": change - 1, "upto": change}, now=utc_now())
    page = site.forum.get("/v1/decisions", params={"after": after, "wait": 20}).json()
    assert [(one["item_id"], one["verdict"], one["reason"]) for one in page["decisions"]] == [
        ("hosted", "block", "new_entry")
    ]


def test_searching_hosted_items_needs_a_lead_and_a_purpose(site):
    data = photo_bytes(92)
    site.check("searched", data)
    asked = {"sha256": hashlib.sha256(data).hexdigest(), "purpose": "request 17 of the police"}
    lead = site.person("lea", Role.LEAD)
    found = lead.post("/v1/lookback/search", json=asked).json()
    assert found == {
        "items": [
            {"service": "forum", "item_id": "searched", "signal": "sha256", "probe": "exact", "distance": 0}
        ],
        "cut": False,
    }  # fmt: skip
    assert lead.post("/v1/lookback/search", json=asked | {"purpose": "why"}).status_code == 422
    assert lead.post("/v1/lookback/search", json={"purpose": "no signal at all"}).status_code == 422
    assert lead.post("/v1/lookback/search", json=asked | {"sha256": "zz"}).status_code == 422
    assert site.person("rui", Role.REVIEWER).post("/v1/lookback/search", json=asked).status_code == 403
    assert site.forum.post("/v1/lookback/search", json=asked).status_code == 403
    with site.store.read() as conn:
        leaves = [
            body for body in conn.execute(text("SELECT body FROM ledger_leaves")).scalars() if "search.made" in body
        ]  # fmt: skip
    assert len(leaves) == 1
    assert "police" not in leaves[0]
    (made,) = site.person("aud", Role.AUDITOR).get("/v1/lookback/searches").json()["searches"]
    assert (made["purpose"], made["signals"], made["items"]) == ("request 17 of the police", ["sha256"], 1)
    assert site.person("rui").get("/v1/lookback/searches").status_code == 403


ODD = ["%00", "x" * 300, "case_%00", "..%2f..%2fetc", "%F0%9F%92%A5", "case_'; DROP TABLE cases; --", " "]


@pytest.mark.parametrize("odd", ODD)
def test_odd_ids_are_not_there_and_nothing_worse(site, odd):
    rui, lea = site.person("rui", Role.REVIEWER), site.person("lea", Role.LEAD)
    assert rui.get(f"/v1/cases/{odd}").status_code == 404
    assert assess_over(rui, odd, "remove").status_code == 404
    assert site.forum.get(f"/v1/webhooks/{odd}").status_code == 404
    assert site.forum.get(f"/v1/webhooks/{odd}/messages").status_code == 404
    assert site.forum.delete(f"/v1/webhooks/{odd}").status_code == 404
    assert lea.get(f"/v1/policies/{odd}").status_code == 404
    assert site.forum.get("/v1/cases", params={"after": odd}).status_code == 422
    assert site.forum.get("/v1/cases", params={"queue": "\0"}).status_code == 422


@pytest.mark.parametrize("reason", ["\0", "a\0b", "\ud800"])
def test_a_reason_that_no_database_keeps_is_refused(site, case, reason):
    body = json.dumps({"decisions": ["remove"], "rationale": reason}).encode()
    answer = site.person("rui", Role.REVIEWER).post(
        f"/v1/cases/{case[1]}/assessments", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert site.forum.get(f"/v1/cases/{case[1]}").json()["state"] == "open"


def test_a_policy_comes_into_force_through_two_people(site):
    lead, other = site.person("lea", Role.LEAD), site.person("bo", Role.CURATOR)
    assert lead.get("/v1/policy").json()["version"] == 1
    mistaken = STRICT.replace('verdict = "hold", case', 'verdict = "held", case', 1)
    wrong = lead.post("/v1/policies", json={"text": mistaken})
    assert wrong.status_code == 422
    assert "Line " in wrong.json()["detail"]
    made = lead.post("/v1/policies", json={"text": STRICT})
    assert made.status_code == 201, made.text
    path = f"/v1/policies/{made.json()['id']}"
    assert lead.post(f"{path}/approval", json={"approve": True}).status_code == 422
    assert site.check("before-policy", photo_bytes(93))["verdict"] == "allow"
    done = other.post(f"{path}/approval", json={"approve": True, "reason": "agreed"})
    assert done.json()["version"] == 2, done.text
    assert site.check("after-policy", photo_bytes(94))["verdict"] == "hold"
    assert lead.get(path).json()["text"] == STRICT
    assert [one["version"] for one in lead.get("/v1/policies").json()["policies"]][:2] == [2, 1]
    assert site.forum.get("/v1/policy").status_code == 403
    assert site.person("rui", Role.REVIEWER).get("/v1/policy").status_code == 403
