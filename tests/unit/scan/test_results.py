"""CSV, VICS and the report page: every record, the groups apart, nothing that runs, loads or misleads."""

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from rempart.errors import RefusedError, StorageFullError
from rempart.scan.paths import from_spreadsheet, original
from rempart.scan.records import Checked, Record, Result, Target, json_line
from rempart.scan.results import csv as csv_results
from rempart.scan.results import html, jsonl, vics
from rempart.scan.results.facts import Facts, ListFacts, Report
from rempart.scan.results.replace import replacing
from rempart.scan.results.texts import LANGUAGES, texts
from rempart.scan.tally import Tally
from rempart.scan.walk import Problem, Stamp
from rempart.signals.outcome import Outcome

STAMP = Stamp(size=3, mtime_ns=1_700_000_000_000_000_000, inode=7)
MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def match(**fields: Any) -> dict[str, Any]:
    return {
        "list": "national", "entry": "e1", "signal": "pdq", "distance": 12, "scheme": "vic-us", "code": "1",
        "opinion": "positive", "facet": None, "probe": "canonical+flipx",
    } | fields  # fmt: skip


def record(path: str, result: Result, number: int, **fields: Any) -> Record:
    fields = {
        "target": Target(path=path, stamp=STAMP), "outcome": Outcome.OK, "checked": Checked.ALL, "size": 3,
        "media_type": "image/jpeg", "md5": f"{number:032x}", "sha1": f"{number:040x}", "sha256": f"{number:064x}",
        "pdq": f"{number:064x}", "pdq_quality": 100, "width": 10, "height": 20,
    } | fields  # fmt: skip
    return Record(result=result, **fields)


EVIL = os.fsdecode(b'=HYPERLINK("x")<script>alert(1)</script>\xff\n\xe2\x80\xae.jpg')
RECORDS = [
    record("/e/exact.jpg", Result.MATCH, 1, matches=(match(distance=0, probe="exact", signal="sha256"), match())),
    record("/e/similar.jpg", Result.MATCH, 2, matches=(match(),), known_good=(match(list="nsrl"),)),
    record("/e/a/copy.jpg", Result.CLEAR, 3),
    record("/e/b/copy.jpg", Result.CLEAR, 3),
    record(EVIL, Result.CLEAR, 4, outcome=Outcome.LOW_QUALITY, checked=Checked.DIGESTS),
    record("/e/readme", Result.CLEAR, 5, media_type=None, outcome=Outcome.NOT_MEDIA, pdq=None, pdq_quality=None),
    record("/e/good.dll", Result.KNOWN_GOOD, 6, media_type=None, outcome=Outcome.NOT_MEDIA, known_good=(match(),)),
    record("/e/cut.jpg", Result.UNHASHED, 7, outcome=Outcome.UNREADABLE, error="cut short", pdq=None),
    record("/e/gone.jpg", Result.UNHASHED, 8, outcome=None, md5=None, sha1=None, sha256=None, error="gone",
           media_type=None, size=None, problem=Problem.VANISHED),
    record("/e/link", Result.UNHASHED, 9, outcome=None, md5=None, sha256=None, error="a link", problem=Problem.LINK,
           media_type=None, size=None),
    record("/e/z.zip", Result.CLEAR, 10,
           target=Target(path="/e/z.zip", members=("/abs/in.jpg",), at=(0,), stamp=STAMP)),
]  # fmt: skip


def report(records: list[Record] = RECORDS, **facts: Any) -> Report:
    tally = Tally()
    for one in records:
        tally.add(one)

    def group(result: Result) -> Iterator[Record]:
        return (one for one in records if one.result is result)

    used = ListFacts(name="national", file="national.list", sha256="ab" * 32, entries=214_371)
    base: dict[str, Any] = {
        "version": "1.0", "paths": ("/e",), "lists": (used,), "probe_set": "default", "radius": 31,
        "recipe": "srgb8-full-v1", "workers": 2, "limits": (("--max-seconds", "20"),),
        "software": (("Python", "3.11"),), "started": MOMENT, "ended": MOMENT,
    }  # fmt: skip
    return Report(facts=Facts(**(base | facts)), records=group, tally=tally)


def rows() -> list[dict[str, str]]:
    stream = io.BytesIO()
    csv_results.write(report(), stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8"), newline="")))


def test_csv_has_every_record_group_after_group() -> None:
    found = rows()
    assert [row["result"] for row in found] == ["match"] * 2 + ["known_good"] + ["clear"] * 5 + ["unhashed"] * 3
    shown = {original(from_spreadsheet(row["path"])) for row in found}
    assert shown == {one.target.label for one in RECORDS}


def test_csv_holds_no_formula_and_no_line_break_in_a_cell() -> None:
    for row in rows():
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert "\n" not in cell


def test_csv_ends_lines_as_rfc_4180_says() -> None:
    stream = io.BytesIO()
    csv_results.write(report(), stream)
    assert stream.getvalue().count(b"\r\n") == stream.getvalue().count(b"\n") == len(RECORDS) + 1


def test_csv_names_the_best_match_and_counts_the_rest() -> None:
    first = rows()[0]
    assert (first["match_probe"], first["match_count"]) == ("exact", "2")
    assert len(json.loads(first["all_matches"])) == 2


def test_one_entry_found_in_two_ways_is_not_counted_as_two() -> None:
    twice = [{"list": "a", "entry": "1", "probe": "exact"}, {"list": "a", "entry": "1", "probe": "canonical"}]
    more = [*twice, {"list": "b", "entry": "1", "probe": "exact"}]
    assert replace(RECORDS[0], matches=tuple(twice)).other_entries == 0
    assert replace(RECORDS[0], matches=tuple(more)).other_entries == 1
    assert replace(RECORDS[0], matches=()).other_entries == 0


def test_json_lines_have_every_record() -> None:
    stream = io.BytesIO()
    jsonl.write(report(), stream)
    assert sorted(stream.getvalue().decode().splitlines()) == sorted(map(json_line, RECORDS))


def case(**options: Any) -> dict[str, Any]:
    stream = io.BytesIO()
    vics.write(report(), stream, vics.Options(**options))
    document: dict[str, Any] = json.loads(stream.getvalue())
    assert document["@odata.context"].endswith("/2.0.xml/Default/$metadata#Cases")
    found: dict[str, Any] = document["value"][0]
    return found


def test_vics_case_holds_pictures_and_what_is_on_a_list_by_content() -> None:
    media = case()["Media"]
    assert [one["MD5"][-1] for one in media] == ["1", "2", "6", "3", "4", "A", "7"]
    assert Counter(one["Tags"] for one in media) == {
        "rempart:match": 2, "rempart:known_good": 1, "rempart:never_seen": 3, "rempart:unhashed": 1,
    }  # fmt: skip
    copies = next(one for one in media if one["MD5"].endswith("3"))
    assert [one["FilePath"] for one in copies["MediaFiles"]] == ["\\e\\a\\copy.jpg", "\\e\\b\\copy.jpg"]
    assert [one["MediaFileID"] for one in copies["MediaFiles"]] == [1, 2]
    assert case()["TotalMediaFiles"] == len(media)


def test_vics_case_gives_no_category() -> None:
    assert {one["Category"] for one in case()["Media"]} == {None}
    assert not any(one["IsPrecategorized"] for one in case()["Media"])


def test_vics_case_says_what_was_found_and_that_nobody_judged_it() -> None:
    comments = case()["Media"][0]["Comments"]
    assert "Same bytes as entry e1 of national (vic-us 1; exact, distance 0)" in comments
    assert "Not yet judged" in comments


def test_vics_case_counts_what_it_leaves_out() -> None:
    told = {row["PropertyName"]: row["PropertyValue"] for row in case()["CaseMetadata"]}
    assert told["Files not in this case"] == "2"
    assert told["Result unhashed"] == "2"


def test_vics_hashes_stand_in_alternative_hashes_when_asked_for() -> None:
    assert "AlternativeHashes" not in case()["Media"][0]
    names = [one["HashName"] for one in case(hashes=True)["Media"][0]["AlternativeHashes"]]
    assert names == ["SHA256", "PDQ"]


def test_vics_names_archive_members_by_their_archive() -> None:
    member = next(one for one in case()["Media"] if one["MD5"].endswith("A"))["MediaFiles"][0]
    assert (member["FileName"], member["ParentFileName"]) == ("in.jpg", "z.zip")


def test_vics_case_is_read_back_by_our_own_reader(tmp_path: Path) -> None:
    from rempart.clock import utc_now
    from rempart.lists.formats import vics as reader
    from rempart.lists.report import Refusal
    from rempart.lists.schemes import built_in
    from rempart.lists.vocabulary import ReadOptions

    stream = io.BytesIO()
    vics.write(report(), stream)
    options = ReadOptions(schemes=built_in(), now=utc_now(), scheme=built_in()["vic-us"])
    assert reader.detect(stream.getvalue()[:8192])
    stream.seek(0)
    entries = [one for one in reader.read(stream, options=options) if not isinstance(one, Refusal)]
    assert len(entries) == 7


def page(lang: str = "en", **facts: Any) -> str:
    stream = io.BytesIO()
    html.write(report(**facts), stream, lang=lang)
    return stream.getvalue().decode("utf-8")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_shows_every_figure_as_counted_from_the_records(lang: str) -> None:
    counts = dict(re.findall(r'rowheader">([^<]+)</th><td role="cell" class="count">([\d\u202f]+)</td>', page(lang)))
    words = texts(lang)
    objects = [json.loads(json_line(one)) for one in RECORDS]
    files = [one for one in objects if one["problem"] not in ("link", "special")]
    exact = [one for one in files if any(found["probe"] == "exact" for found in one["matches"])]
    clear = [one for one in files if one["result"] == "clear"]
    pictures = [one for one in clear if (one["media_type"] or "").startswith("image/")]
    expected = {
        "match_exact": len(exact),
        "match_similar": sum(one["result"] == "match" for one in files) - len(exact),
        "known_good": sum(one["result"] == "known_good" for one in files),
        "never_seen": len(pictures),
        "other_clear": len(clear) - len(pictures),
        "unhashed": sum(one["result"] == "unhashed" for one in files),
        "total": len(files),
        "left_out": len(objects) - len(files),
    }
    assert {key: int(counts[words[key]]) for key in expected} == expected


def test_page_counts_files_by_category_and_by_probe() -> None:
    text = page()
    categories = text[text.index('id="by-category"') : text.index('id="by-probe"')]
    probes = text[text.index('id="by-probe"') : text.index('id="match-exact"')]
    assert re.findall(r"vic-us 1.*?count\">(\d+)<", categories, re.S) == ["2"]
    assert sorted(re.findall(r"<code>([^<]+)</code></th><td role=\"cell\" class=\"count\">(\d+)<", probes)) == [
        ("canonical+flipx", "1"),
        ("exact", "1"),
    ]


def test_page_holds_nothing_that_runs_or_loads() -> None:
    text = page()
    assert "<script" not in text.lower()
    assert "&lt;script&gt;alert(1)" in text
    assert "default-src 'none'; style-src 'sha256-" in unescape(text)
    assert not re.search(r"<(img|link|iframe|form|object|embed|video|audio|svg|base)\b", text)
    assert not re.search(r"<[^>]*\s(src|href|style|on\w+)=|url\(|@import", text)


def test_page_shows_names_without_what_could_mislead() -> None:
    text = page()
    assert "\u202e" not in text
    assert "%E2%80%AE" in text
    assert "%FF%0A" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_never_calls_a_match_guilty(lang: str) -> None:
    assert texts(lang)["meaning_match"] in unescape(page(lang))


def test_long_groups_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(html.ROWS, "never_seen", 2)
    assert "Shown: the first 2 of 4." in page()


def test_page_of_an_empty_scan_says_what_would_stand_there() -> None:
    stream = io.BytesIO()
    html.write(report([]), stream)
    assert "Files looked at: 0." in stream.getvalue().decode()
    assert "would stand here" in stream.getvalue().decode()


def test_languages_have_the_same_sentences_and_values() -> None:
    english, french = texts("en"), texts("fr")
    assert english.keys() == french.keys()
    for key in english:
        assert set(re.findall(r"{\w+}", english[key])) == set(re.findall(r"{\w+}", french[key])), key


def test_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), replacing(str(path)) as stream:
        stream.write(b"half" * (1 // 0))
    assert path.read_bytes() == b"before"
    with replacing(str(path)) as stream:
        stream.write(b"after")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["out"]


def test_full_device_is_its_own_error_and_stays_a_device() -> None:
    with pytest.raises(StorageFullError, match="No space left"), replacing("/dev/full") as stream:
        stream.write(b"x")
    assert not Path("/dev/full").is_file()


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError), replacing(str(tmp_path / "none" / "out")):
        pass


def test_two_processes_that_write_the_same_file_never_mix_their_bytes(tmp_path: Path) -> None:
    path = str(tmp_path / "out")
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"second, half")
            second.flush()
            assert os.listdir(tmp_path) == []
        assert Path(path).read_bytes() == b"second, half"
    assert Path(path).read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["out"]
