"""The desk's pages from all sides: both languages, wide and narrow, dark; with much in them and with nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import MOST_WEIGHT, NARROW, SHOTS, WIDE, Window, seen, weight, window
from deployment import Deployment, deployment
from hosting import Found, host
from rempart.cases.records import cases as case_records
from rempart.cases.records import near as near_records
from rempart.cases.work import accounts, claims, moves
from rempart.people import persons
from rempart.people.permissions import Role

LEAD = (Role.LEAD, Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR)
SAME = b"s" * 32
_OPEN_ALL = """async () => {
  for (const one of document.querySelectorAll(".holder details, .context details")) one.open = true;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))));
  window.__shift = 0;
}"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("looks")) as found:
        yield found


@pytest.fixture(scope="module")
def desk(house: Deployment) -> dict[str, str]:
    """A desk with something of everything: the ids of its cases by what they are."""
    house.cookie("lea", *LEAD)
    house.cookie("rita", Role.REVIEWER)
    matches = [
        Found(list="Hotline, known images", scheme="uk-abc", code="B", distance=0, signal_kind="sha256", probe=""),
        Found(list="Police, national", entry_id=2, ref="e-2", distance=14, probe="canonical/rotate90"),
        Found(list="Partner, spring", entry_id=3, ref="e-3", distance=27, opinion="disputed", mode="observing",
              scheme="iccam", code="1"),
    ]  # fmt: skip
    many = house.case(1_000, sha256=SAME, matches=matches, queue="exact", uploader="kite_77")
    at = house.clock()
    with house.store.write() as conn:
        for number in range(1_001, 1_500):
            host(conn, number, sha256=SAME, uploader=f"user_{number % 7}")
            case_records.add_item(conn, case_id=many, item=number, service="forum", added=at)
        for number in range(2_000, 2_003):
            host(conn, number, sha256=b"%032d" % number, uploader="kite_77", verdict="allow")
        near_records.propose(conn, [
            {"case_id": many, "item": number, "sha256": b"%032d" % number, "distance": 8 + number - 2_000,
             "probe": "canonical", "state": "proposed", "by": None, "at": at}
            for number in range(2_000, 2_003)
        ])  # fmt: skip
    lea, rita = house.principal("lea"), house.principal("rita")
    plain = house.case(3_000, kind="unchecked", matches=[])
    held = house.case(3_001, matches=[Found(distance=30)])
    urgent = house.case(3_002, kind="notice", matches=[Found()])
    with house.store.write() as conn:
        account = accounts.open_account_case(
            conn, service="market", uploader="seller_12", by=rita, at=at,
            facts=[accounts.AccountFact(kind="listing", text="Offers files for money in public listings.",
                                        url="https://market.example/listing/12"),
                   accounts.AccountFact(kind="linked_account", uploader="seller_13")],
        ).case  # fmt: skip
        moves.hold(conn, held, rita, until=at + timedelta(days=1), reason="Waits for the partner.", at=at)
        moves.note(conn, many, rita, "The partner was asked about the disputed entry.", at=at)
        moves.danger(conn, urgent, rita, reason="The notice speaks of today.", at=at, alarm=lambda *_: None)
        claims.claim(conn, plain, rita, at=at)
    return {"many": many, "plain": plain, "held": held, "urgent": urgent, "account": account, "lea": lea.id}


def looks(found: Window, house: Deployment, desk: dict[str, str], name: str, *, few: tuple[str, ...] = ()) -> None:
    paths = {
        "queue": "/cases", "queue-exact": "/cases?queue=exact&look=none", "on-hold": "/cases?held=1",
        "new": "/cases/new", "work": "/work", "danger": f"/cases/{desk['many']}/danger",
        "items": f"/cases/{desk['many']}/items",
        "uploader": f"/cases/{desk['many']}/uploader?service=forum&uploader=kite_77",
        "many-free": f"/cases/{desk['many']}", "taken": f"/cases/{desk['plain']}", "held": f"/cases/{desk['held']}",
        "urgent": f"/cases/{desk['urgent']}", "account": f"/cases/{desk['account']}", "home": "/",
    }  # fmt: skip
    for what, path in paths.items():
        if what not in few and few:
            continue
        found.weights.clear()
        found.page.goto(house.address + path)
        seen(found, f"desk-{what}.{name}")
        assert weight(found) <= MOST_WEIGHT, f"{what}: {weight(found)} bytes: {found.weights}"
    found.weights.clear()
    found.page.goto(house.address + paths["many-free"])
    found.page.locator("[data-key=t]").click()
    found.page.locator("#answer-form").wait_for()
    found.weights.clear()
    found.page.goto(house.address + paths["many-free"])
    seen(found, f"desk-many-mine.{name}")
    assert weight(found) <= MOST_WEIGHT, found.weights
    found.page.evaluate(_OPEN_ALL)
    seen(found, f"desk-many-open.{name}")
    found.page.keyboard.press("Escape")
    found.page.locator("body").click(position={"x": 5, "y": 200})
    found.page.keyboard.press("?")
    found.page.locator("dialog[open]").wait_for()
    seen(found, f"desk-keys.{name}")
    found.page.keyboard.press("Escape")
    found.page.locator("form[action$='/release'] button").click()


@pytest.mark.parametrize(("lang", "look"), [("en", "wide"), ("fr", "wide"), ("fr", "narrow"), ("en", "dark")])
def test_axe_finds_nothing_on_any_page_of_the_desk(
    browser: Browser, house: Deployment, desk: dict[str, str], lang: str, look: str
) -> None:
    with house.store.write() as conn:
        persons.set_language(conn, desk["lea"], lang)
    options: dict[str, Any] = {"viewport": NARROW if look == "narrow" else WIDE}
    if look == "dark":
        options["color_scheme"] = "dark"
    few = () if look == "wide" else ("queue", "work", "account")
    with window(browser, house.address, cookie=house.cookie("lea"), **options) as found:
        looks(found, house, desk, f"{lang}.{look}", few=few)


def test_a_case_prints_as_facts(browser: Browser, house: Deployment, desk: dict[str, str]) -> None:
    with window(browser, house.address, cookie=house.cookie("lea")) as found:
        found.page.goto(f"{house.address}/cases/{desk['many']}")
        found.page.emulate_media(media="print")
        assert found.page.locator("nav").first.is_hidden()
        assert found.page.locator("#matches").is_visible()
        if SHOTS:
            found.page.screenshot(path=f"{SHOTS}/desk-many.print.png", full_page=True)
