"""What the pages of a case reach: no bytes of a picture but by a grant, for whom and as long as it is good."""

import io
import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image

from deployment import deployment
from pictures import encode, scene
from rempart.people.permissions import Role

PIXELS = scene(11, 640, 480)
PHOTO = encode(PIXELS, quality=92)
WORK = ("/cases", "/items", "/files", "/care", "/training", "/account")
OTHERS = {
    "another reviewer": (Role.REVIEWER,),
    "a lead": (Role.LEAD,),
    "a curator": (Role.CURATOR,),
    "an auditor": (Role.AUDITOR,),
    "an administrator": (Role.ADMINISTRATOR,),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("looks")) as found:
        yield found


@pytest.fixture
def rui(home):
    """A reviewer of this test alone, with a case that they have claimed: name, browser, case, item."""
    name = f"rui{len(home.people)}"
    browser = home.browser(name)
    case = home.desk.case(encode(scene(100 + len(home.people), 640, 480)), PHOTO)
    home.desk.claim(case, home.last)
    return name, browser, case, home.desk.number


def look(browser, case, item, step="sketch", place="pictures", **more):
    return browser.post(f"/cases/{case}/look", data={"item": item, "step": step, "place": place, **more})


def shown_by(browser, answer):
    """The page after a look, and the address of its picture."""
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["location"].partition("#")[0])
    found = re.search(r'<img src="(/cases/[^"]+/pictures/[^"]+)"', page.text)
    assert found, page.text
    return found[1]


def links_in(text, base):
    """Every address that a page, style sheet or module names: links, images, forms, fetches."""
    found = re.findall(r'(?:href|src|action|srcset|data-[a-z-]+)="([^"]+)"', text)
    found += re.findall(r"""(?:url\(|import |fetch\()["']?([^"')]+)""", text)
    return {urljoin(base, unescape(one)) for one in found if not one.startswith(("data:", "#"))}


def crawl(browser, *starts):
    """Everything that can be reached by GET from these pages on: address to answer."""
    seen, waiting = {}, [urljoin(str(browser.base_url), start) for start in starts]
    while waiting:
        address = waiting.pop()
        parts = urlsplit(address)
        if parts.netloc != browser.base_url.netloc.decode() or address in seen or not parts.path.startswith(WORK):
            continue
        answer = seen[address] = browser.get(address)
        kind = answer.headers.get("content-type", "")
        if kind.startswith(("text/", "application/javascript")):
            waiting += [one for one in links_in(answer.text, address) if one.partition("#")[0] not in seen]
        if "location" in answer.headers:
            waiting.append(urljoin(address, answer.headers["location"]))
    return seen


def pictures_among(answers):
    """Answers that are pictures: by type, by their first bytes, or because the file itself stands in them."""
    heads = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF")
    return {
        address
        for address, answer in answers.items()
        if answer.content.startswith(heads)
        or (answer.headers.get("content-type", "").startswith("image/") and "svg" not in answer.headers["content-type"])
        or PHOTO[-400:] in answer.content
    }


def nobody(home):
    found = httpx.Client(base_url=home.address, headers={"accept": "text/html"}, timeout=30)
    home.browsers.append(found)
    return found


def test_before_anything_was_asked_no_address_of_the_page_gives_a_picture(home, rui):
    _, browser, case, item = rui
    answers = crawl(
        browser, f"/cases/{case}/pictures", f"/cases/{case}/reveal/{item}", f"/cases/{case}", "/care", "/account"
    )
    assert len(answers) > 10
    assert pictures_among(answers) == set()
    assert not any(re.search(r"(background|filter|blur)\s*\(", one.text) for one in answers.values()
                   if one.headers.get("content-type", "").startswith("text/css"))  # fmt: skip


@pytest.mark.parametrize("step", ["sketch", "original"])
def test_a_grant_shows_its_picture_to_its_session_alone(home, rui, step):
    name, browser, case, item = rui
    answer = look(browser, case, item, step, purpose="assess")
    place = answer.headers["location"].partition("#")[0]
    address = shown_by(browser, answer)
    shown = browser.get(address)
    assert shown.status_code == 200
    assert PHOTO[-400:] not in shown.content
    assert shown.headers["cache-control"] == "no-store, private, max-age=0"
    askers = {who: home.browser(f"{who.split()[-1]}-{name}", *roles) for who, roles in OTHERS.items()}
    askers |= {"the same in another browser": home.browser(name), "nobody": nobody(home)}
    for who, asker in askers.items():
        answers = crawl(asker, f"/cases/{case}/pictures", place, address, f"/cases/{case}")
        assert pictures_among(answers) == set(), who
        assert asker.get(address).status_code in (303, 401, 403, 404), who
    second_tab = crawl(browser, f"/cases/{case}/pictures", f"/cases/{case}/reveal/{item}")
    assert pictures_among(second_tab) == set()
    assert browser.get(address).status_code == 200


def test_after_covering_or_its_time_the_address_answers_no_more(home, rui):
    _, browser, case, item = rui
    answer = look(browser, case, item)
    place = answer.headers["location"].partition("#")[0]
    address = shown_by(browser, answer)
    assert browser.get(address).status_code == 200
    assert browser.post(f"/cases/{case}/cover", data={"grant": address.rpartition("/")[2]}).status_code == 303
    assert browser.get(address).status_code == 410
    assert browser.get(address).content == b""
    assert pictures_among(crawl(browser, place)) == set()
    second = shown_by(browser, look(browser, case, item))
    assert browser.get(second).status_code == 200
    home.clock.forward(seconds=61)
    assert browser.get(second).status_code == 410


def test_a_module_covers_without_a_page_and_the_claim_that_is_lost_ends_the_look(home, rui):
    _, browser, case, item = rui
    address = shown_by(browser, look(browser, case, item))
    left = browser.post(f"/cases/{case}/cover", data={"grant": "look_other"}, headers={"accept": "*/*"})
    assert (left.status_code, left.content) == (204, b"")
    assert browser.get(address).status_code == 200
    assert browser.post("/care/stop").headers["location"] == "/care/stopped?cases=1"
    assert browser.get(address).status_code == 410
    assert look(browser, case, item).status_code == 409


def test_signing_out_ends_the_look(home, rui):
    _, browser, case, item = rui
    address = shown_by(browser, look(browser, case, item))
    browser.post("/sign-out")
    assert browser.get(address).status_code == 303


def test_ranges_conditions_and_heads_bring_nothing_else(home, rui):
    _, browser, case, item = rui
    address = shown_by(browser, look(browser, case, item, "original", purpose="assess"))
    whole = browser.get(address)
    for headers in (
        {"range": "bytes=0-99"}, {"if-none-match": "*"}, {"if-modified-since": "Sun, 22 Nov 2026 00:00:00 GMT"},
        {"if-range": '"x"', "range": "bytes=0-1"},
    ):  # fmt: skip
        again = browser.get(address, headers=headers)
        assert again.status_code == 200
        assert again.content == whole.content
    assert {"etag", "last-modified", "expires", "content-range"} & set(whole.headers) == set()
    assert whole.headers["accept-ranges"] == "none"
    head = browser.head(address)
    assert (head.status_code, head.content) == (200, b"")
    for aimed in ("document", "iframe", "object", "embed"):
        assert browser.get(address, headers={"sec-fetch-dest": aimed}).status_code == 404
    home.clock.forward(seconds=30)
    assert browser.head(address).status_code == 410


def test_the_original_is_drawn_anew_and_stamped(home, rui):
    _, browser, case, item = rui
    shown = browser.get(shown_by(browser, look(browser, case, item, "original", purpose="assess")))
    image = Image.open(io.BytesIO(shown.content)).convert("RGB")
    assert image.size == (640, 480)
    assert (abs(np.asarray(image, np.int16) - PIXELS) > 40).any(-1).mean() > 0.005
    assert b"Exif" not in shown.content


def test_the_original_is_not_shown_without_a_purpose_or_by_a_plain_request(home, rui):
    _, browser, case, item = rui
    answer = look(browser, case, item, "original")
    assert answer.status_code == 422
    assert "A purpose is missing." in answer.text
    assert browser.get(f"/cases/{case}/look").status_code == 405
    foreign = browser.post(
        f"/cases/{case}/look", data={"item": item, "step": "sketch"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403


def test_items_and_steps_that_are_none_are_refused_calmly(home, rui):
    _, browser, case, item = rui
    for text in ("-1", "1.5", "9" * 30, "x", "", "²", "0x1", " 1"):
        assert look(browser, case, text).status_code == 404, text
        assert browser.get(f"/cases/{case}/reveal/{text or 'none'}").status_code == 404, text
    for step in ("", "Sketch", "all", "original "):
        assert look(browser, case, item, step).status_code == 422, step


def test_what_cannot_be_shown_is_said_on_the_page(home, rui):
    _, browser, _, _ = rui
    case = home.desk.case(b"words and no picture", media_type=None)
    home.desk.claim(case, home.last)
    answer = look(browser, case, home.desk.number)
    address = shown_by(browser, answer)
    assert browser.get(address).status_code == 422
    page = browser.get(f"/cases/{case}/pictures").text
    assert "This is no picture of a kind that is known here." in page
    assert 'name="step"' not in page


def test_a_budget_that_is_used_up_leads_to_the_page_of_care(home, rui):
    _, browser, case, item = rui
    browser.post("/care/limits", data={"reveals_per_day": "1", "minutes_per_day": "", "break_after_minutes": ""})
    browser.get(shown_by(browser, look(browser, case, item, "original", purpose="assess")))
    answer = look(browser, case, item, "original", purpose="assess")
    assert answer.headers["location"] == "/care?reached=1"
    assert "budget for looking is used up" in browser.get("/care?reached=1").text
    wrong = browser.post("/care/limits", data={"reveals_per_day": "0"})
    assert wrong.status_code == 422
