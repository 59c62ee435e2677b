"""The fullest honest case: its page is light, and everything can be reached from it."""

import re

import pytest

from consolebrowser import MOST_WEIGHT
from deployment import deployment, text_of
from desks import opened
from fullcase import put_full_case
from pageserver import hidden
from rempart.cases.work import claims
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("full")) as found:
        lead, at = found.principal("lena", Role.LEAD), found.clock()
        with found.store.write() as conn:
            found.full = put_full_case(conn, opened, by=lead, at=at)
            claims.claim(conn, found.full, lead, at=at)
        yield found


def weight(browser, page):
    files = set(re.findall(r'(?:href|src)="(/files/[^"]+)"', page))
    return len(page.encode()) + sum(len(browser.get(file).content) for file in files)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_fullest_page_of_a_case_stays_light(house, lang):
    browser = house.browser("lena")
    browser.post("/account/language", data={"language": lang})
    page = browser.get(f"/cases/{house.full}").text
    draft = {"rationale": "As it is on the list. " * 20, "main": "remove", "category": "uk-abc:A", "more": "report"}
    assert browser.post(f"/cases/{house.full}/draft", data=draft | {"token": hidden(page, "token")}).status_code < 400
    page = browser.get(f"/cases/{house.full}").text
    for part in ("answer-form", "matches", "near", "uploaders", "timeline"):
        assert f'id="{part}"' in page
    assert page.count("<details name=") >= 4, "all schemes"
    assert "As it is on the list." in page
    assert weight(browser, page) <= MOST_WEIGHT


def parts(browser, here, name, step, upto, pattern):
    """What a pattern finds on the pages that show a part each; the link on each leads to the one after it."""
    found = []
    for start in range(0, upto, step):
        page = browser.get(f"{here}?{name}={start}").text
        found += re.findall(pattern, page)
        assert (f'href="{here}?{name}={start + step}#' in page) == (start + step < upto), start
    return found


def test_everything_can_be_reached_part_by_part(house):
    browser, here = house.browser("lena"), f"/cases/{house.full}"
    browser.post("/account/language", data={"language": "en"})
    page = browser.get(here).text
    assert "1 to 5 of 100." in text_of(page)
    assert "1 to 5 of 20." in text_of(page)
    matches = parts(browser, here, "matches", 5, 100, r"Hotline of the north, spring (\d+)")
    assert sorted(map(int, matches)) == list(range(100))
    assert len(set(parts(browser, here, "near", 5, 20, r'id="near-(\d+)"'))) == 20
    events = parts(browser, here, "earlier", 6, 42, r"<blockquote>The partner")
    assert len(events) == 40, "every note, once; besides them it was opened and claimed"
    for strange in ("matches=-1", "matches=9999999999", "near=x", "earlier=99999", "matches=500"):
        assert browser.get(f"{here}?{strange}").status_code == 200


def test_what_was_answered_makes_room_for_what_was_not(house):
    browser, here = house.browser("lena"), f"/cases/{house.full}"
    page = browser.get(here).text
    first = re.findall(r'id="near-(\d+)"', page)
    told = browser.post(f"{here}/near", data={"near": f"reject:{first[0]}", "token": hidden(page, "token")})
    assert told.status_code == 303
    after = re.findall(r'id="near-(\d+)"', browser.get(here).text)
    assert first[0] not in after
    assert len(after) == 5
