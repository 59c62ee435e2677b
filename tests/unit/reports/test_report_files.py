"""A report's files: sections, rows, templates, what people write, and cells that no spreadsheet runs."""

import csv
import io
import json
from collections import Counter
from datetime import date

import pytest

from rempart.cases.quality.intervals import wilson
from rempart.errors import ForeignFileError, RefusedError
from rempart.reports.transparency.laying import Made, files_of, guarded, read_manifest
from rempart.reports.transparency.medians import median
from rempart.reports.transparency.periods import Period
from rempart.reports.transparency.rows import rows
from rempart.reports.transparency.sections import SECTIONS, figures
from rempart.reports.transparency.template import built_in_text, read_template
from rempart.reports.transparency.written import blank, read_written
from tallying import leaf, some_leaves, tallied

MADE = Made(period=Period(first=date(2026, 1, 1), last=date(2026, 12, 31)), origin="example.org/ledger", leaves=9,
            root="cm9vdA==", checkpoint="note")  # fmt: skip


def laid(counted, *, template=None, written=""):
    text = template or built_in_text()
    return files_of(counted, MADE, template=read_template(text), written=written, own=read_written(written))


def table(data):
    return list(csv.DictReader(io.StringIO(data.decode())))


def row(counted, indicator, by="", key="", *, within="", unit="count"):
    (found,) = [
        one for one in rows(figures(counted))
        if (one.indicator, one.by, one.key, one.within, one.unit) == (indicator, by, key, within, unit)
    ]  # fmt: skip
    return found


def test_there_is_a_file_for_each_of_the_eleven_sections_in_their_order():
    files = laid(Counter())
    names = [name for name in files if name.endswith(".csv")]
    assert [name.split("_")[0] for name in names] == [str(number) for number in range(1, 13)]
    assert names[0] == "1_report_identification.csv"
    assert names[9:11] == ["10_AMAR.csv", "11_qualitative.csv"]


def test_every_row_of_a_busy_service_stands_in_one_section_with_a_label():
    told = rows(figures(tallied(some_leaves(5, 4_000))))
    labels = read_template(built_in_text())
    assert {one.section for one in told} <= set(SECTIONS)
    assert [one.indicator for one in told if not labels.label(one.indicator, one.unit)] == []
    keys = [(one.indicator, one.within, one.by, one.key, one.unit) for one in told]
    assert len(set(keys)) == len(keys)
    assert not any(one.value.isdigit() and 0 < int(one.value) < 5 for one in told if one.unit == "count")


def test_precision_is_confirmed_of_all_that_were_judged_with_an_interval():
    pairs = [{"list": "list_1", "probe": "canonical"}]
    some = [leaf("case.decided", decision="remove", round=1, people=2, detectors=pairs)] * 40
    some += [leaf("case.decided", decision="release", round=1, people=2, detectors=pairs)] * 10
    found = row(tallied(some), "precision", "probe", "canonical", unit="share")
    interval = wilson(40, 50)
    assert (found.value, found.low, found.high) == ("0.8000", f"{interval.low:.4f}", f"{interval.high:.4f}")


def test_where_few_were_rejected_precision_is_told_between_bounds_that_hold_whatever_they_were():
    pairs = [{"list": "list_1", "probe": "canonical"}]
    seen = set()
    for wrong in (1, 2, 3, 4):
        some = [leaf("case.decided", decision="remove", round=1, people=2, detectors=pairs)] * (100 - wrong)
        some += [leaf("case.decided", decision="release", round=1, people=2, detectors=pairs)] * wrong
        counted = tallied(some)
        within = "technique=likeness"
        assert row(counted, "judged", "became", "rejected", within=within).value == ""
        assert row(counted, "judged", "became", "confirmed", within=within).value == ""
        found = row(counted, "precision", "technique", "likeness", unit="share")
        assert (found.value, found.note) == ("", "bounds")
        seen.add((found.low, found.high))
    assert seen == {(f"{wilson(96, 100).low:.4f}", f"{wilson(99, 100).high:.4f}")}


def test_a_decision_that_was_turned_round_is_told_with_what_had_found_it():
    pairs = [{"list": "list_1", "probe": "exact"}]
    again = [leaf("case.decided", decision="release", round=2, people=2, before="remove", detectors=pairs)] * 6
    other = [leaf("case.decided", decision="remove", round=2, people=2, before="release", detectors=[])] * 7
    counted = tallied([*again, *other])
    assert row(counted, "decisions_reversed").value == "13"
    assert row(counted, "decisions_reversed", "turned", "restored").value == "6"
    assert row(counted, "decisions_reversed", "technique", "digest", within="turned=restored").value == "6"


def test_statements_are_one_tree_over_several_sections():
    """Few on own initiative under the terms hide another ground too, and then both sections say nothing of them."""
    usual = {"kind": "restriction", "what": "removed", "state": "out", "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE",
             "detected": "machine", "decided": "fully", "source": "own_initiative"}  # fmt: skip
    some = [leaf("reason.stated", **usual, ground="illegal")] * 30
    some += [leaf("reason.stated", **usual, ground="terms")] * 3
    some += [leaf("reason.stated", **usual | {"source": "notice"}, ground="illegal")] * 20
    counted = tallied(some)
    assert row(counted, "statements_of_reasons").value == "53"
    assert row(counted, "statements_own").value == "33"
    assert row(counted, "statements_own_terms").note == row(counted, "statements_own_illegal").note == "hidden"
    assert row(counted, "statements_told_illegal").value == "20"


@pytest.mark.parametrize(("reports", "referrals", "under_orders", "shown"), [
    (40, 30, 0, True), (40, 30, 9, True), (0, 30, 0, True),
    (3, 30, 0, False), (40, 2, 0, False), (40, 30, 3, False), (0, 30, 4, False),
])  # fmt: skip
def test_disclosures_do_not_give_few_reports_or_referrals_away(reports, referrals, under_orders, shown):
    counted = {("reports", "ncmec|images"): reports, ("referrals", "uk-nca|content"): referrals,
               ("disclosures", "ncmec"): reports, ("disclosures", "police"): referrals + under_orders}  # fmt: skip
    assert bool(row(counted, "disclosures").value) is shown


def test_orders_are_told_by_country_and_kind():
    some = [leaf("order.received", kind="removal", country="FR")] * 8
    some += [leaf("order.received", kind="information", country="DE")] * 6
    counted = tallied(some)
    assert row(counted, "orders", "country", "FR").value == "8"
    assert row(counted, "orders", "kind", "information", within="country=DE").value == "6"


def test_the_middle_of_lengths():
    assert median({5: 2, 35: 1, 600: 2}) == 35
    assert median({5: 3, 600: 3}) == 5
    assert median({5: 2, 35: 2}) is None


def test_an_operator_changes_headings_order_files_and_labels():
    document = json.loads(built_in_text())
    document["columns"] = [["indicator", "Kennzahl"], ["by", "Nach"], ["key", "Teil"], ["within", "In"],
                           ["unit", "Einheit"], ["value", "Wert"], ["note", "Anmerkung"]]  # fmt: skip
    document["sections"][3] |= {"file": "meldungen.csv", "columns": {"value": "Anzahl"}}
    files = laid(tallied([leaf("notice.received", regimes=["own"])] * 9), template=json.dumps(document))
    lines = files["meldungen.csv"].decode().splitlines()
    assert lines[0] == "Kennzahl,Nach,Teil,In,Einheit,Anzahl,Anmerkung"
    assert lines[1] == "notices,,,,count,9,"


@pytest.mark.parametrize("change", [
    lambda one: one.pop("labels"), lambda one: one.update(format="x"), lambda one: one["columns"].append(["x", "y"]),
    lambda one: one["columns"].pop(3), lambda one: one["columns"].append(["value", "again"]),
    lambda one: one["sections"].pop(), lambda one: one["sections"].reverse(),
    lambda one: one["sections"][0].update(file="../x.csv"), lambda one: one["sections"][0].update(file="report.json"),
    lambda one: one["sections"][0].update(file=one["sections"][1]["file"].upper().replace(".CSV", ".csv")),
    lambda one: one["sections"][0].update(columns={"nothing": "x"}), lambda one: one.update(labels={"a": 1}),
    lambda one: one.update(name=""),
])  # fmt: skip
def test_a_template_that_cannot_be_used_is_refused(change):
    document = json.loads(built_in_text())
    change(document)
    with pytest.raises(RefusedError, match="template"):
        read_template(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[", "[]", "7", '"x"', "[" * 100_000, "x" * (2 << 20)])
def test_what_is_no_template_is_refused(text):
    with pytest.raises(RefusedError):
        read_template(text)


def test_what_people_write_becomes_rows_of_their_own():
    text = '[human_resources]\nmoderators = 7\n[human_resources.moderators_by_language]\nfr = 3\n[AMAR]\nx = " "\n'
    found = [one for one in table(laid(Counter(), written=text)["9_human_resources.csv"]) if one["source"] != "ledger"]
    assert [(one["indicator"], one["part"], one["value"], one["unit"], one["source"]) for one in found] == [
        ("moderators", "", "7", "count", "operator"), ("moderators_by_language", "fr", "3", "count", "operator"),
    ]  # fmt: skip
    assert read_written(blank()) == ()


@pytest.mark.parametrize("text", ["x", "[nowhere]\na = 1", "AMAR = 3", "[AMAR]\na = true", "[AMAR]\na = [1]",
                                  "[AMAR.a.b]\nc = 1", "x" * (2 << 20), '[AMAR]\na = "\\u0000"'])  # fmt: skip
def test_what_cannot_be_used_of_it_is_refused(text):
    with pytest.raises(RefusedError, match="written"):
        read_written(text)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", " =1", "\u00a0=1"])
def test_no_cell_is_taken_for_a_formula(text):
    assert guarded(text).startswith("'")


def test_what_people_write_is_guarded_in_the_file_too():
    text = '[qualitative]\nsafeguards = "=HYPERLINK(0)"\n'
    (found,) = table(laid(Counter(), written=text)["11_qualitative.csv"])
    assert found["value"] == "'=HYPERLINK(0)"


def test_a_manifest_is_read_again():
    made, files = read_manifest(laid(Counter())["report.json"].decode())
    assert made == MADE
    assert len(files) == 14


@pytest.mark.parametrize("change", [
    lambda one: one.pop("root"), lambda one: one.update(leaves=-1), lambda one: one.update(leaves=True),
    lambda one: one.update({"from": "yesterday"}), lambda one: one.update(files=[]), lambda one: one.update(format="x"),
    lambda one: one.update(ledger=7),
])  # fmt: skip
def test_a_manifest_that_is_none_is_refused(change):
    document = json.loads(laid(Counter())["report.json"])
    change(document)
    with pytest.raises(ForeignFileError):
        read_manifest(json.dumps(document))


def test_a_report_that_was_counted_otherwise_is_not_called_wrong():
    document = json.loads(laid(Counter())["report.json"]) | {"counting": 0}
    with pytest.raises(RefusedError, match="another way"):
        read_manifest(json.dumps(document))
