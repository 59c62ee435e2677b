"""The report page in Chromium: readable by everyone, in both languages, without scripts or requests."""

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from pictures import jpeg
from scanning import build_list, known_good_list, rempart, sha256, write_all


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of one scan with every group in it, per language."""
    home = tmp_path_factory.mktemp("report")
    files = {"listed.jpg": jpeg(1), "never.jpg": jpeg(2), "cut.jpg": jpeg(3)[:1500], "good": b"good", "text": b"t"}
    tree = write_all(home / "tree", files)
    (tree / "<script>document.title='taken'<img src=x>").write_bytes(jpeg(4))
    (tree / os.fsdecode(b"long-" * 30 + "ملف.jpg".encode() + b"\xff")).write_bytes(jpeg(5))
    (tree / "link").symlink_to("text")
    lists = [
        "--list",
        build_list(home / "national", [sha256(jpeg(1))]),
        "--list",
        known_good_list(home / "nsrl", [sha256(b"good")]),
    ]
    made = {lang: home / f"{lang}.html" for lang in ("en", "fr")}
    for lang, path in made.items():
        done = rempart("scan", tree, *lists, "--html", path, "--lang", lang)
        assert done.returncode == 1, done.stderr
    return made


def opened(browser: Browser, path: Path, **context: Any) -> tuple[Page, list[str]]:
    page = browser.new_context(**context).new_page()
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("request", lambda request: noise.append(request.url))
    page.goto(path.as_uri())
    return page, noise


LOOKS = [
    {"viewport": {"width": 1200, "height": 900}},
    {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    {"viewport": {"width": 360, "height": 740}},
]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("look", LOOKS, ids=["wide", "dark", "narrow"])
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], lang: str, look: dict[str, Any]) -> None:
    page, _ = opened(browser, pages[lang], **look, bypass_csp=True)  # axe is a script; the page allows none
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.context.close()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_page_loads_nothing_and_breaks_none_of_its_own_rules(
    browser: Browser, pages: dict[str, Path], lang: str
) -> None:
    page, noise = opened(browser, pages[lang])
    assert noise == [pages[lang].as_uri()]
    assert page.locator("html").get_attribute("lang") == lang
    assert page.evaluate("document.styleSheets.length") == 1
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    page.context.close()


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
def test_page_never_scrolls_sideways(browser: Browser, pages: dict[str, Path], width: int) -> None:
    page, _ = opened(browser, pages["fr"], viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_page_reads_the_same_without_scripts(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = opened(browser, pages["en"], java_script_enabled=False)
    for heading in ("On a list", "Known good", "Never seen", "Could not be fully checked", "Left out on purpose"):
        assert page.get_by_role("heading", name=heading, exact=True).is_visible()
    assert page.title().startswith("Scan report")
    page.context.close()


def test_tables_keep_their_rows_on_a_narrow_screen(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = opened(browser, pages["en"], viewport={"width": 360, "height": 800})
    table = page.get_by_role("table", name="The groups")
    assert table.get_by_role("row").count() == 9
    assert table.get_by_role("rowheader", name="Known good").is_visible()
    page.context.close()


def test_page_prints_on_white(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = opened(browser, pages["en"], color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    page.context.close()
