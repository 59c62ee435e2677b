"""The pages of lists, on a whole deployment: what the API does, by forms; bad input and races included."""

import gzip
import re
import threading

import pytest

from curating import entries, ndjson
from deployment import deployment, rows_of, text_of
from listfiles import draw
from pageserver import error_of
from rempart.lists import breaker_records, entry_records, staging_records
from rempart.lists.ingest import Wishes
from rempart.lists.records import Mode
from rempart.people.permissions import Role
from rempart.store.engine import Store

CURATOR, LEAD = Role.CURATOR, Role.LEAD


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("lists")) as found:
        yield found


@pytest.fixture
def anna(house):
    return house.browser("anna", CURATOR)


def made(house, name, *, mode=Mode.OBSERVING, by="anna", count=0):
    curated = house.curation
    found = curated.create(name=name, by=house.principal(by, CURATOR), mode=mode)
    if count:
        curated.add(found.id, entries(count, seed=len(name) + count, prefix=name[:3]), Wishes(),
                    by=house.principal(by, CURATOR))  # fmt: skip
    return found


def live_refs(house, made_list):
    with house.store.read() as conn:
        page = entry_records.entries_page(conn, made_list.number, limit=200_000, withdrawn=False)
    return {one.ref for one in page}


def settings_of(found, **changed):
    told = {
        "name": found.name, "mode": found.mode.value, "scheme": "", "percent": "20", "rows": "50000", "feeds": "",
        "owner": found.owner,
    }  # fmt: skip
    return told | changed


def upload(browser, found, content, **fields):
    return browser.post(
        f"/lists/{found.id}/import", data={"format": "auto", **fields}, files={"file": ("list.csv", content)}
    )


def test_a_list_is_made_changed_and_shown(house, anna):
    told = {"name": "Spring <b>", "mode": "observing", "percent": "30", "rows": "100", "scheme": "uk-abc"}
    answer = anna.post("/lists", data=told)
    assert answer.status_code == 303
    page = anna.get(answer.headers["location"]).text
    assert "The list is made" in page
    assert "Spring &lt;b&gt;" in page
    assert "30 % or 100 entries" in text_of(page)
    where = answer.headers["location"].partition("?")[0]
    done = anna.post(where, data=told | {"name": "Spring", "mode": "blocking", "feeds": "partner\npartner\n"})
    assert done.headers["location"].endswith("done=list_changed")
    assert "partner" in anna.get(where).text


def test_a_wrong_setting_is_told_with_what_was_typed(house, anna):
    answer = anna.post("/lists", data={"name": "Typed", "mode": "observing", "percent": "0", "rows": "7"})
    assert answer.status_code == 422
    assert "from 1 to 1000" in error_of(answer.text)
    assert 'value="Typed"' in answer.text
    assert 'value="7"' in answer.text
    twice = anna.post("/lists", data={"name": made(house, "Taken").name, "mode": "observing"})
    assert twice.status_code == 409


def test_a_change_that_would_block_waits_for_a_second_person(house, anna):
    found = made(house, "to-block", count=3)
    answer = anna.post(f"/lists/{found.id}", data=settings_of(found, mode="blocking"))
    page = anna.get(answer.headers["location"]).text
    assert "It waits for a second person." in page
    with house.store.read() as conn:
        (staged,) = staging_records.of_list(conn, found.id, limit=1)
    assert f"/approvals/{staged.approval_id}" in page
    bert = house.browser("bert", CURATOR)
    changes = f"/lists/{found.id}/changes/{staged.id}"
    assert bert.post(changes + "/take-back").headers["location"].endswith("done=taken_back")
    assert bert.post(changes + "/take-back").status_code == 409


def test_a_change_that_was_overtaken_is_not_approved(house, anna):
    found = made(house, "overtaken", mode=Mode.OBSERVING, count=2)
    place = anna.post(f"/lists/{found.id}", data=settings_of(found, mode="blocking")).headers["location"]
    with house.store.read() as conn:
        (staged,) = staging_records.of_list(conn, found.id, limit=1)
    house.curation.add(found.id, entries(1, seed=77, prefix="late"), Wishes(), by=house.principal("anna", CURATOR))
    bert = house.browser("bert", CURATOR)
    answer = bert.post(f"/approvals/{staged.approval_id}", data={"answer": "approve", "reason": "looked at it"})
    assert answer.status_code == 409
    assert "changed since" in error_of(answer.text)
    assert "waiting" in text_of(anna.get(place).text)


@pytest.mark.parametrize("form", ["ndjson", "gzip", "utf-16", "pasted"])
def test_files_and_pasted_lines_are_taken_in(house, anna, form):
    found = made(house, f"taken-{form}")
    lines = ndjson(40, seed=5)
    if form == "pasted":
        answer = anna.post(f"/lists/{found.id}/import", data={"pasted": lines, "format": "jsonl"}, files={"file": b""})
    else:
        content = {"ndjson": lines.encode(), "gzip": gzip.compress(lines.encode()), "utf-16": lines.encode("utf-16")}
        answer = upload(anna, found, content[form])
    assert answer.status_code == 303, error_of(answer.text)
    page = anna.get(answer.headers["location"]).text
    assert "It is taken in." in page
    assert len(live_refs(house, found)) == 40


def test_a_table_of_more_than_a_hundred_thousand_lines_is_taken_in(house, anna):
    found, signals = made(house, "long"), draw(9)
    lines = ["hash_type,hash_value,scheme,code,source_id"]
    lines += [f"md5,{signals.md5()},listed,listed,row{n}" for n in range(1_000)]
    lines += [f"md5,no-hash-{n},listed,listed,bad{n}" for n in range(99_001)]
    answer = upload(anna, found, "\n".join(lines).encode(), source="partner")
    page = text_of(anna.get(answer.headers["location"]).text)
    assert "Entries to add 1,000" in page
    assert "Lines refused 99,001" in page
    assert "Line 1,002:" in page
    listing = anna.get(f"/lists/{found.id}/entries")
    assert rows_of(listing.text) == 50
    following = re.search(r'href="([^"]*after=[0-9]+)"', listing.text)[1].replace("&amp;", "&")
    assert rows_of(anna.get(following).text) == 50
    by_ref = anna.get(f"/lists/{found.id}/entries", params={"ref": "row999"})
    assert rows_of(by_ref.text) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\x00nothing that is a list", "not a hash list"),
        (gzip.compress(ndjson(50, seed=6).encode())[:-40], "cut short"),
        (b"", "nothing to take in"),
    ],
)
def test_files_that_cannot_be_taken_in_say_why_and_change_nothing(house, anna, content, told):
    found = made(house, f"bad-{told}")
    answer = upload(anna, found, content, source="typed by me")
    assert answer.status_code in (409, 422)
    assert told in error_of(answer.text)
    assert 'value="typed by me"' in answer.text
    assert live_refs(house, found) == set()


def test_pasted_lines_with_a_mistake_are_kept(house, anna):
    found = made(house, "pasted-kept")
    answer = anna.post(
        f"/lists/{found.id}/import", data={"pasted": "keep <me>", "scheme": "no-such"}, files={"file": b""}
    )
    assert answer.status_code == 422
    assert "keep &lt;me&gt;" in answer.text


def test_an_entry_is_added_found_and_withdrawn(house, anna):
    found, signal = made(house, "by hand"), draw(12).pdq()
    told = {"type": "pdq", "value": str(signal), "quality": "90", "ref": "ref <1>", "scheme": "listed",
            "code": "listed", "opinion": "positive", "tags": "a, b"}  # fmt: skip
    here = f"/lists/{found.id}/entries"
    assert anna.post(here, data=told).headers["location"].endswith("done=entry_added")
    for sought in ({"ref": "ref <1>"}, {"signal": f"pdq:{signal}"}, {"scheme": "listed", "code": "listed"},
                   {"state": "live"}):  # fmt: skip
        page = anna.get(here, params=sought).text
        assert "ref &lt;1&gt;" in page, sought
        assert rows_of(page) == 1
    assert anna.post(here + "/withdraw", data={"entry": "ref <1>", "reason": "a mistake"}).status_code == 303
    assert rows_of(anna.get(here, params={"state": "live"}).text) == 0
    again = anna.post(here + "/withdraw", data={"entry": "ref <1>", "reason": "a mistake"})
    assert again.status_code == 409
    assert "already withdrawn" in error_of(again.text)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("value", "zz", "hexadecimal"), ("value", "0" * 31, "digits"), ("type", "crc32", "no kind of signal"),
        ("quality", "101", "number"), ("code", "no-such", "has no code"), ("ref", "x" * 600, "512"),
        ("source", "y" * 300, "source"), ("opinion", "evil", "opinion"),
    ],
)  # fmt: skip
def test_entries_that_are_wrong_are_refused_with_what_was_typed(house, anna, name, value, told):
    found = made(house, f"wrong {name} {value[:3]}")
    good = {
        "type": "md5",
        "value": "0" * 32,
        "scheme": "listed",
        "code": "listed",
        "opinion": "positive",
        "ref": "mine",
    }
    answer = anna.post(f"/lists/{found.id}/entries", data=good | {name: value})
    assert answer.status_code == 422
    assert told in error_of(answer.text)
    assert live_refs(house, found) == set()


def test_many_entries_are_withdrawn_together_or_none_is(house, anna):
    found = made(house, "together", count=60)
    refs = sorted(live_refs(house, found))
    here = f"/lists/{found.id}/entries/withdraw"
    wrong = anna.post(here, data={"entry": [*refs[:5], "no-such"], "reason": "wrong"})
    assert wrong.status_code == 404
    assert len(live_refs(house, found)) == 60
    assert anna.post(here, data={"entry": refs[:50]}).status_code == 422
    assert anna.post(here, data={"entry": refs[:50], "reason": "wrong list"}).status_code == 303
    assert live_refs(house, found) == set(refs[50:])
    assert "10" in text_of(anna.get(f"/lists/{found.id}").text)


def test_of_two_who_withdraw_the_same_entries_one_is_told_so(house):
    found = made(house, "raced", count=10)
    refs = sorted(live_refs(house, found))
    seen, start = [], threading.Barrier(2)

    def withdraw(name):
        browser = house.browser(name, CURATOR)
        start.wait()
        here = f"/lists/{found.id}/entries/withdraw"
        seen.append(browser.post(here, data={"entry": refs, "reason": "both"}).status_code)

    threads = [threading.Thread(target=withdraw, args=(name,)) for name in ("anna", "bert")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [303, 409]


def test_withdrawals_on_anothers_blocking_list_wait_together(house, anna):
    found = made(house, "anothers", mode=Mode.BLOCKING)
    staged = house.curation.add(found.id, entries(4, seed=31), Wishes(), by=house.principal("anna", CURATOR))
    house.curation.decide(staged.id, by=house.principal("bert", CURATOR), approve=True)
    bert = house.browser("bert", CURATOR)
    answer = bert.post(f"/lists/{found.id}/entries/withdraw", data={"entry": ["e0", "e1"], "reason": "not ours"})
    page = text_of(bert.get(answer.headers["location"]).text)
    assert "The list is another's." in page
    assert "Entries to withdraw 2" in page
    assert len(live_refs(house, found)) == 4


def test_findings_against_entries_are_shown(house, anna):
    found, signal = made(house, "guarded", mode=Mode.BLOCKING), draw(41).md5()
    lead = house.browser("lea", LEAD)
    assert lead.post("/lists/guards", data={"guard": "canary", "signals": f"md5:{signal}\n"}).status_code == 303
    house.curation.guards._read_at = -1e9
    answer = upload(anna, found, f"hash_type,hash_value,scheme,code\nmd5,{signal},listed,listed\n")
    page = text_of(anna.get(answer.headers["location"].partition("?")[0], params={"flagged": "yes"}).text)
    assert "Near a canary 1" in page
    assert "Speaks against it:" in page
    gone = {"guard": "canary", "signal": f"md5:{signal}"}
    assert lead.post("/lists/guards/remove", data=gone).status_code == 303
    assert lead.post("/lists/guards/remove", data=gone).status_code == 404
    wrong = lead.post("/lists/guards", data={"guard": "noisy", "signals": "md5:00\nmd5:" + "0" * 32})
    assert "Line 1 is no signal" in error_of(wrong.text)


def test_a_breaker_is_shown_with_its_list_and_reset_once(house, anna):
    found = made(house, "tripping", count=1)
    with house.store.write() as conn:
        (one,) = entry_records.entries_page(conn, found.number, limit=1)
        breaker_records.trip(conn, f"entry:{one.id}", count=500, usual=3, at=house.runtime.service.clock())
    page = text_of(anna.get(f"/lists/{found.id}").text)
    assert "500" in page
    auditor = text_of(house.browser("olga", Role.AUDITOR).get("/lists/breakers").text)
    assert one.ref not in auditor
    reset = {"subject": f"entry:{one.id}", "reason": "a festival", "allowed": "900"}
    assert anna.post("/lists/breakers", data=reset | {"reason": ""}).status_code == 422
    assert anna.post("/lists/breakers", data=reset).status_code == 303
    assert anna.post("/lists/breakers", data=reset).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/lists/" + "x" * 10_000, "/lists/list_%00", "/lists/%F0%9F%98%80", "/lists/list_1/entries",
        "/lists/none/import", "/lists?after=none", "/lists/none/changes/none",
    ],
)  # fmt: skip
def test_ids_of_nothing_are_told_so(house, anna, path):
    answer = anna.get(path)
    assert answer.status_code in (404, 431), answer.text
    assert "x" * 200 not in answer.text


@pytest.mark.parametrize(
    "query",
    ["signal=zz", "signal=md5:00", "after=-1", "after=9" + "9" * 30, "ref=a%00b", "ref=" + "r" * 600, "after=ten"],
)
def test_questions_that_make_no_sense_are_refused(house, anna, query):
    found = made(house, f"asked {query[:20]}")
    assert anna.get(f"/lists/{found.id}/entries?{query}").status_code == 422


def test_entries_are_for_curators_and_grave_changes_need_a_fresh_proof(house):
    found = made(house, "closed", count=1)
    for name, role in (("lea", LEAD), ("olga", Role.AUDITOR), ("adam", Role.ADMINISTRATOR)):
        browser = house.browser(name, role)
        assert browser.get(f"/lists/{found.id}").status_code == 200
        assert browser.get(f"/lists/{found.id}/entries").status_code == 403
    old = house.browser("anna", CURATOR, old=True)
    for path in (f"/lists/{found.id}", f"/lists/{found.id}/entries/withdraw", "/lists/breakers", "/lists/guards"):
        assert old.post(path).headers["location"].startswith("/sign-in/again")
    assert "Confirm who you are" in old.get(f"/lists/{found.id}/entries").text


def test_movements_are_the_same_on_both_databases(store: Store):
    from curating import ANNA, curation

    curated = curation(store)
    found = curated.create(name="one", by=ANNA)
    curated.add(found.id, entries(3), Wishes(), by=ANNA)
    curated.withdraw_all(found.id, ["e0", "e1"], by=ANNA)
    with store.read() as conn:
        moved = staging_records.movements(conn, [found.id, "none"], since=curated.clock().replace(year=2020))
        assert (moved[found.id].added, moved["none"].added, moved[found.id].waiting) == (3, 0, 0)
        assert moved[found.id].newest == curated.clock()
        page, following = entry_records.of_category(conn, found.number, scheme="listed", code="", limit=2)
        assert ([one.ref for one in page], following) == (["e0", "e1"], page[-1].id)
        page, following = entry_records.of_category(
            conn, found.number, scheme="listed", code="listed", limit=5, withdrawn=False
        )
        assert ([one.ref for one in page], following) == (["e2"], None)
        assert entry_records.refs_of(conn, [page[0].id]) == {page[0].id: (found.id, "e2")}
        assert [one.ref for one in entry_records.of_numbers(conn, found.number, [page[0].id, 10**9])] == ["e2"]
