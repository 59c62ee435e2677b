"""The pages of care: figures for their person alone, and practice on drawings."""

import re

import pytest

from deployment import deployment
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("care")) as found:
        yield found


def test_who_may_reach_which_page_of_care(home):
    askers = {
        "reviewer": ((Role.REVIEWER,), {"/care": 200, "/care/team": 403, "/training": 200, "/care/stopped": 200}),
        "lead": ((Role.LEAD,), {"/care": 200, "/care/team": 200, "/training": 200}),
        "curator": ((Role.CURATOR,), {"/care": 403, "/care/team": 403, "/training": 403}),
        "auditor": ((Role.AUDITOR,), {"/care": 403, "/care/team": 403, "/training": 403}),
        "admin": ((Role.ADMINISTRATOR,), {"/care": 403, "/care/team": 403, "/training": 403}),
    }
    for name, (roles, wanted) in askers.items():
        browser = home.browser(name, *roles)
        assert {path: browser.get(path).status_code for path in wanted} == wanted, name


def test_practice_goes_from_the_first_picture_to_the_last(home):
    browser = home.browser("ana")
    place = browser.post("/training").headers["location"]
    for number in range(1, 6):
        answer = browser.post(f"{place}/look", data={"item": str(number), "step": "grey", "place": "training"})
        page = browser.get(answer.headers["location"].partition("#")[0]).text
        address = re.search(r'<img src="([^"]+)"', page)[1]
        drawn = browser.get(address)
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/jpeg")
        assert "no-store" in drawn.headers["cache-control"]
        given = {"number": str(number), "step": "grey", "code": "street", "kind": "photograph", "confidence": "sure"}
        assert browser.post(f"{place}/answer", data=given).status_code == 303
        told = browser.get(f"{place}?told=1").text
        assert "You said: a street." in told
        assert "You answered after the grey version." in told
        assert browser.post(f"{place}/answer", data=given).status_code in (409, 422)
    assert "all answered" in browser.get(place).text
    assert "5 of 5" in browser.get("/training").text
    other = home.browser("ben")
    for path in (place, f"{place}/pictures/1-grey", f"{place}/reveal/1"):
        assert other.get(path).status_code == 404
    assert other.post(f"{place}/answer", data={"number": "1"}).status_code == 404
    assert "5 of 5" not in other.get("/training").text


def test_practice_asks_for_a_purpose_as_a_case_does(home):
    browser = home.browser("cleo")
    place = browser.post("/training").headers["location"]
    asked = {"item": "1", "step": "original"}
    assert browser.post(f"{place}/look", data=asked).status_code == 422
    shown = browser.post(f"{place}/look", data=asked | {"purpose": "assess"})
    assert shown.headers["location"] == f"{place}/reveal/1?look=1-original"
    assert f'src="{place}/pictures/1-original"' in browser.get(shown.headers["location"]).text
    assert browser.post(f"{place}/cover", headers={"accept": "*/*"}).status_code == 204


@pytest.mark.parametrize(
    "look", ["", "1", "1-", "-grey", "9-grey", "x-grey", "1-naked", "1-grey-2", "²-grey", "99999-grey"]
)
def test_practice_takes_no_nonsense(home, look):
    browser = home.browser("dan")
    place = browser.post("/training").headers["location"]
    assert browser.get(f"{place}?look={look}").status_code == 200
    assert browser.get(f"{place}/pictures/{look or 'none'}").status_code == 404
    assert browser.post(f"{place}/look", data={"item": look, "step": look}).status_code == 422
    assert browser.get("/training/run_none").status_code == 404


def test_own_limits_are_shown_and_taken_back(home):
    browser = home.browser("eve")
    browser.post("/care/limits", data={"reveals_per_day": "12", "minutes_per_day": "15", "break_after_minutes": "25"})
    page = browser.get("/care?done=limits").text
    assert "Your limits are saved." in page
    assert re.findall(r'maxlength="5" autocomplete="off" value="(\d*)"', page) == ["12", "15", "25"]
    assert "0 of 12" in page
    browser.post("/care/limits", data={})
    assert "0 of 60" in browser.get("/care").text
