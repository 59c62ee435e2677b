"""The pages of items on a whole deployment: found by what is known of them, searched with a purpose, deleted."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from deployment import deployment, rows_of, text_of
from pageserver import error_of
from pictures import jpeg
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.work import moves
from rempart.clock import utc_now
from rempart.items.records import checks, items, search
from rempart.items.records.search import Place, Sought
from rempart.people.permissions import Role, Scope
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.signals.outcome import Outcome
from rempart.store.engine import Store
from rempart.store.schema import to_micros
from serving import make_key

REVIEWER, LEAD = Role.REVIEWER, Role.LEAD


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("items")) as found:
        key = make_key(found.store, Scope.CHECK, Scope.SIGNALS)
        client = found.browser("nobody")
        for number in range(3):
            asked = {"item_id": f"photo/{number} <x>", "uploader": "mallory & co",
                     "signals": {"md5": f"{number:032x}"}, "context": {"place": "<i>avatar</i>"}}  # fmt: skip
            headers = {"authorization": f"Bearer {key}", "cookie": ""}
            assert client.post("/v1/check", json=asked, headers=headers).status_code == 200
        yield found


def found_item(house, name):
    with house.store.read() as conn:
        return items.find(conn, "forum", name)


@pytest.mark.parametrize(
    ("sought", "rows"),
    [
        ({}, 3), ({"service": "forum"}, 3), ({"service": "other"}, 0), ({"verdict": "allow"}, 3),
        ({"verdict": "block"}, 0),
        ({"service": "forum", "item_id": "photo/1 <x>"}, 1), ({"service": "forum", "uploader": "mallory & co"}, 3),
        ({"since": "2020-01-01", "until": "2099-01-01"}, 3), ({"since": "2099-01-01"}, 0),
        ({"outcome": "unreadable"}, 0),
        ({"case": "case_none"}, 0),
    ],
)  # fmt: skip
def test_items_are_found_by_what_is_known_of_them(house, sought, rows):
    answer = house.browser("rita", REVIEWER).get("/items", params=sought)
    assert answer.status_code == 200
    assert rows_of(answer.text) == rows
    assert "<x>" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["item_id=alone", "uploader=alone", "since=yesterday", "until=9999-12-32", "item_id=" + "i" * 10_000,
     "service=a%00b", "before=99999999999999999999.1"],
)  # fmt: skip
def test_questions_that_make_no_sense_say_what_to_do(house, query):
    answer = house.browser("rita", REVIEWER).get(f"/items?{query}")
    assert answer.status_code == 422
    assert error_of(answer.text)


def test_one_item_is_shown_without_any_signal_or_markup_of_others(house):
    item = found_item(house, "photo/1 <x>")
    page = house.browser("rita", REVIEWER).get(f"/items/{item.id}").text
    assert "&lt;i&gt;avatar&lt;/i&gt;" in page
    assert f"{1:032x}" not in page
    assert "uploader=mallory+%26+co" in page
    for wrong in ("0", "none", "9" * 18, "9" * 40):
        assert house.browser("rita", REVIEWER).get(f"/items/{wrong}").status_code == 404


def test_a_search_needs_a_purpose_and_is_written_down(house):
    lead = house.browser("lea", LEAD)
    asked = {"signal": f"md5:{2:032x}", "purpose": ""}
    answer = lead.post("/items/search", data=asked, files={"file": b""})
    assert answer.status_code == 422
    assert "purpose" in error_of(answer.text)
    assert f"{2:032x}" in answer.text
    answer = lead.post("/items/search", data=asked | {"purpose": "request 17 of the police"}, files={"file": b""})
    assert "1 item" in text_of(answer.text)
    with house.store.read() as conn:
        purposes = conn.execute(text("SELECT purpose FROM lookback_searches")).scalars().all()
    assert purposes == ["request 17 of the police"]
    assert house.browser("rita", REVIEWER).get("/items/search").status_code == 403


@pytest.mark.parametrize("signal", ["md5:zz", "sha256:" + "0" * 63, "crc:00", "<script>", "x" * 199])
def test_what_is_no_signal_is_not_searched_for(house, signal):
    asked = {"signal": signal, "purpose": "a purpose of some length"}
    answer = house.browser("lea", LEAD).post("/items/search", data=asked, files={"file": b""})
    assert answer.status_code == 422
    assert "<script>" not in re.sub(r"<script type=.*?</script>", "", answer.text)


def test_a_file_is_searched_by_its_signals(house):
    asked = {"purpose": "a purpose of some length"}
    answer = house.browser("lea", LEAD).post("/items/search", data=asked, files={"file": ("a.jpg", jpeg(3))})
    assert answer.status_code == 200
    assert "pdq" in text_of(answer.text)
    broken = house.browser("lea", LEAD).post("/items/search", data=asked, files={"file": ("a.jpg", b"no picture")})
    assert broken.status_code == 200  # its digests are signals as well


def test_items_are_deleted_after_a_look_and_those_of_open_cases_wait(house):
    lead, item = house.browser("lea", LEAD), found_item(house, "photo/0 <x>")
    with house.store.write() as conn:
        case = open_case(
            conn, kind="upload", queue="standard", assessors=1, item=CaseItem(id=item.id, service="forum", sha256=None),
            matches=(), reason="test", policy_version=1, by=SYSTEM, at=utc_now(),
        )  # fmt: skip
    page = lead.get("/items", params={"case": case})
    assert rows_of(page.text) == 1
    look = lead.post("/items/delete", data={"item": str(item.id)})
    assert look.status_code == 200
    assert "Delete these items?" in text_of(look.text)
    assert found_item(house, "photo/0 <x>") is not None
    done = lead.post("/items/delete", data={"item": [str(item.id)], "sure": "yes"})
    assert done.headers["location"] == "/items?done=items_deleted"
    assert found_item(house, "photo/0 <x>") is None
    with house.store.read() as conn:
        assert items.hosted(conn, item.id).gone is not None
    again = lead.post("/items/delete", data={"item": [str(item.id)], "sure": "yes"})
    assert again.headers["location"] == "/items?done=items_partly"
    assert lead.post("/items/delete", data={}).status_code == 422
    assert house.browser("rita", REVIEWER).post("/items/delete", data={}).status_code == 403


def test_a_lead_who_is_kept_from_a_case_finds_no_trace_of_its_item(house):
    item = found_item(house, "photo/2 <x>")
    lea, lou = house.principal("lea", LEAD), house.principal("lou", LEAD)
    with house.store.write() as conn:
        case = open_case(
            conn, kind="upload", queue="standard", assessors=1, item=CaseItem(id=item.id, service="forum", sha256=None),
            matches=(), reason="test", policy_version=1, by=SYSTEM, at=utc_now(),
        )  # fmt: skip
    lead, other = house.browser("lea", LEAD), house.browser("lou", LEAD)
    assert case in lead.get(f"/items/{item.id}").text
    with house.store.write() as conn:
        moves.restrict_insider(conn, case, lou, frozenset({lea.id}), at=utc_now())
    assert case in other.get(f"/items/{item.id}").text
    assert lead.get(f"/items/{item.id}").status_code == 404
    exact = {"service": "forum", "item_id": "photo/2 <x>"}
    for sought in (exact, {"case": case}, {"service": "forum"}, {}):
        assert f"/items/{item.id}" not in lead.get("/items", params=sought).text, sought
    asked = {"signal": f"md5:{2:032x}", "purpose": "is my photo in there"}
    assert "photo/2" not in lead.post("/items/search", data=asked, files={"file": b""}).text
    assert lead.post("/items/delete", data={"item": str(item.id)}).status_code == 404
    for subject in (f"case:{case}", f"item:{item.id}"):
        assert lead.get("/ledger/about", params={"subject": subject}).status_code == 404
        assert other.get("/ledger/about", params={"subject": subject}).status_code == 200


def row(number, at, **more):
    base = {
        "id": number, "service": "s", "item_id": str(number), "uploader": None, "url": None, "published": None,
        "context": {}, "sha256": None, "media_type": None, "size": None, "verdict": "allow", "decided": None,
        "request": f"check_{number}", "object": None, "created": at, "checked": at, "gone": None,
    }  # fmt: skip
    return base | more


def test_pages_hold_every_item_once_also_where_many_share_a_moment(store: Store, monkeypatch):
    monkeypatch.setattr(search, "STRETCH", 7)
    start = utc_now()
    rows = [row(n, start + timedelta(seconds=n // 4), verdict="hold" if n % 10 == 0 else "allow") for n in range(1, 60)]
    rows[30]["gone"] = start
    made = [
        {"request": one["request"], "item": one["id"], "service": "s",
         "outcome": "unreadable" if one["id"] % 9 == 0 else "ok",
         "verdict": one["verdict"], "rule": "r", "policy": 1, "mark": 0, "facts": None, "case_id": None,
         "at": one["checked"]}
        for one in rows
    ]  # fmt: skip
    with store.write() as conn:
        items.add(conn, rows)
        checks.add(conn, made)

    def everything(sought, most=3):
        seen, before = [], None
        with store.read() as conn:
            for _ in range(200):
                page = search.page(conn, sought, before=before, most=most)
                seen += [one.id for one in page.rows]
                before = page.following
                if before is None:
                    return seen
        raise AssertionError("no end")

    assert everything(Sought()) == sorted(set(range(1, 60)) - {31}, reverse=True)
    assert everything(Sought(verdict=Verdict.HOLD)) == [50, 40, 30, 20, 10]
    assert everything(Sought(verdict=Verdict.HOLD, service="none")) == []
    assert everything(Sought(outcome=Outcome.UNREADABLE)) == [54, 45, 36, 27, 18, 9]
    assert len(everything(Sought(outcome=Outcome.OK))) == 58 - 6
    late = Sought(since=start + timedelta(seconds=10), until=start + timedelta(seconds=12))
    assert everything(late) == [47, 46, 45, 44, 43, 42, 41, 40]


def plan_of(conn, query):
    compiled = query.compile(conn)
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    told = tuple(to_micros(one) if isinstance(one, datetime) else one for one in values)
    return str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", told).all())


def test_a_search_by_verdict_or_outcome_uses_its_own_index(sqlite_store: Store):
    place = Place(moment=utc_now(), item=3)
    with sqlite_store.read() as conn:
        for sought, index in (
            (Sought(verdict=Verdict.HOLD), "ix_items_verdict"),
            (Sought(verdict=Verdict.HOLD, since=utc_now()), "ix_items_verdict"),
            (Sought(), "ix_items_checked"),
            (Sought(service="s", uploader="u"), "ix_items_service_uploader"),
        ):
            assert index in plan_of(conn, search._by_item(sought, place)), sought
        assert "ix_checks_outcome" in plan_of(conn, search._by_check(Sought(outcome=Outcome.UNREADABLE), place))
