"""The desk as a person without scripts meets it."""

import pytest

from deployment import deployment
from pageserver import error_of, hidden
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("desk")) as found:
        yield found


ANSWER = {"main": "remove", "category": "uk-abc:B", "confidence": "sure", "rationale": "As listed."}


def test_a_case_is_taken_and_answered(house):
    case_id = house.case(1)
    page = house.browser("rita")
    queue = page.get("/cases")
    assert queue.status_code == 200
    assert f"/cases/{case_id}" in queue.text
    taken = page.post("/cases/next")
    assert taken.status_code == 303
    assert taken.headers["location"] == f"/cases/{case_id}"
    text = page.get(taken.headers["location"]).text
    assert "Yours for" in text
    told = page.post(f"/cases/{case_id}/assess", data=ANSWER | {"token": hidden(text, "token"), "then": "next"})
    assert told.status_code == 303, error_of(told.text)
    after = page.get(told.headers["location"]).text
    assert "It can be taken back until" in after


def test_a_character_that_no_database_keeps_is_left_out_of_forms_and_found_nowhere(house):
    case_id, page = house.case(4_000), house.browser("rita")
    told = page.post(f"/cases/{case_id}/notes", data={"text": "seen\0 twice"})
    assert told.status_code == 303
    assert "seen twice" in page.get(f"/cases/{case_id}").text
    for address, status in (("/cases/%00", 404), ("/cases?queue=a%00b", 422), ("/items?service=%00", 422)):
        assert page.get(address).status_code == status
    assert (
        house.browser("lena", Role.LEAD).post(f"/cases/{case_id}/bar", data={"person": "x" * 10_000}).status_code == 422
    )
