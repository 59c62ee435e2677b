"""The hash step as somebody uses it: what is said, what is sent, and that nothing leaves before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from playwright.sync_api import Browser, FileChooser, Page, expect

import clips
import heicfiles
import pictures
import rawfiles
from noticehashing import HashSite, hash_site, hashed, opened
from pictures import encode
from rempart.server.pages.texts import texts
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq

WORDS = texts("en").words


@pytest.fixture(scope="module")
def site() -> Iterator[HashSite]:
    with hash_site() as found:
        yield found


@pytest.fixture(scope="module")
def long_lived(browser: Browser, site: HashSite) -> Page:
    """A page for what one after the other may be asked of it."""
    return opened(browser, site)


@pytest.fixture
def page(browser: Browser, site: HashSite) -> Iterator[Page]:
    found = opened(browser, site)
    yield found
    found.context.close()


def told(key: str) -> str:
    return WORDS[f"notice_hash.{key}"]


def digest_alone(data: bytes) -> str:
    return f"recipe srgb8-full-v1\nsha256 {hashlib.sha256(data).hexdigest()}\n"


def distances(text: str, scenes: list[int]) -> list[int]:
    return [(int(line[:64], 16) ^ scene).bit_count() for line, scene in zip(text.splitlines()[2:], scenes, strict=True)]


def hashes_of(files: list[bytes]) -> list[int]:
    return [int.from_bytes(bytes(pdq(decode(file, limits=Limits()).pixels).hash)) for file in files]


def test_nothing_is_asked_for_while_hashing_and_the_network_may_be_off(page: Page, site: HashSite) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    before = list(site.asked)
    page.context.set_offline(True)
    data = pictures.jpeg(3)
    text, said = hashed(page, data)
    film, _ = hashed(page, clips.film([pictures.scene(seed, 320, 240) for seed in range(3)]))
    assert said == told("done")
    assert text.startswith(digest_alone(data))
    assert len(film.splitlines()) == 5
    assert [url for url in asked if not url.startswith("blob:")] == []
    assert site.asked == before


def test_what_is_sent_is_what_is_shown_and_nothing_of_the_file(page: Page, site: HashSite) -> None:
    data = pictures.jpeg(4)
    text, _ = hashed(page, data, name="private name.jpg")
    assert "private" not in page.content() + page.locator("body").inner_text()
    assert page.evaluate("document.querySelector('#copy').files.length") == 0
    expect(page.locator("#signals")).not_to_be_editable()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/send")
    body = site.bodies[-1]
    assert parse_qs(body.decode(), strict_parsing=True) == {
        "signals": [text.replace("\n", "\r\n")],
        "step": ["hash"],
    }
    assert len(body) < 300


def test_nothing_is_kept_in_the_browser(page: Page) -> None:
    hashed(page, pictures.jpeg(5))
    kept = page.evaluate(
        """async () => [
            document.cookie, localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
            (await caches.keys()).length, (await navigator.serviceWorker?.getRegistrations())?.length ?? 0,
        ]"""
    )
    assert kept == ["", 0, 0, 0, 0, 0]
    assert page.locator("img, video, canvas").count() == 0


def test_the_text_can_be_removed_and_another_put_in_its_place(page: Page) -> None:
    hashed(page, pictures.jpeg(6))
    page.get_by_role("button", name=told("remove")).click()
    assert page.locator("#signals").input_value() == ""
    assert page.locator("[role=status]").inner_text() == told("removed")
    expect(page.locator("#copy")).to_be_focused()
    expect(page.locator("#signals")).to_be_editable()
    page.locator("#signals").fill("pasted")
    assert hashed(page, pictures.jpeg(7))[0].startswith(digest_alone(pictures.jpeg(7)))


def test_the_whole_step_works_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator("#copy")).to_be_focused()
    files: list[FileChooser] = []
    page.on("filechooser", lambda chooser: files.extend([chooser]))
    for _ in range(10):  # a browser under load drops a key that comes before it has shown the page
        page.keyboard.press("Space")
        page.wait_for_timeout(300)
        if files:
            break
    files[0].set_files({"name": "a", "mimeType": "", "buffer": pictures.jpeg(8)})
    expect(page.get_by_role("button", name=told("remove"))).to_be_visible()
    for there in ("#signals", "[data-remove]"):
        page.keyboard.press("Tab")
        expect(page.locator(there)).to_be_focused()
    page.keyboard.press("Enter")
    assert page.locator("#signals").input_value() == ""


def test_another_choice_or_a_stop_ends_what_was_going_on(page: Page, tmp_path: Path) -> None:
    long, choose = tmp_path / "long", page.locator("#copy")
    with long.open("wb") as stream:
        stream.write(b"\x1a\x45\xdf\xa3")
        stream.truncate(1 << 30)
    choose.set_input_files(long)
    page.get_by_role("button", name=told("stop")).click()
    assert page.locator("[role=status]").inner_text() == told("stopped")
    choose.set_input_files(long)
    text, said = hashed(page, pictures.jpeg(9))
    assert (text[:93], said) == (digest_alone(pictures.jpeg(9)), told("done"))
    page.wait_for_timeout(300)
    assert page.locator("#signals").input_value() == text


CUT = pictures.jpeg(10)[:-3000]
ALONE = {
    "heic": (heicfiles.HEIC["upright"], "heic"),
    "tiff": (encode(pictures.scene(1, 96, 72), "TIFF"), "tiff"),
    "cut jpeg": (CUT, "unreadable"),
    "flat": (encode(np.full((90, 120, 3), 128, np.uint8), "PNG"), "weak"),
    "narrow": (encode(pictures.scene(1, 4, 300), "PNG"), "weak"),
    "too many pixels": (rawfiles.png_header(30_000, 30_000) + rawfiles.png_chunk(b"IDAT", b"x"), "too_large"),
    "film of no known kind": (b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\x08mdat", "no_film"),
}


@pytest.mark.parametrize("kind", ALONE)
def test_what_cannot_be_hashed_is_said_and_keeps_its_digest(long_lived: Page, kind: str) -> None:
    data, why = ALONE[kind]
    assert hashed(long_lived, data, name="picture.jpg") == (digest_alone(data), f"{told(why)} {told('exact')}")


@pytest.mark.parametrize("data", [b"", b"hello" * 30, b'<svg xmlns="http://www.w3.org/2000/svg"/>'])
def test_what_is_no_picture_gives_nothing(long_lived: Page, data: bytes) -> None:
    assert hashed(long_lived, data, name="picture.jpg") == ("", told("unknown"))


def test_frames_of_a_film_are_those_of_its_pictures_within_four_bits(long_lived: Page) -> None:
    files = [encode(pictures.scene(seed, 320, 240), "WEBP", quality=80) for seed in range(12)]
    flat = encode(np.full((240, 320, 3), 128, np.uint8), "WEBP", quality=80)
    text, said = hashed(long_lived, clips.webm([*files[:6], flat, files[5], *files[6:]]))
    apart = distances(text, hashes_of(files))
    assert max(apart) <= 4, apart
    assert said == told("film").replace("{{kept}}", "12").replace("{{of}}", "14")


def test_a_film_without_a_length_is_read_to_its_end(long_lived: Page) -> None:
    files = [encode(pictures.scene(seed, 320, 240), "WEBP", quality=80) for seed in range(5)]
    text, _ = hashed(long_lived, clips.webm([*files, files[-1]], says_length=False))
    assert max(distances(text, hashes_of(files))) <= 4


def test_a_long_film_gives_two_hundred_frames_evenly_spaced_that_fit_the_form(page: Page, site: HashSite) -> None:
    files = [encode(pictures.scene(seed, 160, 120), "WEBP", quality=80) for seed in range(20)]
    known = hashes_of(files)
    text, _ = hashed(page, clips.webm([files[number % 20] for number in range(300)]))
    lines = [int(line[:64], 16) for line in text.splitlines()[2:]]
    nearest = [min(range(20), key=lambda one: (known[one] ^ line).bit_count()) for line in lines]
    assert nearest == [at * 3 // 2 % 20 for at in range(200)]
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/send")
    assert 14_000 < len(site.bodies[-1].removesuffix(b"&step=hash")) <= 15_000


TAMPERED = {
    "readback is white": "const own = OffscreenCanvasRenderingContext2D.prototype.getImageData;"
    "OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...all) {"
    " const found = own.apply(this, all); found.data.fill(255); return found; };",
    "readback is noise": "const own = OffscreenCanvasRenderingContext2D.prototype.getImageData;"
    "OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...all) {"
    " const found = own.apply(this, all); found.data.forEach((_, i, d) => { d[i] = Math.random() * 256; });"
    " return found; };",
    "readback fails": "OffscreenCanvasRenderingContext2D.prototype.getImageData = () => { throw new Error('no'); };",
    "drawing is shifted": "const own = OffscreenCanvasRenderingContext2D.prototype.drawImage;"
    "OffscreenCanvasRenderingContext2D.prototype.drawImage = function (...all) {"
    " all[5] += 40; return own.apply(this, all); };",
    "bitmaps are turned": "const own = createImageBitmap;"
    "self.createImageBitmap = (what, how) => own(what, { ...how, imageOrientation: 'flipY' });",
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_browser_that_changes_what_is_read_is_refused(browser: Browser, kind: str) -> None:
    with hash_site(prelude=TAMPERED[kind]) as site:
        page = opened(browser, site)
        assert hashed(page, pictures.jpeg(1)) == ("", told("tampered"))
        page.context.close()


def test_a_little_noise_on_what_is_read_is_no_reason_to_refuse(browser: Browser) -> None:
    prelude = (
        "const own = OffscreenCanvasRenderingContext2D.prototype.getImageData;"
        "OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...all) {"
        " const found = own.apply(this, all); for (let i = 0; i < found.data.length; i += 10) found.data[i] ^= 1;"
        " return found; };"
    )
    data = pictures.jpeg(1)
    with hash_site(prelude=prelude) as site:
        page = opened(browser, site)
        text, said = hashed(page, data)
        assert said == told("done")
        assert max(distances(text, hashes_of([data]))) <= 4
        page.context.close()


@pytest.mark.parametrize("prelude", ["delete self.OffscreenCanvas;", "syntax error here"])
def test_a_browser_without_the_means_says_so(browser: Browser, prelude: str) -> None:
    with hash_site(prelude=prelude) as site:
        page = browser.new_context().new_page()
        page.goto(f"{site.address}/notice")
        if "syntax" not in prelude:
            page.locator("#copy").set_input_files({"name": "a", "mimeType": "", "buffer": pictures.jpeg(1)})
        expect(page.locator("[role=status]")).to_have_text(told("old"))
        expect(page.locator("#signals")).to_have_value("")
        page.context.close()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_without_scripts_the_box_alone_is_there(browser: Browser, lang: str) -> None:
    with hash_site(lang=lang) as site:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(f"{site.address}/notice")
        expect(page.locator("#copy")).to_be_hidden()
        expect(page.get_by_text(texts(lang).words["notice_hash.without_script"])).to_be_visible()
        page.locator("#signals").fill("recipe srgb8-full-v1")
        page.locator("form button[name=step]").click()
        page.wait_for_url("**/send")
        assert re.match(rb"signals=recipe\+srgb8-full-v1&", site.bodies[-1])
        page.context.close()
