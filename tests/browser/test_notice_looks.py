"""Every public page from all sides: in both languages, narrow, wide, dark, on paper; no step is too heavy."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import pictures
from consolebrowser import SHOTS, Window, seen, window
from deployment import Deployment, deployment
from noticewalk import opened
from rempart.server.access_limits import networks

SLIM, WIDE = {"width": 320, "height": 640}, {"width": 1200, "height": 900}
MOST_GZIP = 25_000
FEW = ("1-who-again", "5-words", "7-review", "8-sent", "9-case")
"""Looked at when dark and when wide."""
WHERE = "https://forum.example/photos/17\nhttps://例え.テスト/画像/" + "lang" * 40


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("notice-looks")) as found:
        opened(found, regimes=("us-tida", "uk-osa", "eu-dsa"))
        object.__setattr__(found.runtime.access, "trusted", networks(["127.0.0.0/8"]))
        yield found


class Walk:
    """Goes the way with a mouse, and looks at each step."""

    def __init__(self, found: Window, house: Deployment, name: str, copy: Path) -> None:
        self.found, self.page, self.house, self.name, self.copy = found, found.page, house, name, copy
        self.heaviest = 0

    def see(self, what: str) -> None:
        if "slim" not in self.name and what not in FEW:
            return
        seen(self.found, f"notice-{what}.{self.name}")
        page = self.page
        assert page.title() in ("Contact", "Formulaire")
        assert page.locator("h1").count() == 1
        sent = re.findall(r'(?:src|href|data-worker)="(/files/[^"]+)"', page.content())
        parts = [page.content().encode(), *(page.request.get(self.house.address + one).body() for one in set(sent))]
        self.heaviest = max(self.heaviest, sum(len(gzip.compress(part)) for part in parts))

    def next(self) -> None:
        self.page.locator("button[value=next]").click()

    def to(self, role: str, minor: str = "no") -> None:
        self.page.goto(f"{self.house.address}/notice?lang={self.name[:2]}")
        self.page.check(f"input[name=role][value={role}]")
        self.next()
        if role != "bystander":
            self.page.check(f"input[name=minor][value={minor}]")
            self.next()

    def short_ways(self) -> None:
        self.to("bystander")
        self.see("bystander")
        self.to("parent", "yes")
        self.see("child")
        self.page.fill("#where", WHERE)
        self.next()
        self.see("child-review")
        self.page.locator("form[action='/notice/send'] button.main").click()
        self.see("child-sent")

    def whole(self) -> None:
        page = self.page
        page.goto(f"{self.house.address}/notice?lang={self.name[:2]}")
        self.see("1-who")
        self.next()
        self.see("1-who-again")
        page.check("input[value=self]")
        self.next()
        self.see("2-age")
        page.check("input[value=no]")
        self.next()
        self.see("3-where")
        page.locator("main details summary").click()
        page.fill("#where", "the second one")
        self.next()
        self.see("3-where-again")
        page.fill("#where", WHERE)
        self.next()
        self.copied()
        self.see("5-words")
        page.fill("#explanation", "I did not agree.\n\nNobody asked me.")
        page.check("input[name=good_faith]")
        self.next()
        self.see("6-you")
        page.fill("#contact", "ada@mail.example")
        self.next()
        self.see("7-review")
        page.locator("footer summary").click()
        self.see("7-review-keeps")
        page.locator("form[action='/notice/send'] button.main").click()
        page.locator(".secret").first.wait_for()
        self.see("8-sent")

    def copied(self) -> None:
        self.see("4-copy")
        self.page.set_input_files("#copy", self.copy)
        self.page.wait_for_selector("#hash [data-remove]:not([hidden])")
        self.page.evaluate("window.__shift = 0")
        self.see("4-copy-done")
        self.next()

    def case(self) -> None:
        number, secret = self.page.locator(".secret").all_inner_texts()
        self.page.goto(f"{self.house.address}/notice/{number}?lang={self.name[:2]}")
        self.see("9-number")
        self.page.fill("#secret", "3333")
        self.page.locator("main form button.main").click()
        self.see("9-number-again")
        self.page.fill("#secret", secret)
        self.page.locator("main form button.main").click()
        self.page.locator(".places").wait_for()
        self.see("9-case")
        self.page.locator("button[value=ask-withdraw]").click()
        self.see("9-withdraw")
        self.page.locator("button[value=withdraw]").click()
        self.see("9-withdrawn")
        self.page.goto(f"{self.house.address}/notice/a/b?lang={self.name[:2]}")
        self.see("stray")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: Any) -> Path:
    found = tmp_path_factory.mktemp("copy") / "copy.jpg"
    found.write_bytes(pictures.jpeg(7))
    return Path(found)


@pytest.mark.parametrize(("lang", "look"), [("en", "slim"), ("fr", "slim"), ("fr", "dark"), ("en", "wide")])
def test_axe_finds_nothing_on_any_step_and_none_is_too_heavy(
    browser: Browser, house: Deployment, copy: Path, lang: str, look: str
) -> None:
    options: dict[str, Any] = {"viewport": WIDE if look == "wide" else SLIM}
    options["extra_http_headers"] = {"x-forwarded-for": f"192.0.2.{['slim', 'dark', 'wide'].index(look)}"}
    if look == "dark":
        options["color_scheme"] = "dark"
    with window(browser, house.address, **options) as found:
        walk = Walk(found, house, f"{lang}.{look}", copy)
        walk.whole()
        walk.case()
        if look == "slim":
            walk.short_ways()
        assert walk.heaviest <= MOST_GZIP, walk.heaviest


def test_the_number_and_the_secret_can_be_put_on_paper(browser: Browser, house: Deployment) -> None:
    with window(browser, house.address) as found:
        page: Page = found.page
        page.goto(f"{house.address}/notice?lang=en")
        page.check("input[value=bystander]")
        page.locator("button[value=next]").click()
        page.fill("#where", WHERE)
        page.locator("button[value=next]").click()
        page.get_by_role("button", name="Send").click()
        page.locator(".secret").first.wait_for()
        page.emulate_media(media="print")
        assert page.locator(".secret").last.is_visible()
        assert page.locator("header").is_hidden()
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/notice-sent.print.png", full_page=True)
