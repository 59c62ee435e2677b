"""The register of orders on the console from all sides: both languages, wide, narrow, dark and empty."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import MOST_WEIGHT, NARROW, WIDE, seen, weight, window
from deployment import Deployment, deployment
from orderconsole import every_order
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("looks")) as found:
        yield found


@pytest.fixture(scope="module")
def places(house: Deployment) -> dict[str, str]:
    """Addresses of pages by their names."""
    told = every_order(house)
    return {name: f"/orders/{one}" for name, one in vars(told).items()} | {
        "register": "/orders", "register-all": "/orders?state=all", "new": "/orders/new",
        "disclosures": "/orders/disclosures",
    }  # fmt: skip


def cookie(house: Deployment, lang: str, role: Role = Role.LEAD) -> dict[str, str]:
    return house.cookie(f"zoe{role.value}{lang}", role, language=lang)


LOOKS = {
    "wide": ("en", {"viewport": WIDE}, None),
    "narrow": ("fr", {"viewport": NARROW}, {"register", "new", "removal", "held", "disclosures"}),
    "dark": ("fr", {"viewport": WIDE, "color_scheme": "dark"}, {"register", "new", "information", "preserved"}),
}
"""The language of each look, how the browser is set, and which pages: every one, or those with something of all."""


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_every_page_is_light(
    browser: Browser, house: Deployment, places: dict[str, str], look: str
) -> None:
    lang, options, names = LOOKS[look]
    with window(browser, house.address, cookie=cookie(house, lang), bypass_csp=True, **options) as found:
        for name, path in places.items():
            if names is not None and name not in names:
                continue
            found.weights.clear()
            found.page.goto(house.address + path)
            assert found.page.locator("html").get_attribute("lang") == lang
            seen(found, f"orders-{name}.{lang}.{look}")
            assert weight(found) <= MOST_WEIGHT, f"{name}: {weight(found)}"


def test_no_page_breaks_its_own_policy_of_content(browser: Browser, house: Deployment, places: dict[str, str]) -> None:
    with window(browser, house.address, cookie=cookie(house, "en", Role.AUDITOR)) as found:
        for name in ("register", "removal", "held", "disclosures"):
            assert found.page.goto(house.address + places[name]).status == 200  # type: ignore[union-attr]
            assert found.page.locator("h1").count() == 1
            assert found.page.locator("main form").count() == 0


def test_an_order_is_entered_and_ended_by_keyboard_and_without_scripts(
    browser: Browser, house: Deployment, places: dict[str, str]
) -> None:
    with window(browser, house.address, cookie=cookie(house, "en"), java_script_enabled=False) as found:
        page = found.page
        page.goto(house.address + "/orders")
        page.get_by_role("link", name="Enter an order").press("Enter")
        page.locator("input[value=information]").press("Space")
        page.fill("#authority", "A court in Rennes")
        page.select_option("#authority_class", "legal_process")
        page.fill("#country", "fr")
        page.fill("#reference", "TJ 77")
        page.fill("#received", f"{house.clock() - timedelta(days=2):%Y-%m-%dT%H:%M}")
        page.fill("#about", "https://forum.example/photos/99")
        page.select_option("#topic", "other")
        page.get_by_role("button", name="Enter it and begin").press("Enter")
        assert "The time has no zone." in page.locator("[role=alert]").inner_text()
        page.select_option("#received_zone", "+01:00")
        page.get_by_role("button", name="Enter it and begin").press("Enter")
        assert page.locator("[role=status]").count() == 1
        page.get_by_label("refused, with the reason").press("Space")
        page.fill("#answer", "Nothing is known of it.")
        page.get_by_role("button", name="End it").press("Enter")
        assert "Closed · refused" in page.locator("main").inner_text()


EMPTY = {
    "/orders": ("Orders will appear here", "Les injonctions apparaîtront ici"),
    "/orders/disclosures": ("will appear here once they have left", "apparaîtront ici une fois partis"),
}
"""What a page says in which nothing stands yet, in English and in French."""


def test_empty_pages_say_what_will_appear_there(browser: Browser, tmp_path_factory: Any) -> None:
    with deployment(tmp_path_factory.mktemp("empty")) as empty:
        for number, lang in enumerate(("en", "fr")):
            with window(browser, empty.address, cookie=cookie(empty, lang), bypass_csp=True) as found:
                for path, words in EMPTY.items():
                    found.page.goto(empty.address + path)
                    assert words[number] in found.page.locator("main").inner_text(), f"{path}, {lang}"
                    seen(found, f"orders-empty{path.replace('/', '-')}.{lang}")
