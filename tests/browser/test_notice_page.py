"""A person goes the way of a notice in Chromium: by keyboard, without scripts, offline while hashing, and leaves."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

import pictures
from consolebrowser import window
from deployment import Deployment, deployment
from inprocess import served
from noticewalk import opened
from rempart.server.access_limits import networks

WHERE = "https://forum.example/photos/17"
_PLACES = count(1)
WAYS_OUT = """async (to) => {
  const tried = {
    fetch: () => fetch(`${to}/fetch`, { mode: "no-cors" }), own: () => fetch("/notice"),
    beacon: () => navigator.sendBeacon(`${to}/beacon`, "x"), picture: () => { new Image().src = `${to}/picture`; },
    socket: () => new WebSocket(to.replace("http", "ws")), events: () => new EventSource(`${to}/events`),
    request: () => { const one = new XMLHttpRequest(); one.open("POST", `${to}/xhr`); one.send("x"); },
    frame: () => { const one = document.createElement("iframe"); one.src = `${to}/frame`; document.body.append(one); },
    style: () => { const one = document.createElement("link"); one.rel = "stylesheet"; one.href = `${to}/style`;
                   document.head.append(one); },
    prefetch: () => { const one = document.createElement("link"); one.rel = "prefetch"; one.href = `${to}/prefetch`;
                      document.head.append(one); },
    form: () => { const one = document.createElement("form"); one.action = `${to}/form`; one.method = "post";
                  document.body.append(one); one.submit(); },
    serviceWorker: () => navigator.serviceWorker.register("/files/notice.js"),
  };
  const failed = [];
  for (const [name, go] of Object.entries(tried)) {
    try { await Promise.race([go(), new Promise((done) => setTimeout(done, 150))]); } catch { failed.push(name); }
  }
  await new Promise((done) => setTimeout(done, 200));
  return failed;
}"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another site, and what it was asked for."""
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<!doctype html><title>Weather</title><h1>Weather</h1>"})

    with served(app) as address:
        yield address, asked


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any, elsewhere: tuple[str, list[str]]) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("notice-page")) as found:
        opened(found, leave=f"{elsewhere[0]}/weather")
        object.__setattr__(found.runtime.access, "trusted", networks(["127.0.0.0/8"]))
        yield found


def somewhere() -> dict[str, Any]:
    """A place of one's own: whoever sends many notices is slowed."""
    return {"extra_http_headers": {"x-forwarded-for": f"192.0.2.{next(_PLACES)}"}}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: Any) -> Path:
    found = tmp_path_factory.mktemp("copy") / "very private name.jpg"
    found.write_bytes(pictures.jpeg(11))
    return Path(found)


def go_on(page: Page) -> None:
    page.locator("button[value=next]").click()


def to_review(page: Page, house: Deployment, copy: Path | None = None) -> None:
    page.goto(f"{house.address}/notice?lang=en")
    page.check("input[value=self]")
    go_on(page)
    page.check("input[value=no]")
    go_on(page)
    page.fill("#where", WHERE)
    go_on(page)
    if copy:
        page.set_input_files("#copy", copy)
        page.wait_for_selector("#hash [data-remove]:not([hidden])")
    go_on(page)
    page.fill("#explanation", "Das bin ich – ohne „Ja“.\n\nتم النشر دون موافقتي")
    go_on(page)
    go_on(page)
    page.locator("#notice").wait_for()


def parts_of(request: Request) -> dict[str, str]:
    """The fields of a form as its body holds them."""
    kind = request.headers["content-type"].encode()
    body = message_from_bytes(b"content-type: " + kind + b"\r\n\r\n" + (request.post_data_buffer or b""))
    found = {}
    for part in body.get_payload():
        assert part.get_filename() is None
        found[part.get_param("name", header="content-disposition")] = part.get_payload(decode=True).decode()
    return found


def test_exactly_what_is_shown_is_sent_and_nothing_else_is_asked_for(
    browser: Browser, house: Deployment, copy: Path
) -> None:
    with window(browser, house.address, **somewhere()) as found:
        page, posted, asked = found.page, [], []
        page.on("request", lambda one: asked.append(one.url))
        to_review(page, house, copy)
        shown = page.locator("#notice").input_value()
        page.on("request", lambda one: posted.append(one) if one.method == "POST" else None)
        page.get_by_role("button", name="Send").click()
        page.locator(".secret").first.wait_for()
        assert len(posted) == 1
        assert parts_of(posted[0]) == {"notice": shown.replace("\n", "\r\n")}
        assert "signals: recipe srgb8-full-v1" in shown
        assert "private name" not in str(posted[0].post_data_buffer)
        assert len(posted[0].post_data_buffer or b"") < 16 << 10
        assert "cookie" not in posted[0].all_headers()
        assert "referer" not in posted[0].all_headers()
        paths = {re.sub(r"\?.*", "", url.removeprefix(house.address)) for url in asked}
        assert paths <= {"/notice", "/notice/send", *(f"/files/notice{end}" for end in
                         (".css", ".js", "-hash.css", "-hash.js", "-worker.js"))}  # fmt: skip


def test_a_copy_is_hashed_with_the_network_off_and_asks_for_nothing(
    browser: Browser, house: Deployment, copy: Path
) -> None:
    with window(browser, house.address, **somewhere()) as found:
        page, asked = found.page, []
        page.goto(f"{house.address}/notice?lang=en")
        page.check("input[value=self]")
        go_on(page)
        page.check("input[value=no]")
        go_on(page)
        page.fill("#where", WHERE)
        with page.expect_worker():
            go_on(page)
        page.locator("#copy").wait_for()
        page.on("request", lambda one: asked.append(one.url))
        found.context.set_offline(True)
        page.set_input_files("#copy", copy)
        page.wait_for_selector("#hash [data-remove]:not([hidden])")
        assert asked == []
        found.context.set_offline(False)
        go_on(page)
        page.locator("#explanation").wait_for()
        assert "signals: recipe" in page.locator("input[name=so_far]").input_value()


def test_the_browser_keeps_nothing(browser: Browser, house: Deployment, copy: Path) -> None:
    with window(browser, house.address, **somewhere()) as found:
        page = found.page
        to_review(page, house, copy)
        page.get_by_role("button", name="Send").click()
        page.locator(".secret").first.wait_for()
        assert found.context.cookies() == []
        kept = page.evaluate(
            """async () => [localStorage.length, sessionStorage.length, (await caches.keys()).length,
            (await indexedDB.databases()).length, (await navigator.serviceWorker.getRegistrations()).length,
            window.name]"""
        )
        assert kept == [0, 0, 0, 0, 0, ""]


def test_no_script_on_the_page_reaches_anybody(
    browser: Browser, house: Deployment, elsewhere: tuple[str, list[str]]
) -> None:
    address, asked = elsewhere
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{house.address}/notice?lang=en")
    asked.clear()
    failed = page.evaluate(WAYS_OUT, address)
    assert asked == []
    assert {"fetch", "own"} <= set(failed)
    page.goto("about:blank")
    assert "serviceWorker" in failed
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_leaving_fast_opens_a_harmless_page(
    browser: Browser, house: Deployment, elsewhere: tuple[str, list[str]], scripts: bool
) -> None:
    address, asked = elsewhere
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{address}/before")
    page.goto(f"{house.address}/notice?lang=en")
    asked.clear()
    page.get_by_role("link", name="Leave this page now").click()
    expect(page).to_have_title("Weather")
    assert page.url == f"{address}/weather"
    assert asked[0] == "/weather"
    page.go_back()
    expected = f"{address}/before" if scripts else f"{house.address}/notice?lang=en"
    assert page.url == expected  # with scripts, the page stood in its own place in the history
    context.close()


def test_the_link_for_leaving_is_reached_with_one_key_after_the_skip_link_on_every_step(
    browser: Browser, house: Deployment
) -> None:
    with window(browser, house.address, **somewhere()) as found:
        page = found.page
        to_review(page, house)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.hasAttribute('data-leave')")


def test_the_whole_way_without_scripts(browser: Browser, house: Deployment) -> None:
    context = browser.new_context(java_script_enabled=False, **somewhere())
    page = context.new_page()
    page.goto(f"{house.address}/notice?lang=fr")
    page.check("input[value=advocate]")
    go_on(page)
    page.check("input[value=no]")
    go_on(page)
    page.fill("#where", WHERE)
    go_on(page)
    expect(page.locator(".needs-no-script")).to_be_visible()
    expect(page.locator("#copy")).to_be_hidden()
    go_on(page)
    page.fill("#explanation", "Je n’ai pas accepté.")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#explanation")).to_have_value("Je n’ai pas accepté.")
    go_on(page)
    page.get_by_role("button", name="Back").click()
    expect(page.locator("#explanation")).to_have_value("Je n’ai pas accepté.")
    go_on(page)
    go_on(page)
    page.get_by_role("button", name="Send").click()
    number, secret = page.locator(".secret").all_inner_texts()
    page.locator("main ul a").first.click()
    expect(page.locator("#number")).to_have_value(number)
    page.fill("#secret", secret)
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".places")).to_contain_text(WHERE)
    expect(page.locator("[data-your-time]").first).to_be_hidden()
    context.close()


def test_the_whole_way_with_the_keyboard_alone(browser: Browser, house: Deployment) -> None:
    with window(browser, house.address, **somewhere()) as found:
        page = found.page

        def tab_to(selector: str) -> None:
            for _ in range(30):
                page.keyboard.press("Tab")
                if page.evaluate("(what) => document.activeElement.matches(what)", selector):
                    return
            raise AssertionError(f"{selector} is not reached")

        def press_on() -> None:
            tab_to("button[value=next]")
            page.keyboard.press("Enter")

        page.goto(f"{house.address}/notice?lang=en")
        tab_to("input[name=role]")
        page.keyboard.press("Space")
        press_on()
        page.locator("input[name=minor]").first.wait_for()
        tab_to("input[name=minor]")
        page.keyboard.press("ArrowDown")
        press_on()
        page.locator("#where").wait_for()
        tab_to("#where")
        page.keyboard.type(WHERE)
        press_on()
        page.locator("#notice").wait_for()
        assert "minor: unsure" in page.locator("#notice").input_value()
        tab_to("form[action='/notice/send'] button.main")
        page.keyboard.press("Enter")
        expect(page.locator(".secret")).to_have_count(2)


def test_times_are_told_in_ones_own_zone_and_in_utc(browser: Browser, house: Deployment) -> None:
    with window(browser, house.address, timezone_id="Pacific/Auckland", locale="fr-FR", **somewhere()) as found:
        page = found.page
        to_review(page, house)
        page.get_by_role("button", name="Send").click()
        page.locator(".secret").first.wait_for()
        utc = page.locator("main time").first.inner_text()
        own = page.locator("[data-your-time]").first.inner_text()
        assert utc.endswith("UTC")
        assert own.endswith("(your time)")
        hour = (int(utc[-9:-7]) + 13) % 24  # summer there
        assert f"{hour:02}:{utc[-6:-4]}" in own


def test_going_back_in_the_browser_and_sending_again_is_the_same_notice(browser: Browser, house: Deployment) -> None:
    with window(browser, house.address, **somewhere()) as found:
        page = found.page
        to_review(page, house)
        page.get_by_role("button", name="Send").click()
        page.locator(".secret").first.wait_for()
        first = page.locator(".secret").all_inner_texts()
        page.reload()
        page.locator(".secret").first.wait_for()
        assert page.locator(".secret").all_inner_texts() == first
