"""Looking at pictures in Chromium: nothing before it is asked for, covered by itself, and care for whoever looks."""

import io
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from consolebrowser import SHOTS
from deployment import Deployment, deployment
from rempart.cases.records import grants
from rempart.cases.work import settings
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.signals.scenes import scene

WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 360, "height": 740}
CONTACT = "Ana, in the room next door, until five.\nThe staff doctor, extension 12."


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("looks")) as found:
        with found.desk.store.write() as conn:
            settings.put(conn, {"reveal_seconds": 5, "peer_contact": CONTACT}, by=CONSOLE, at=found.clock())
        yield found


def photo(seed: int) -> bytes:
    stream, block = io.BytesIO(), Image.Exif()
    block[0x010F], block[0x0110] = "A maker of cameras", "Model 7"
    block.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    scene(seed, (900, 620)).save(stream, "JPEG", quality=88, exif=block)
    return stream.getvalue()


def signed_in(home: Deployment, browser: Browser, *, lang: str = "en", **options) -> tuple[BrowserContext, str]:
    """A browser in which somebody new is signed in, and a case that they have claimed."""
    number = len(home.people) + 1
    cookie = home.cookie(f"rui{number}", Role.REVIEWER, Role.LEAD, language=lang)
    found = browser.new_context(viewport=options.pop("viewport", WIDE), **options)
    found.add_cookies([cookie])
    case = home.desk.case(photo(number), photo(number + 50))
    home.desk.claim(case, home.last)
    return found, case


def shown(page: Page, step: str) -> None:
    """Ask for a step of the first picture, and wait until it is there."""
    page.locator(f"#picture-1 button[value={step}]").click()
    loaded(page)


def loaded(page: Page) -> None:
    expect(page.locator("[data-left]")).to_have_text(re.compile(r"\d+ s"))


def seen(page: Page, name: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize(("lang", "look"), [("en", "wide"), ("fr", "narrow-dark")])
def test_axe_finds_nothing_and_no_page_breaks_its_own_rules(home: Deployment, browser: Browser, lang, look) -> None:
    narrow = look != "wide"
    context, case = signed_in(
        home, browser, lang=lang, viewport=NARROW if narrow else WIDE, color_scheme="dark" if narrow else "light"
    )
    page, broken, tag = context.new_page(), [], f"{lang}-{look}"
    page.on("console", lambda said: broken.append(said.text) if "Security Policy" in said.text else None)
    page.on("pageerror", lambda err: broken.append(str(err)))
    page.goto(f"{home.address}/cases/{case}/pictures")
    seen(page, f"pictures-{tag}")
    shown(page, "grey")
    seen(page, f"grey-{tag}")
    page.keyboard.press("Escape")
    seen(page, f"covered-{tag}")
    page.locator("#picture-1 a").click()
    page.locator("input[value=report]").check()
    seen(page, f"reveal-{tag}")
    page.locator("main form button").last.click()
    loaded(page)
    seen(page, f"original-{tag}")
    page.goto(f"{home.address}/cases/{case}/metadata/{home.desk.number}")
    seen(page, f"metadata-asked-{tag}")
    page.locator("input[value=report]").check()
    page.locator("main form button").last.click()
    expect(page.locator("main table")).to_contain_text("A maker of cameras")
    seen(page, f"metadata-{tag}")
    for path in ("care", "care/team", "training"):
        page.goto(f"{home.address}/{path}")
        seen(page, f"{path.replace('/', '-')}-{tag}")
    page.locator("main form button").click()
    seen(page, f"practice-{tag}")
    for name, value in (("code", "street"), ("kind", "photograph"), ("confidence", "unsure")):
        page.locator(f"input[name={name}][value={value}]").check()
    page.locator("main form button.main").last.click()
    seen(page, f"practice-told-{tag}")
    page.goto(f"{home.address}/care")
    page.locator(".stop button").click()
    seen(page, f"stopped-{tag}")
    context.close()
    assert broken == []


def test_no_key_alone_shows_anything(home: Deployment, browser: Browser) -> None:
    context, case = signed_in(home, browser)
    person, page = home.last, context.new_page()
    for place in ("pictures", f"reveal/{home.desk.number}"):
        page.goto(f"{home.address}/cases/{case}/{place}")
        for key in [*"abcdefghijklmnopqrstuvwxyz0123456789", "Enter", "Space", "Delete", "Insert", "F2", "?"]:
            page.keyboard.press(key)
            expect(page.locator(".shown")).to_have_count(0)
    with home.desk.store.read() as conn:
        assert grants.still_open(conn, person.id, at=home.clock()) == ()
    context.close()


@pytest.mark.parametrize("turn", ["blur", "hidden", "escape", "button"])
def test_turning_away_covers_the_picture_here_and_on_the_server(home: Deployment, browser: Browser, turn) -> None:
    context, case = signed_in(home, browser)
    page = context.new_page()
    page.goto(f"{home.address}/cases/{case}/pictures")
    shown(page, "sketch")
    address = page.locator(".shown img").get_attribute("src")
    with page.expect_response(f"**/cases/{case}/cover") as answered:
        if turn == "blur":
            page.evaluate("dispatchEvent(new Event('blur'))")
        elif turn == "hidden":
            page.evaluate(
                "Object.defineProperty(document, 'hidden', {value: true}), "
                "document.dispatchEvent(new Event('visibilitychange'))"
            )
        elif turn == "escape":
            page.keyboard.press("Escape")
        else:
            page.locator(".shown button").click()
    assert answered.value.status == 204
    expect(page.locator(".shown img")).to_have_count(0)
    expect(page.locator("[data-covered]")).to_be_visible()
    assert context.request.get(f"{home.address}{address}").status == 410
    context.close()


def test_an_original_covers_itself_when_its_time_is_over(home: Deployment, browser: Browser) -> None:
    context, case = signed_in(home, browser)
    page = context.new_page()
    page.goto(f"{home.address}/cases/{case}/reveal/{home.desk.number}")
    page.locator("input[value=assess]").check()
    page.locator("main form button").last.click()
    loaded(page)
    address = page.locator(".shown img").get_attribute("src")
    assert context.request.get(f"{home.address}{address}").status == 200
    expect(page.locator("[data-covered]")).to_be_visible(timeout=9_000)
    expect(page.locator(".shown img")).to_have_count(0)
    assert context.request.get(f"{home.address}{address}").status == 410
    context.close()


def test_leaving_the_page_and_coming_back_shows_nothing(home: Deployment, browser: Browser) -> None:
    context, case = signed_in(home, browser)
    page = context.new_page()
    page.goto(f"{home.address}/cases/{case}/pictures")
    shown(page, "small")
    page.goto(f"{home.address}/care")
    page.go_back()
    expect(page.locator("#picture-1")).to_be_visible()
    expect(page.locator(".shown img")).to_have_count(0)
    shown(page, "small")
    other = context.new_page()  # a second tab
    other.goto(f"{home.address}/cases/{case}/pictures")
    expect(other.locator(".shown img")).to_have_count(0)
    context.close()


def test_what_cannot_be_drawn_is_said_instead(home: Deployment, browser: Browser) -> None:
    context, _ = signed_in(home, browser)
    case = home.desk.case(photo(200)[:4000])
    home.desk.claim(case, home.last)
    page = context.new_page()
    page.goto(f"{home.address}/cases/{case}/pictures")
    page.locator("#picture-1 button[value=sketch]").click()
    expect(page.locator("#picture-1")).to_contain_text("could not be decoded")
    expect(page.locator("#picture-1 button")).to_have_count(0)
    context.close()


def test_looking_and_stopping_work_without_scripts(home: Deployment, browser: Browser) -> None:
    context, case = signed_in(home, browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{home.address}/cases/{case}/pictures")
    with page.expect_response("**/pictures/look_*") as drawn:
        page.locator("#picture-1 button[value=sketch]").click()
    assert drawn.value.status == 200
    expect(page.locator("noscript p")).to_be_visible()
    address = page.locator(".shown img").get_attribute("src")
    page.locator(".shown button").click()
    expect(page.locator(".shown")).to_have_count(0)
    assert context.request.get(f"{home.address}{address}").status == 410
    page.goto(f"{home.address}/care")
    page.locator(".stop button").click()
    expect(page.locator("h1")).to_have_text("You have stopped")
    context.close()
