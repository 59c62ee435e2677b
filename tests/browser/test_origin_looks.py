"""The pages about origins in Chromium: nothing for axe, no sideways scrolling, prompts only when they are asked for."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from consolebrowser import NARROW, SHOTS, WIDE, window
from deployment import Deployment, deployment
from originfiles import PROMPT, generated
from pictures import encode, scene
from rempart.clock import utc_now
from rempart.items.records import items, marks
from rempart.people.permissions import Role
from rempart.provenance.carried import packed
from rempart.provenance.origin.values import (
    Credentials,
    CredentialState,
    Declaration,
    Ground,
    Origin,
    Place,
    Unread,
)

FULL = Origin(
    declaration=Declaration.CONFLICTING,
    grounds=(
        Ground(place=Place.C2PA, says=Declaration.CAMERA, text="digitalCapture", counts=False),
        Ground(place=Place.TEXT, says=Declaration.AI_MADE, text="ComfyUI"),
        Ground(place=Place.XMP, says=Declaration.CAMERA, text="http://cv.iptc.org/newscodes/x/digitalCapture"),
    ),
    credentials=Credentials(
        present=True, state=CredentialState.INVALID, signer="A signer of some name", claim_generator="A camera 1.0",
        failures=("assertion.dataHash.mismatch", "signingCredential.untrusted"), signed_at=utc_now(),
    ),
    source_types=("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",), generator="ComfyUI",
    fields=(("Model", "a model of some name"),), has_prompt=True, unreadable=(Unread.IPTC,),
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("origins")) as found:
        yield found


def seen(page: Page, name: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize(("lang", "look"), [("en", "wide"), ("fr", "narrow-dark")])
def test_axe_finds_nothing_and_prompts_come_only_when_asked_for(home: Deployment, browser: Browser, lang, look) -> None:
    cookie = home.cookie(f"rui-{lang}", Role.REVIEWER, language=lang)
    seed = len(home.people)
    whole = generated(seed, width=640, height=400)
    case = home.desk.case(encode(scene(seed, 640, 400)[30:, 20:], quality=80), whole)
    home.desk.claim(case, home.last)
    item = home.desk.number
    known = {"record": "0a0b0c0d0e0f", "by": ["watermark", "hash"], "at": utc_now().isoformat(), "edited": False}
    with home.store.write() as conn:
        items.change(conn, item, origin=packed(FULL))
        found = items.hosted(conn, item)
        row = marks.MarkRow(
            item=item, object=found.object, outcome="found", record=0x0A0B0C0D0E0F, recognised=[known], at=utc_now()
        )
        marks.put(conn, row)
    narrow = look != "wide"
    options = {"viewport": NARROW if narrow else WIDE, "color_scheme": "dark" if narrow else "light"}
    tag = f"{lang}-{look}"
    with window(browser, home.address, cookie=cookie, **options) as here:
        page = here.page
        page.goto(f"{home.address}/cases/{case}")
        seen(page, f"origin-case-{tag}")
        page.locator(f'a[href$="/origin/{item}"]').click()
        seen(page, f"origin-{tag}")
        assert PROMPT not in page.content()
        page.locator(f'a[href$="/prompts/{item}"]').click()
        seen(page, f"prompts-asked-{tag}")
        page.locator("input[value=report]").check()
        page.locator("main form button").last.click()
        expect(page.locator("main blockquote").first).to_contain_text(PROMPT)
        seen(page, f"prompts-{tag}")
        page.goto(f"{home.address}/cases/{case}/compare/{item}")
        page.locator("main input[name=other]").first.check()
        page.locator("main form button").last.click()
        expect(page.locator("main p[role=status]")).to_be_visible()
        page.locator("main details summary").first.click()
        seen(page, f"compare-{tag}")
