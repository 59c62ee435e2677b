"""The desk as a person without scripts meets it."""

import pytest

from deployment import deployment, text_of
from hosting import Found
from pageserver import error_of, hidden
from rempart.cases.records import work
from rempart.cases.work import settings
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


_PART = 'Content-Disposition: form-data; name="text"\r\n\r\n'


@pytest.mark.parametrize(
    ("charset", "value"),
    [("unicode_escape", b"\\ud800"), ("idna", b"xn--a.\xff.."), ("utf-16", b"abc"), ("a%00b", b"x"), ("hex", b"\xff")],
)
def test_a_form_in_an_odd_encoding_is_no_fault_of_the_server(house, charset, value):
    case_id, page = house.case(74_100 + len(charset + str(value))), house.browser("rita")
    kind = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
    body = b"--b\r\n" + _PART.encode() + value + b"\r\n--b--\r\n"
    assert page.post(f"/cases/{case_id}/notes", content=body, headers=kind).status_code in (303, 422)
    assert page.get(f"/cases/{case_id}").status_code == 200


def test_after_a_restore_pages_say_what_nobody_sees_and_why(house):
    case_id, rita = house.case(75_000), house.browser("rita")
    with house.store.write() as conn:
        work.bar(conn, case_id, [work.EVERYBODY])
        settings.put_restored(conn, version=1, text=None, at=house.clock())
    text = rita.get("/cases").text
    assert "leads alone see cases" in text
    assert "/cases/case_" not in text
    lea, adam = house.browser("lea", Role.LEAD), house.browser("adam", Role.ADMINISTRATOR)
    assert case_id not in lea.get("/cases").text
    health = adam.get("/health").text
    assert case_id in health
    assert "rempart case readmit" in health
    assert "leads alone see cases" in health
    page = lea.get("/work").text
    assert "leads alone see cases" in page
    put = lea.post(
        "/work",
        data={
            "version": "1",
            "schemes": ["uk-abc", "iccam", "ncmec-industry", "vic-us"],
            "two_person": ["report", "add_to_list", "block_account"],
        },
    )
    assert put.status_code == 303, error_of(put.text)
    assert "leads alone see cases" not in rita.get("/cases").text


def test_a_category_stands_as_the_docs_write_it_and_once_where_its_scheme_says_all(house):
    matches = [Found(scheme="uk-abc", code="C"), Found(entry_id=2, distance=14, scheme="listed", code="listed")]
    case_id, other = house.case(71_000, matches=matches), house.case(71_001, matches=matches[1:])
    for lang, words in (
        ("en", "on the list, with no category of its own"),
        ("fr", "sur la liste, sans catégorie propre"),
    ):
        page = house.browser(f"rita-{lang}", language=lang)
        for address in (f"/cases/{case_id}", "/cases"):
            text = page.get(address).text
            assert "<code>uk-abc:C</code>" in text, address
            assert words in text_of(text), address
            assert "listed listed" not in text_of(text)
            assert "uk-abc C" not in text_of(text)
        assert words in page.get(f"/cases/{other}").text


def test_an_uploaders_page_leads_to_those_of_the_case_where_none_is_named(house):
    case_id, page = house.case(71_100, uploader="kite_77"), house.browser("rita")
    for asked in ("", "?service=forum", "?uploader=kite_77"):
        told = page.get(f"/cases/{case_id}/uploader{asked}")
        assert (told.status_code, told.headers["location"]) == (303, f"/cases/{case_id}#uploaders")
    assert 'id="uploaders"' in page.get(f"/cases/{case_id}").text
    named = page.get(f"/cases/{case_id}/uploader?service=forum&uploader=kite_77").text
    assert "photo-71100" in named
    assert page.get("/cases/case_none/uploader?service=forum&uploader=kite_77").status_code == 404
