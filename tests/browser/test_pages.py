"""The pages in Chromium: for everyone, in both languages, wide and narrow, with passkeys and without scripts."""

import re
from collections.abc import Iterator
from os import urandom
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from consolebrowser import SHOTS
from pageserver import Site, site
from rempart.people import approvals, keys
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE, Principal
from rempart.people.signin import one_time_link
from signing import PASSWORD, Watch, add_person, code

WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 360, "height": 740}
ALL_ROLES = (Role.LEAD, Role.CURATOR, Role.ADMINISTRATOR)


@pytest.fixture
def running(sqlite_store: Any) -> Iterator[Site]:
    with site(sqlite_store, clock=Watch(), decide={"policy": lambda *_: None}) as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport=WIDE)
    yield found
    found.close()


def link(running: Site, person: Any, purpose: str = "enrol") -> str:
    entry = running.pages.entry
    with entry.store.write() as conn:
        token = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom, purpose=purpose)
    return f"{running.address}/sign-in/link/{token}"


def filled(running: Site, lang: str) -> Any:
    """A deployment with people, keys and something that waits; gives somebody with many roles."""
    entry = running.pages.entry
    ana = add_person(entry, "ana", ALL_ROLES, language=lang)
    ben = add_person(entry, "ben", [Role.REVIEWER], language=lang)
    asker = Principal(kind="person", id=ben.id, pseudonym=ben.pseudonym)
    with entry.store.write() as conn:
        for label, scopes in (("forum, production", [Scope.CHECK, Scope.ITEMS]), ("monitoring", [Scope.METRICS])):
            keys.create(
                conn, label=label, service="forum", scopes=scopes, by=CONSOLE, at=entry.clock(), random=urandom,
                signals_per_day=50_000,
            )  # fmt: skip
        approvals.ask(
            conn, kind="policy", subject="policy:1", digest=b"d" * 32, by=asker, at=entry.clock(), facts={"rules": 12}
        )
    return ana


def come_in(page: Page, running: Site, person: Any) -> None:
    page.goto(link(running, person, "sign-in"))
    page.locator("main button").click()
    expect(page.locator("nav")).to_be_visible()


def seen(page: Page, name: str) -> None:
    """axe finds nothing, nothing scrolls sideways, and the screenshot is kept where somebody asked for it."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def visit(page: Page, running: Site, lang: str, look: str) -> None:
    ana = filled(running, lang)
    page.goto(f"{running.address}/sign-in?lang={lang}")
    assert page.locator("html").get_attribute("lang") == lang
    seen(page, f"sign-in.{lang}.{look}")
    page.fill("#name", "nobody")
    page.fill("#password", "something long")
    page.fill("#code", "123456")
    with page.expect_navigation():
        page.click("form[action='/sign-in'] button.main")
    seen(page, f"sign-in-wrong.{lang}.{look}")
    page.goto(f"{running.address}/sign-in/link/none")
    seen(page, f"link-spent.{lang}.{look}")
    page.goto(link(running, ana))
    seen(page, f"link.{lang}.{look}")
    page.locator("main button").click()
    expect(page.locator(".square")).to_be_visible()
    seen(page, f"set-up.{lang}.{look}")
    finish_set_up(page, running)
    for path in ("/", "/account", "/account/code", "/keys", "/people", "/approvals"):
        page.goto(running.address + path)
        seen(page, f"{path.strip('/').replace('/', '-') or 'home'}.{lang}.{look}")
    for path, start in (
        ("/keys", "/keys/key_"),
        ("/people", "/people/person_"),
        ("/approvals", "/approvals/approval_"),
    ):
        page.goto(running.address + path)
        page.locator(f"a[href^='{start}']").last.click()
        page.wait_for_url(re.compile(re.escape(start)))
        seen(page, f"{path.strip('/')}-one.{lang}.{look}")
    page.goto(f"{running.address}/keys")
    page.fill("#label", "forum, trial")
    page.fill("#service", "forum")
    with page.expect_navigation():
        page.locator("main form.narrow button").click()
    seen(page, f"keys-made.{lang}.{look}")
    page.goto(f"{running.address}/keys/none")
    seen(page, f"refusal.{lang}.{look}")
    running.clock.forward(minutes=11)
    page.goto(f"{running.address}/keys")
    seen(page, f"keys-proof.{lang}.{look}")
    page.goto(f"{running.address}/sign-in/again?then=/keys")
    seen(page, f"again.{lang}.{look}")


def finish_set_up(page: Page, running: Site) -> str:
    seed = page.locator(".scan .secret").inner_text().replace(" ", "")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.fill("#code", code(seed, running.clock()))
    page.locator("form:has(#password) button").click()
    expect(page.locator("nav")).to_be_visible()
    return seed


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("look", ["wide", "narrow", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Browser, running: Site, lang: str, look: str) -> None:
    options: dict[str, Any] = {"viewport": NARROW if look == "narrow" else WIDE, "bypass_csp": True}
    if look == "dark":
        options["color_scheme"] = "dark"
    found = browser.new_context(**options)
    visit(found.new_page(), running, lang, look)
    found.close()


def test_pages_break_none_of_their_own_rules_and_load_nothing_from_elsewhere(
    context: BrowserContext, running: Site
) -> None:
    page = context.new_page()
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on(
        "request", lambda request: noise.append(request.url) if not request.url.startswith(running.address) else None
    )
    come_in(page, running, filled(running, "en"))
    for path in ("/", "/account", "/account/code", "/keys", "/people", "/approvals", "/sign-in/again"):
        page.goto(running.address + path)
    assert noise == []


def with_authenticator(context: BrowserContext, page: Page) -> tuple[Any, str]:
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    found = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, found["authenticatorId"]


def test_a_passkey_is_made_used_to_sign_in_used_as_proof_and_removed(context: BrowserContext, running: Site) -> None:
    page = context.new_page()
    with_authenticator(context, page)
    person = add_person(running.pages.entry, "ana", ALL_ROLES)
    page.goto(link(running, person))
    page.locator("main button").click()
    page.fill("#label", "Phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    running.clock.forward(minutes=11)
    page.goto(f"{running.address}/keys")
    page.get_by_role("link", name="Confirm who you are to make changes").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("button", name="Make the key")).to_be_visible()
    page.goto(f"{running.address}/account")
    expect(page.get_by_role("rowheader", name="Phone")).to_be_visible()
    page.get_by_role("button", name="Remove Phone").click()
    expect(page.get_by_text("This is your only way in.")).to_be_visible()


def test_a_passkey_whose_user_was_not_verified_is_refused(context: BrowserContext, running: Site) -> None:
    page = context.new_page()
    session, authenticator = with_authenticator(context, page)
    person = add_person(running.pages.entry, "ana", [Role.REVIEWER])
    page.goto(link(running, person))
    page.locator("main button").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("The browser did not use the passkey")).to_be_visible(timeout=20_000)


def test_the_answer_of_a_passkey_cannot_be_sent_twice(context: BrowserContext, running: Site) -> None:
    page = context.new_page()
    with_authenticator(context, page)
    person = add_person(running.pages.entry, "ana", [Role.REVIEWER])
    page.goto(link(running, person))
    page.locator("main button").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sent: list[str] = []
    page.on(
        "request", lambda request: sent.append(request.post_data or "") if request.url.endswith("/passkey") else None
    )
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = running.browser().post("/sign-in/passkey", content=sent[0], headers=headers)
    assert answer.status_code == 422
    assert "was done before" in answer.text


def test_everything_but_passkeys_works_without_scripts(browser: Browser, running: Site) -> None:
    found = browser.new_context(java_script_enabled=False)
    page = found.new_page()
    person = add_person(running.pages.entry, "ana", ALL_ROLES)
    page.goto(link(running, person))
    page.locator("main button").click()
    seed = finish_set_up(page, running)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    running.clock.forward(seconds=30)
    page.fill("#name", "ana")
    page.fill("#password", PASSWORD)
    page.fill("#code", code(seed, running.clock()))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.goto(f"{running.address}/people")
    page.fill("#name", "ben")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("heading", name="The link for ben")).to_be_visible()
    found.close()


def test_every_control_is_reached_by_keyboard_in_reading_order(context: BrowserContext, running: Site) -> None:
    page = context.new_page()
    page.goto(f"{running.address}/sign-in?lang=en")
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("(document.activeElement.innerText || document.activeElement.id).trim()"))
    assert reached[:6] == [
        "Skip to the content", "Sign in with a passkey", "name", "password", "code", "Sign in",
    ]  # fmt: skip
