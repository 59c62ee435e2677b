"""A shift at the desk, by keyboard alone: from signing in to a decision of two; and what may go wrong meanwhile."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from consolebrowser import Window, window
from deployment import Deployment, deployment
from hosting import Found
from rempart.cases.records import cases as case_records
from rempart.cases.work import claims
from rempart.people.permissions import Role
from rempart.server.pages.texts import texts
from signing import PASSWORD, add_person, code, enrolled

EXACT = Found(list="Hotline", scheme="uk-abc", code="B", distance=0, signal_kind="sha256", probe="")
NUMBERS = iter(range(10_000, 20_000))


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("shift")) as found:
        yield found


def new_case(house: Deployment, **more: Any) -> str:
    number = next(NUMBERS)
    return house.case(number, sha256=b"%032d" % number, matches=[EXACT], uploader="kite_77", assessors=2, **more)


def sign_in(page: Page, house: Deployment, name: str, lang: str, *roles: Role) -> None:
    """With name, password and code, by keyboard."""
    entry = house.app.state.pages.entry
    seed, _ = enrolled(entry, add_person(entry, name, roles, language=lang))
    house.clock.forward(seconds=30)
    page.goto(f"{house.address}/sign-in?lang={lang}&then=/cases%3Fqueue=journey")
    page.locator("#name").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(code(seed, house.clock()))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=texts(lang).say("queue.title"), exact=True)).to_be_visible()


def tab_to(page: Page, wanted: str, *, most: int = 120) -> None:
    """Press Tab until an element has the focus; nobody uses a mouse here."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def use(page: Page, key: str, wanted: str, *, scripts: bool) -> None:
    """Choose something by its key, or where no scripts run by Tab and Space."""
    if scripts:
        page.keyboard.press(key)
    else:
        tab_to(page, wanted)
        if page.evaluate("document.activeElement.matches('input')"):
            page.keyboard.press("Space")


def answer(page: Page, *, scripts: bool, code_key: str = "2") -> None:
    """Remove, report, category B: one key each; another that goes to the button; and Enter."""
    use(page, code_key, "input[name=category][value='uk-abc:B'], input[name=category]", scripts=scripts)
    if not scripts:
        page.locator("input[name=category][value='uk-abc:B']").focus()
        page.keyboard.press("Space")
        page.locator("input[name=main][value=remove]").focus()
        page.keyboard.press("Space")
        page.locator("input[name=more][value=report]").focus()
        page.keyboard.press("Space")
    else:
        page.keyboard.press("r")
        page.keyboard.press("p")
    use(page, "s", "button[name=then][value=next]", scripts=scripts)
    expect(page.locator("button[name=then][value=next]")).to_be_focused()
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("lang", "scripts"), [("en", True), ("fr", True), ("fr", False)])
def test_a_shift_by_keyboard_from_signing_in_to_a_decision_of_two(
    browser: Browser, house: Deployment, lang: str, scripts: bool
) -> None:
    say = texts(lang).say
    case_id = new_case(house, queue="journey")
    with window(browser, house.address, java_script_enabled=scripts) as one:
        page = one.page
        sign_in(page, house, f"ann-{lang}-{scripts}", lang, Role.REVIEWER)
        use(page, "n", "form[action='/cases/next'] button", scripts=scripts)
        if not scripts:
            page.keyboard.press("Enter")
        page.wait_for_url(re.compile(f"/cases/{case_id}"))
        assert page.locator("img").count() == 0  # facts first, and no picture
        answer(page, scripts=scripts)
        expect(page.get_by_text(say("undo.kept"))).to_be_visible()
        expect(page.get_by_text(say("done.answered"))).to_be_visible()
    assert standing_of(house, case_id) == ("open", "settling")
    house.clock.forward(seconds=31)
    wait_for(house, case_id, ("open", "second"))
    with window(browser, house.address, java_script_enabled=scripts) as two:
        page = two.page
        sign_in(page, house, f"bob-{lang}-{scripts}", lang, Role.REVIEWER)
        page.goto(f"{house.address}/cases/{case_id}")
        expect(page.get_by_text(say("standing.others"))).to_have_count(0)  # blind
        use(page, "t", "form[action$='/claim'] button", scripts=scripts)
        if not scripts:
            page.keyboard.press("Enter")
        expect(page.get_by_text(say("answer_form.blind"))).to_be_visible()
        answer(page, scripts=scripts)
        expect(page.get_by_text(say("undo.kept"))).to_be_visible()
    house.clock.forward(seconds=31)
    wait_for(house, case_id, ("decided", "remove"))


def standing_of(house: Deployment, case_id: str) -> tuple[str, str]:
    with house.store.read() as conn:
        found = case_records.find(conn, case_id)
    assert found is not None
    return (found.state, found.stage if found.state == "open" else str(found.decision))


def wait_for(house: Deployment, case_id: str, wanted: tuple[str, str]) -> None:
    """The job that settles runs by itself."""
    for _ in range(200):
        if standing_of(house, case_id) == wanted:
            return
        time.sleep(0.1)
    raise AssertionError(f"{standing_of(house, case_id)} is not {wanted}")


def in_case(found: Window, house: Deployment, case_id: str) -> Page:
    found.page.goto(f"{house.address}/cases/{case_id}")
    take = found.page.locator("form[action$='/claim'] button")
    if take.count():
        take.click()
    return found.page


def test_no_single_key_decides_and_keys_are_silent_while_typing(browser: Browser, house: Deployment) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita")) as found:
        page = in_case(found, house, case_id)
        keys = page.evaluate("[...new Set([...document.querySelectorAll('[data-key]')].map((one) => one.dataset.key))]")
        assert {"s", "r", "p", "1", "q"} <= set(keys)
        for key in keys:
            page.goto(f"{house.address}/cases/{case_id}")
            page.keyboard.press(key)
            page.wait_for_timeout(400 if key in "emd" else 20)  # these lead to a page
            assert page.locator("img").count() == 0, f"{key} shows a picture"
            if "/danger" not in page.url:  # a page with a button, which decides nothing
                assert f"/cases/{case_id}" in page.url, f"{key} led to {page.url}"
            assert standing_of(house, case_id) == ("open", "first"), f"{key} decides"
        page.goto(f"{house.address}/cases/{case_id}")
        page.locator("#rationale").focus()
        page.keyboard.type("rst 12?")
        expect(page.locator("#rationale")).to_have_value("rst 12?")
        assert page.locator("input[name=main]:checked").count() == 0
        assert page.locator("dialog[open]").count() == 0


def test_keys_follow_the_letters_of_a_layout_and_the_places_of_digits(browser: Browser, house: Deployment) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita")) as found:
        page = in_case(found, house, case_id)
        press = (
            "(init) => document.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...init}))"
        )
        page.evaluate(press, {"key": "é", "code": "Digit2"})  # AZERTY
        assert page.locator("input[name=category][value='uk-abc:B']").is_checked()
        page.evaluate(press, {"key": "к", "code": "KeyR"})  # Cyrillic
        assert page.locator("input[name=main][value=remove]").is_checked()
        page.evaluate(press, {"key": "i", "code": "KeyI", "repeat": True})
        page.evaluate(press, {"key": "i", "code": "KeyI", "ctrlKey": True})
        assert page.locator("input[name=main][value=remove]").is_checked()


def test_a_lease_that_runs_out_while_typing_loses_nothing_and_says_who_has_the_case(
    browser: Browser, house: Deployment
) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita"), java_script_enabled=False) as found:
        page = in_case(found, house, case_id)
        page.locator("input[name=main][value=remove]").check()
        page.locator("#rationale").fill("It is what the list says, seen from the facts.")
        house.clock.forward(minutes=16)
        sam = house.principal("sam")
        with house.store.write() as conn:
            claims.claim(conn, case_id, sam, at=house.clock())
        page.locator("button[value=next]").click()
        expect(page.locator(".problem")).to_contain_text(sam.pseudonym)
        expect(page.locator("#rationale")).to_have_value("It is what the list says, seen from the facts.")
        assert page.locator("input[name=main][value=remove]").is_checked()
        expect(page.locator("button[value=next]")).to_have_count(0)
        with house.store.write() as conn:
            claims.release(conn, case_id, sam, at=house.clock())
        page = in_case(found, house, case_id)
        expect(page.locator("#rationale")).to_have_value("It is what the list says, seen from the facts.")
        page.locator("button[value=stay]").click()
        expect(page.get_by_text("What you answered")).to_be_visible()


def test_a_lease_that_ran_out_still_counts_when_nobody_took_the_case(browser: Browser, house: Deployment) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita"), java_script_enabled=False) as found:
        page = in_case(found, house, case_id)
        page.locator("input[name=main][value=remove]").check()
        house.clock.forward(minutes=16)
        page.locator("button[value=stay]").click()
        expect(page.get_by_text("What you answered")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_session_that_ends_in_mid_decision_gives_back_what_was_typed(
    browser: Browser, house: Deployment, scripts: bool
) -> None:
    case_id = new_case(house)
    cookie = house.cookie("rita")
    with window(browser, house.address, cookie=cookie, java_script_enabled=scripts) as found:
        page = in_case(found, house, case_id)
        page.locator("input[name=main][value=restrict]").check()
        page.locator("#rationale").fill("Half a thought, not lost.")
        house.clock.forward(minutes=31)
        page.locator("button[value=next]").click()
        page.wait_for_url(re.compile("/sign-in"))
        assert f"then=/cases/{case_id}" in page.url.replace("%2F", "/")
        found.context.clear_cookies()
        found.context.add_cookies([house.cookie("sam")])  # a shared machine: another person comes in
        page = in_case(found, house, case_id)
        expect(page.locator("#rationale")).to_have_value("")
        page.locator("form[action$='/release'] button").click()
        found.context.clear_cookies()
        found.context.add_cookies([house.cookie("rita")])
        page = in_case(found, house, case_id)
        expect(page.locator("#rationale")).to_have_value("Half a thought, not lost.")
        assert page.locator("input[name=main][value=restrict]").is_checked()
        assert (
            page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0 or not scripts
        )


def test_what_is_typed_is_there_after_something_else_was_sent(browser: Browser, house: Deployment) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita")) as found:
        page = in_case(found, house, case_id)
        page.locator("#rationale").fill("Typed before a note.")
        page.locator("summary[data-key=w]").click()
        page.locator("#note").fill("A note meanwhile.")
        page.get_by_role("button", name="Keep the note").click()
        expect(page.get_by_text("A note meanwhile.")).to_be_visible()
        expect(page.locator("#rationale")).to_have_value("Typed before a note.")
        page.locator("[data-key=e]").click()
        expect(page.get_by_text("You have it for longer.")).to_be_visible()
        expect(page.locator("#rationale")).to_have_value("Typed before a note.")


def test_two_reviewers_race_for_one_case_and_one_is_told_who_has_it(browser: Browser, house: Deployment) -> None:
    case_id = new_case(house)
    with (
        window(browser, house.address, cookie=house.cookie("rita")) as one,
        window(browser, house.address, cookie=house.cookie("sam")) as two,
    ):
        for found in (one, two):
            found.page.goto(f"{house.address}/cases/{case_id}")
        one.page.locator("[data-key=t]").click()
        expect(one.page.get_by_text("Yours for")).to_be_visible()
        two.page.locator("[data-key=t]").click()
        expect(two.page.locator(".problem")).to_contain_text(house.people["rita"].pseudonym)
        expect(two.page.locator("#answer-form")).to_have_count(0)


def test_two_tabs_and_the_back_button_give_one_answer(browser: Browser, house: Deployment) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita")) as found:
        page = in_case(found, house, case_id)
        other = found.context.new_page()
        other.goto(f"{house.address}/cases/{case_id}")
        for tab in (page, other):
            tab.locator("input[name=main][value=remove]").check()
        page.locator("button[value=stay]").click()
        expect(page.get_by_text("What you answered")).to_be_visible()
        other.locator("button[value=stay]").click()
        expect(other.locator(".problem")).to_be_visible()
        page.go_back()
        expect(page.locator("button[value=stay]")).to_have_count(0)
        expect(page.get_by_text("What you answered")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_answer_is_taken_back_and_its_text_is_there_again(
    browser: Browser, house: Deployment, scripts: bool
) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita"), java_script_enabled=scripts) as found:
        page = in_case(found, house, case_id)
        page.locator("input[name=main][value=remove]").check()
        page.locator("#rationale").fill("Too quick.")
        page.locator("button[value=next]").click()
        expect(page.get_by_text("It can be taken back until")).to_be_visible()
        page.get_by_role("button", name="Take it back").click()
        expect(page.locator("#rationale")).to_have_value("Too quick.")
        assert standing_of(house, case_id) == ("open", "first")


def test_keys_of_one_letter_can_be_turned_off(browser: Browser, house: Deployment) -> None:
    case_id = new_case(house)
    with window(browser, house.address, cookie=house.cookie("rita")) as found:
        page = in_case(found, house, case_id)
        page.goto(f"{house.address}/account")
        page.get_by_role("button", name="Turn them off").click()
        page.goto(f"{house.address}/cases/{case_id}")
        page.keyboard.press("r")
        assert page.locator("input[name=main]:checked").count() == 0
        assert page.locator("kbd").count() == 0
