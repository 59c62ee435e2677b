"""Pages of statistics, second looks and oversight on a whole deployment."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from sqlalchemy import text

from deployment import deployment
from figuring import counted, put_answer, put_case, put_flags, put_look, put_year
from pageserver import error_of
from receivers import wait_until
from rempart.cases.quality import looks
from rempart.cases.quality.counting import WHOLE
from rempart.cases.records import figures, samples
from rempart.people.permissions import Role


def whole_count(store):
    with store.read() as conn:
        return figures.mark(conn, WHOLE)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("figures")) as found:
        wait_until(lambda: whole_count(found.store) is not None)  # what the server counts now knows nothing of the rest
        with found.store.write() as conn:
            put_year(conn, until=found.clock())
            matches = [{"list_id": "=cmd|calc", "code": "9"}]
            for number in range(10):
                put_case(conn, f"case_risk_{number}", opened=found.clock() - timedelta(hours=5), decision="remove",
                         matches=matches)  # fmt: skip
        counted(found.store, anew=True)
        found.lead = found.browser("lea", Role.LEAD)
        found.reviewer = found.browser("rui", Role.REVIEWER)
        yield found


def table(house, name, **asked):
    answer = house.lead.get(f"/statistics/table/{name}", params=asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_page_has_its_figures_and_weighs_little(house):
    page = house.lead.get("/statistics").text
    assert len(page.encode()) <= 60_000
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg"') == 8
    assert "none recorded" in page
    assert not re.search(r"<style|\bstyle=|<script", page.partition("<main")[2])


def test_every_table_is_there_as_csv_and_says_what_the_page_says(house):
    checks = table(house, "checks", months="12")
    assert len(checks) == 12
    assert all(int(row["checks"]) == sum(int(row[one]) for one in ("allow", "hold", "block")) for row in checks)
    cases = table(house, "cases")
    assert sum(int(row["decided"]) for row in cases) == sum(int(r["upheld"]) + int(r["cleared"]) for r in cases) > 100
    assert {row["with_ai_origin_evidence"] for row in cases} > {"none recorded"}
    assert {row["queue"] for row in table(house, "queues")} == {"exact", "similar"}
    assert {row["by"] for row in table(house, "precision")} == {"list", "category", "probe"}
    agreement = table(house, "agreement")
    assert {row["pairs_of"] for row in agreement} == {"two answers", "second looks"}
    assert any(0 < float(row["kappa"]) <= 1 for row in agreement if row["kappa"].replace(".", "").isdigit())


def test_a_spreadsheet_takes_no_name_of_a_list_for_a_formula(house):
    rows = [row for row in table(house, "precision") if "cmd" in row["name"]]
    assert [row["name"] for row in rows] == ["'=cmd|calc"]


def test_cases_are_narrowed_down_to_a_list_or_category(house):
    whole = sum(int(row["opened"]) for row in table(house, "cases"))
    rows = table(house, "cases", of="list:list_trial")
    assert 0 < sum(int(row["opened"]) for row in rows) < whole
    assert {row["of"] for row in rows} == {"Trial of the spring list"}
    assert 0 < sum(int(row["opened"]) for row in table(house, "cases", of="category:vic-us 2")) < whole


@pytest.mark.parametrize(
    "asked",
    ["months=999", "months=x", "of=kind:match", "of=list:", "of=list:nothing", "of=%27%3B--", "months=6&of=all:x"],
)
def test_what_is_asked_wrongly_is_answered_all_the_same(house, asked):
    assert house.lead.get(f"/statistics?{asked}").status_code == 200


def test_a_control_character_in_the_address_is_refused(house):
    assert house.lead.get("/statistics?of=list:nothing%00").status_code == 422


@pytest.mark.parametrize("name", ["checks", "verdicts", "cases", "decisions", "ages", "times", "lists", "probes"])
def test_each_chart_stands_alone_as_a_picture(house, name):
    answer = house.lead.get(f"/statistics/chart/{name}", params={"months": "24"})
    assert answer.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(answer.text)
    assert root.get("aria-label")
    assert {one.tag.rpartition("}")[2] for one in root.iter()} <= {"svg", "g", "rect", "line", "text", "path"}


@pytest.mark.parametrize("path", ["/statistics/chart/none", "/statistics/table/none"])
def test_there_is_no_other_chart_or_table(house, path):
    assert house.lead.get(path).status_code == 422


def test_no_person_stands_in_any_figure(house):
    found = house.lead.get("/statistics").text + "".join(
        house.lead.get(f"/statistics/table/{name}").text for name in ("cases", "precision", "agreement", "queues")
    )
    assert not re.search(r"p-(ana|ben|cleo)|person_", found)


def put_open_look(house, number):
    """A decided case with an item, whose second look waits."""
    case_id = house.case(90_000 + number)
    with house.store.write() as conn:
        conn.execute(
            text("UPDATE cases SET state='decided', decision='remove', decided_why='hidden words', decided=opened, "
                 "cluster=NULL WHERE id=:c"), {"c": case_id},
        )  # fmt: skip
        put_answer(conn, case_id, "ana", ["remove"], rationale="hidden words", category=("uk-abc", "C"))
        put_look(conn, case_id, at=house.clock())
    return case_id


def test_a_second_look_is_taken_looked_at_and_answered(house):
    case_id = put_open_look(house, 1)
    assert "1 second look waits" in house.reviewer.get("/quality").text
    taken = house.reviewer.post("/quality/next")
    assert taken.headers["location"] == f"/quality/{case_id}"
    page = house.reviewer.get(f"/quality/{case_id}").text
    assert "hidden words" not in page
    assert "p-ana" not in page
    assert house.reviewer.get(f"/cases/{case_id}").headers["location"] == f"/quality/{case_id}"
    empty = house.reviewer.post(f"/quality/{case_id}", data={"rationale": "typed before"})
    assert empty.status_code == 422
    assert "typed before" in empty.text
    done = house.reviewer.post(
        f"/quality/{case_id}", data={"main": "no_violation", "confidence": "sure", "rationale": "a drawing"}
    )
    assert done.headers["location"] == "/quality?done=look_answered"
    assert house.reviewer.get(f"/cases/{case_id}").status_code == 200
    different = house.lead.get("/quality").text
    assert f"/cases/{case_id}" in different
    assert "p-ana" not in different
    assert "Came out differently" not in house.reviewer.get("/quality").text


def test_who_has_not_taken_a_look_is_shown_none(house):
    case_id = put_open_look(house, 2)
    other = house.browser("ada", Role.REVIEWER)
    assert other.get(f"/quality/{case_id}").status_code == 404
    assert other.post(f"/quality/{case_id}", data={"main": "remove"}).status_code == 404
    with house.store.read() as conn:
        assert samples.waiting_of_case(conn, case_id) is not None
    with house.store.write() as conn:
        looks.lapse(conn, at=house.clock() + timedelta(days=30), vault=house.runtime.service.vault)
    assert "No second look waits" in other.get("/quality").text
    assert other.post("/quality/next").headers["location"] == "/quality?done=no_look"


def test_flags_are_shown_to_a_second_lead_and_acknowledged_with_a_sentence(house):
    other = house.browser("max", Role.LEAD)
    case_id = house.case(91_000)
    with house.store.write() as conn:
        put_flags(conn, house.people["lea"].id, at=house.clock(), case_id=case_id)
    assert "Nothing waits" in house.lead.get("/oversight").text
    page = other.get("/oversight").text
    assert house.people["lea"].pseudonym in page
    name = re.search(r"/oversight/(flag_\w+)", page)[1]
    assert house.lead.get(f"/oversight/{name}").status_code == 404
    assert house.lead.post(f"/oversight/{name}", data={"said": "It was me and all is well."}).status_code == 404
    short = other.post(f"/oversight/{name}", data={"said": "ok"})
    assert "sentence" in error_of(short.text)
    said = other.post(f"/oversight/{name}", data={"said": "Asked, and it was for a report."})
    assert said.headers["location"] == "/oversight?done=flag_seen"
    again = other.post(f"/oversight/{name}", data={"said": "Asked, and it was for a report."})
    assert "Another lead" in error_of(again.text)
    assert "Asked, and it was for a report." in other.get("/oversight?state=seen").text
    assert name not in other.get("/oversight").text
