"""The pages that run a deployment from all sides: both languages, wide, narrow and dark, filled and empty."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from sqlalchemy import text

from consolebrowser import MOST_WEIGHT, NARROW, WIDE, seen, weight, window
from curating import entries, entry, ndjson, stream
from deployment import Deployment, deployment
from listfiles import draw
from rempart.cases import events, webhooks
from rempart.cases.records import webhooks as hook_records
from rempart.clock import utc_now
from rempart.evidence.ledger import Leaf, append
from rempart.lists import breaker_records, entry_records
from rempart.lists.ingest import Wishes
from rempart.lists.records import Mode
from rempart.people.permissions import Role, Scope
from rempart.people.principal import SYSTEM
from rempart.server.ledgers import open_sequencer
from rempart.store.jobs import enqueue, jobs
from serving import make_key

DARK = {"list", "changeset", "health", "ledger", "policy-new"}
"""Pages that have something of all that the others have."""
ALL = (Role.LEAD, Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR)


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("looks")) as found:
        yield found


@pytest.fixture(scope="module")
def places(house: Deployment) -> dict[str, str]:
    """A deployment with something of everything: addresses of pages by their names."""
    house.person("zoe", *ALL), house.person("bert", Role.CURATOR)
    anna, bert = house.principal("anna", Role.CURATOR), house.principal("bert")
    found = _lists(house, anna, bert) | _items(house) | _webhooks(house)
    with house.store.write() as conn:
        enqueue(conn, "lookback", {}, now=utc_now() + timedelta(days=9))
        number = conn.execute(text("SELECT max(id) FROM jobs")).scalar_one()
        dead = {"state": "dead", "error": "The database could not be used now.", "attempts": 16, "finished": utc_now()}
        conn.execute(jobs.update().where(jobs.c.id == number).values(**dead))
    open_sequencer(house.runtime.service.settings, house.store).checkpoint()
    return found | {
        "lists": "/lists", "breakers": "/lists/breakers", "guards": "/lists/guards", "items": "/items",
        "search": "/items/search", "webhooks": "/webhooks", "policy": "/policy", "policy-new": "/policy/new",
        "ledger": "/ledger", "ledger-leaf": "/ledger/leaves/3", "health": "/health", "machine": "/health/machine",
    }  # fmt: skip


def _lists(house: Deployment, anna: Any, bert: Any) -> dict[str, str]:
    curated = house.curation
    known = curated.create(name="Hotline, known images", by=anna, mode=Mode.BLOCKING)
    staged = curated.take_in(known.id, stream(ndjson(60, seed=3)), Wishes(origin="hotline", feed=True), by=anna)
    curated.decide(staged.id, by=bert, approve=True)
    spring = curated.create(name="Partner, spring", by=anna)
    curated.add(spring.id, entries(4, seed=8, prefix="spring-"), Wishes(), by=anna)
    curated.withdraw(spring.id, "spring-1", by=anna, reason="a mistake")
    canary = draw(99).md5()
    curated.guard("canary", [canary], by=anna)
    curated.guards._read_at = -1e9
    waits = curated.add(known.id, [entry("new-1", draw(7).pdq()), entry("logo", canary)], Wishes(), by=anna)
    with house.store.write() as conn:
        one, two = entry_records.entries_page(conn, known.number, limit=2)
        breaker_records.trip(conn, f"entry:{one.id}", count=412, usual=3, at=utc_now())
        facts = {"entry": two.id, "items": 1_204, "most": 1_000}
        append(
            conn, Leaf(action="lookback.stopped", actor="system", facts=facts, subject="lookback:stops"), at=utc_now()
        )
    here = f"/lists/{known.id}"
    return {
        "list": here, "entries": here + "/entries", "import": here + "/import", "changes": here + "/changes",
        "changeset": f"{here}/changes/{waits.id}", "about": f"/ledger/about?subject=list:{known.id}",
    }  # fmt: skip


def _items(house: Deployment) -> dict[str, str]:
    key = make_key(house.store, Scope.CHECK, Scope.SIGNALS)
    with house.store.read() as conn:
        value = conn.execute(text("SELECT value FROM entry_signals WHERE kind = 'md5' LIMIT 1")).scalar()
    client = house.browser("nobody")
    headers = {"authorization": f"Bearer {key}", "cookie": ""}
    for number in range(4):
        md5 = value.hex() if value and number == 3 else f"{number:032x}"
        asked = {"item_id": f"photo-{number}", "uploader": "kite_77", "url": f"https://forum.example/photo-{number}",
                 "published": True, "signals": {"md5": md5}, "context": {"place": "avatar"}}  # fmt: skip
        assert client.post("/v1/check", json=asked, headers=headers).status_code == 200
    with house.store.read() as conn:
        number = conn.execute(text("SELECT max(id) FROM items")).scalar_one()
    return {"item": f"/items/{number}", "items-uploader": "/items?service=forum&uploader=kite_77"}


def _webhooks(house: Deployment) -> dict[str, str]:
    with house.store.write() as conn:
        row, _ = webhooks.add_endpoint(
            conn, service="forum", url="https://forum.example/rempart", by=SYSTEM, at=utc_now(),
            keyring=house.runtime.service.vault.keyring, random=lambda count: b"r" * count,
        )  # fmt: skip
        message = events.send(conn, endpoint=row.id, decision="decision_none", at=utc_now())
        conn.execute(jobs.delete().where(jobs.c.key == message))
        attempt = {"message": message, "at": utc_now(), "status": 503, "error": None, "milliseconds": 81}
        hook_records.add_attempt(conn, attempt)
        hook_records.change_message(conn, message, state="given_up", settled=utc_now())
    return {"webhook": f"/webhooks/{row.id}"}


def cookie(house: Deployment, lang: str) -> dict[str, str]:
    return house.cookie("zoe" + lang, *ALL, language=lang)


@pytest.mark.parametrize(("lang", "look"), [("en", "wide"), ("fr", "narrow"), ("fr", "dark")])
def test_axe_finds_nothing_and_every_page_is_light(
    browser: Browser, house: Deployment, places: dict[str, str], lang: str, look: str
) -> None:
    options: dict[str, Any] = {"viewport": NARROW if look == "narrow" else WIDE, "bypass_csp": True}
    options |= {"color_scheme": "dark"} if look == "dark" else {}
    with window(browser, house.address, cookie=cookie(house, lang), **options) as found:
        for name, path in places.items():
            if look == "dark" and name not in DARK:
                continue
            found.weights.clear()
            found.page.goto(house.address + path)
            assert found.page.locator("html").get_attribute("lang") == lang
            seen(found, f"running-{name}.{lang}.{look}")
            assert weight(found) <= MOST_WEIGHT, f"{name}: {weight(found)}"


def test_pages_work_by_keyboard_and_without_scripts(
    browser: Browser, house: Deployment, places: dict[str, str], tmp_path: Path
) -> None:
    with window(browser, house.address, cookie=cookie(house, "en"), java_script_enabled=False) as found:
        page = found.page
        page.goto(house.address + "/lists")
        page.fill("#name", "By keyboard")
        page.get_by_role("button", name="Make the list").press("Enter")
        page.get_by_role("link", name="Take in a file").press("Enter")
        file = tmp_path / "list.jsonl"
        file.write_text(ndjson(5, seed=70))
        page.set_input_files("#file", file)
        page.get_by_role("button", name="Take it in").press("Enter")
        assert "It is taken in." in page.locator("[role=status]").inner_text()
        page.get_by_role("link", name="By keyboard").press("Enter")
        page.get_by_role("link", name="Entries", exact=True).press("Enter")
        page.get_by_label("Choose e2").press("Space")
        page.get_by_label("Choose e3").press("Space")
        page.fill("#reason", "not ours")
        page.get_by_role("button", name="Withdraw the chosen entries").press("Enter")
        assert "are withdrawn" in page.locator("[role=status]").inner_text()
        page.goto(house.address + places["health"])
        page.get_by_role("button", name="Send the chosen ones again").press("Enter")
        assert "on their way again" in page.locator("[role=status]").inner_text()


EMPTY = {
    "/lists": ("Your hash lists will appear here.", "Vos listes d’empreintes apparaîtront ici."),
    "/lists/breakers": (
        "Entries and rules that matched far more than usual will appear here.",
        "Les entrées et règles qui ont correspondu bien plus que d’habitude apparaîtront ici.",
    ),
    "/items": ("What services ask about will appear here.", "Ce que les services soumettent apparaîtra ici."),
    "/webhooks": ("The webhooks of services will appear here.", "Les webhooks des services apparaîtront ici."),
    "/policy": ("Earlier versions will appear here.", "Les versions antérieures apparaîtront ici."),
    "/ledger": ("No authority is set.", "Aucune autorité n’est indiquée."),
    "/health": ("Work that fails too often will appear here.", "Un travail qui échoue trop souvent apparaîtra ici."),
}  # fmt: skip
"""What a page says in which nothing stands yet, in English and in French."""


def test_empty_pages_say_what_will_appear_there(browser: Browser, tmp_path_factory: Any) -> None:
    with deployment(tmp_path_factory.mktemp("empty")) as empty:
        for number, lang in enumerate(("en", "fr")):
            with window(browser, empty.address, cookie=cookie(empty, lang), bypass_csp=True) as found:
                for path, words in EMPTY.items():
                    found.page.goto(empty.address + path)
                    assert words[number] in found.page.locator("main").inner_text(), f"{path}, {lang}"
                    seen(found, f"running-empty{path.replace('/', '-')}.{lang}")
