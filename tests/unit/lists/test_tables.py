"""The canonical CSV, its JSON Lines twin, and other people's tables."""

import json
from datetime import UTC, datetime

import pytest

from listfiles import LISTED, NOW, build, draw, entry, opened, read, written
from rempart.errors import IncompleteError, ListFormatError, RefusedError, SchemeUnknownError
from rempart.lists.build import ListBuilder
from rempart.lists.columns import CANONICAL, Columns
from rempart.lists.entry import Category, EntrySignal, Opinion
from rempart.lists.importing import import_file
from rempart.lists.registry import detect
from rempart.lists.schemes import built_in
from rempart.lists.source import open_source
from rempart.lists.vocabulary import ReadOptions
from rempart.signals.values import Sha256

S = draw(2)
PDQ, MD5, SHA1, SHA256 = S.pdq(), S.md5(), S.sha1(), S.sha256()
HEADER = ",".join(CANONICAL)
WHEN = datetime(2025, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)


def test_rows_with_the_same_source_id_are_one_entry():
    text = f"{HEADER}\nsha256,{SHA256},,vic-us,1,image/png,e1,a|b,2025-05-06,false\npdq,{PDQ},99,vic-us,1,,e1,,,\n"
    entries, refused = read("csv", text)
    assert refused == []
    (one,) = entries
    assert one.id == "e1"
    assert [signal.signal for signal in one.signals] == [SHA256, PDQ]
    assert [signal.quality for signal in one.signals] == [None, 99]
    assert one.category == Category(scheme="vic-us", code="1")
    assert one.tags == ("a", "b")
    assert one.record == {"media_type": "image/png"}


def test_rows_of_one_id_that_disagree_stay_apart():
    text = f"{HEADER}\nmd5,{MD5},,vic-us,1,,e1,,,\nsha1,{SHA1},,vic-us,2,,e1,,,\n"
    entries, _ = read("csv", text)
    assert [one.category.code for one in entries] == ["1", "2"]
    assert {one.id for one in entries} == {"e1"}


def test_a_deleted_row_is_withdrawn_at_its_time_or_now():
    text = f"{HEADER}\nmd5,{MD5},,,,,a,,2025-05-06T07:08:09.123Z,TRUE\nmd5,{MD5},,,,,b,,,1\n,,,,,,c,,,true\n"
    entries, refused = read("csv", text)
    assert [one.withdrawn for one in entries] == [WHEN, NOW, NOW]
    assert entries[2].signals == ()
    assert refused == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("md5,abc,,listed,listed,,e,,,", "a md5 signal has 32"),
        ("pdq,,,listed,listed,,e,,,", "there is no hash in it"),
        (f"photodna,{SHA256},,listed,listed,,e,,,", "'photodna' is no kind"),
        (f"md5,{MD5},,vic-us,7,,e,,,", "scheme vic-us has no code '7'"),
        (f"md5,{MD5},,nonsense,1,,e,,,", "no category scheme 'nonsense'"),
        (f"md5,{MD5},,,1,,e,,,", "code '1' stands without a scheme"),
        (f"md5,{MD5},,listed,listed,,e,,,perhaps", "neither true nor false"),
        ("md5", "there is no hash in it"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_others_are_read(row, reason):
    entries, refused = read(
        "csv", f"{HEADER}\nsha1,{SHA1},,listed,listed,,a,,,\n{row}\nmd5,{MD5},,listed,listed,,b,,,\n"
    )
    assert [one.id for one in entries] == ["a", "b"]
    assert [one.line for one in refused] == [3]
    assert reason in refused[0].reason


def test_a_bad_quality_or_time_is_left_out_and_the_row_stays():
    entries, refused = read("csv", f"{HEADER}\npdq,{PDQ},lots,listed,listed,,a,,soon,\n")
    assert entries[0].signals == (EntrySignal(signal=PDQ),)
    assert entries[0].added is None
    assert [one.whole for one in refused] == [False, False]


def test_an_uncategorised_row_is_kept_and_is_uncategorised():
    entries, _ = read("csv", f"{HEADER}\nmd5,{MD5},,,,,a,,,\n")
    assert entries[0].category is None
    entries, _ = read("csv", f"{HEADER}\nmd5,{MD5},,,,,a,,,\n", scheme="listed")
    assert entries[0].category == LISTED


def test_other_peoples_columns_are_found_by_their_names():
    text = f"Record Nr;File Name;MD5 Hash;SHA-1;sha256;PDQ\n7;a.jpg;{str(MD5).upper()};{SHA1};;{PDQ}\n"
    (one,), refused = read("csv", text)
    assert refused == []
    assert [signal.signal for signal in one.signals] == [MD5, SHA1, PDQ]
    assert one.category == LISTED
    assert one.record == {"Record Nr": "7", "File Name": "a.jpg"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_found(delimiter):
    text = delimiter.join(("name", "hash", "type")) + "\n" + delimiter.join(("x", str(SHA256), "SHA256")) + "\n"
    entries, _ = read("csv", text)
    assert isinstance(entries[0].signals[0].signal, Sha256)


@pytest.mark.parametrize("before", ["sep=;\n", "# made by hand\n\n"])
def test_lines_before_the_header_are_passed_over(before):
    text = f"{before}name;md5\nx;{MD5}\n"
    assert detect(text.encode(), origin="x").NAME == "csv"
    entries, refused = read("csv", text)
    assert [signal.signal for signal in entries[0].signals] == [MD5]
    assert refused == []


def test_a_single_column_of_hashes_with_a_header_is_a_table():
    entries, _ = read("csv", f"md5\n{MD5}\n\n{S.md5()}\n")
    assert len(entries) == 2


def test_codes_without_a_scheme_refuse_the_whole_table_naming_the_choices():
    text = f"md5,category\n{MD5},1\n"
    with pytest.raises(SchemeUnknownError, match="uk-abc"):
        read("csv", text)
    entries, _ = read("csv", text, scheme="vic-us")
    assert entries[0].category == Category(scheme="vic-us", code="1")


def test_a_table_without_codes_cannot_take_a_scheme_that_needs_them():
    with pytest.raises(RefusedError, match="needs one for each entry"):
        read("csv", f"md5\n{MD5}\n", scheme="vic-us")


def test_the_icse_export_is_read_by_its_baseline_flag():
    header = (
        "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;"
        "Series name;Number of submissions;File Available;Media Type;Baseline"
    )
    rows = [
        f"{MD5};{SHA1};AAAA;17;1;0;0;;3;1;image;yes",
        f"{S.md5()};;;18;0;0;0;;1;1;image;false",
        f"{S.md5()};;;19;;;;;;;;",
    ]
    text = "\n".join([header, *rows]) + "\n"
    entries, refused = read("csv", text)
    assert refused == []
    assert [one.category and one.category.code for one in entries] == ["yes", "no", None]
    assert {one.category.scheme for one in entries if one.category} == {"interpol-baseline"}
    assert [one.id for one in entries] == ["17", "18", "19"]
    assert entries[0].record["PhotoDNA"] == "AAAA"
    assert entries[0].record["Is distributed"] == "1"


def test_the_nsrl_file_list_is_known_good(tmp_path):
    file = tmp_path / "NSRLFile.txt"
    rows = [f'"{S.sha1()}","{S.md5()}","1A2B3C4D","f{n}.dll",123,1,"358",""' for n in range(50)]
    header = '"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode","SpecialCode"'
    file.write_text("\r\n".join([header, *rows, rows[0]]) + "\r\n")
    report = build(tmp_path / "out", files=[file])
    assert (report.entries, report.duplicates, report.known_good, report.matching) == (50, 1, 50, 0)


def test_a_quote_left_open_spoils_its_own_line_only():
    text = f'md5,note\n{MD5},fine\n{S.md5()},"never closed\n{S.md5()},fine\n{S.md5()},"also ""fine"""\n'
    entries, refused = read("csv", text)
    assert len(entries) == 3
    assert [(one.line, one.reason) for one in refused] == [(3, "a quote is left open")]


def test_a_quoted_cell_may_span_lines():
    entries, refused = read("csv", f'md5,note\n{MD5},"first\nsecond"\n{S.md5()},x\n')
    assert [one.record["note"] for one in entries] == ["first\nsecond", "x"]
    assert refused == []


def test_a_stray_quote_inside_a_cell_does_no_harm():
    entries, _ = read("csv", f'md5,note\n{MD5},5" wide\n{S.md5()},6" wide\n')
    assert [one.record["note"] for one in entries] == ['5" wide', '6" wide']


def test_a_table_without_a_column_of_hashes_is_a_clear_error():
    with pytest.raises(ListFormatError, match="names no column of hashes"):
        read("csv", "name,age\nx,3\n")
    assert not Columns(("type", "id")).has_signals


def test_nul_bytes_and_broken_utf8_spoil_their_own_values_only():
    data = b"md5,note\n" + str(MD5).encode() + b",a\0b\xff\n" + b"\xff" * 32 + b",x\n"
    entries, refused = read("csv", data)
    assert entries[0].record["note"] == "a\0b�"
    assert [one.line for one in refused] == [3]


def test_a_header_alone_is_an_empty_table():
    assert read("csv", HEADER) == ([], [])
    assert read("csv", "") == ([], [])


FULL = [
    entry(
        "e1",
        SHA256,
        EntrySignal(signal=PDQ, recipe="srgb8-full-v1", quality=88),
        EntrySignal(signal=S.pdq(), recipe="srgb8-full-v1", quality=70, facet="crop:even:5"),
        category=Category(scheme="vic-us", code="1"),
        opinion=Opinion.SEED,
        source='Partner, "Inc"\nLtd',
        tags=("a", "b c"),
        added=WHEN,
        record={"media_type": "image/png", "nested": {"x": [1, None, "ü"]}},
    ),
    entry("e2", MD5, category=None, source="s"),
    entry("e3", SHA1, opinion=Opinion.NEGATIVE, source=""),
    entry("e4", MD5, SHA1, added=WHEN, withdrawn=NOW, source="s"),
    entry("e5", withdrawn=NOW, category=None, source="s"),
]


def test_json_lines_lose_nothing():
    entries, refused = read("jsonl", written("jsonl", FULL))
    assert refused == []
    assert entries == FULL


def test_json_lines_from_a_list_file_give_the_same_list_again(tmp_path):
    with opened(tmp_path / "a", FULL) as first:
        text = written("jsonl", first.entries())
    (tmp_path / "a.jsonl").write_bytes(text)
    build(tmp_path / "b", files=[tmp_path / "a.jsonl"])
    from rempart.lists.hashlist import HashList

    with HashList.open(tmp_path / "a") as first, HashList.open(tmp_path / "b") as second:
        assert list(first.entries()) == list(second.entries())
        assert written("jsonl", second.entries()) == text


def test_the_canonical_table_is_read_back_as_it_was_written():
    simple = [
        entry("e1", MD5, SHA1, category=Category(scheme="vic-us", code="1"), tags=("a", "b"), added=WHEN, source="in"),
        entry(
            "e2", EntrySignal(signal=PDQ, quality=90), category=None, source="in", record={"media_type": "image/gif"}
        ),
        entry("e3", MD5, withdrawn=WHEN, source="in"),
    ]
    text = written("csv", simple)
    entries, refused = read("csv", text, source="in")
    assert refused == []
    assert entries == simple
    assert written("csv", entries) == text
    assert text.startswith(HEADER.encode() + b"\r\n")


def test_the_plain_table_never_turns_a_negative_opinion_or_a_facet_into_a_hash_that_matches():
    entries, _ = read("csv", written("csv", FULL))
    assert {one.id for one in entries} == {"e1", "e2", "e4", "e5"}
    assert len(entries[0].signals) == 2
    entries, _ = read("csv", written("csv", FULL, extra=True))
    assert [(one.id, one.opinion) for one in entries][:3] == [
        ("e1", Opinion.SEED),
        ("e2", Opinion.POSITIVE),
        ("e3", Opinion.NEGATIVE),
    ]
    assert entries[0].signals == FULL[0].signals


def test_what_rempart_hash_prints_is_a_list_without_the_examiners_paths():
    row = {
        "path": "/secret/a.jpg",
        "outcome": "ok",
        "media_type": "image/jpeg",
        "size": 9,
        "sha256": str(SHA256),
        "sha1": str(SHA1),
        "md5": str(MD5),
        "pdq": str(PDQ),
        "pdq_quality": 97,
        "recipe": "srgb8-full-v1",
        "error": None,
    }
    (one,), refused = read("jsonl", json.dumps(row) + "\n")
    assert refused == []
    assert {signal.signal for signal in one.signals} == {SHA256, SHA1, MD5, PDQ}
    assert [(s.recipe, s.quality) for s in one.signals if s.signal == PDQ] == [("srgb8-full-v1", 97)]
    assert "secret" not in repr(one)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not JSON"),
        ("[1,2]", "no object"),
        ("{}", "no hash"),
        ('{"md5": 5}', "32 hexadecimal digits"),
        ('{"md5": ["a"]}', "md5 signal"),
        ("[" * 100_000, "not JSON"),
        ('{"hash_type": "md5", "hash_value": null}', "no hash"),
        ('{"md5": "' + "0" * 32 + '", "opinion": "bad"}', "no opinion"),
    ],
)
def test_a_bad_json_line_is_refused_by_itself(line, reason):
    entries, refused = read("jsonl", f'{{"md5":"{MD5}"}}\n{line}\n{{"sha1":"{SHA1}"}}\n')
    assert len(entries) == 2
    assert [one.line for one in refused] == [2]
    assert reason in refused[0].reason


def test_columns_of_an_unknown_name_stay_in_the_record():
    (one,), _ = read("jsonl", json.dumps({"md5": str(MD5), "x": {"y": 1}, "hash note": "n"}) + "\n")
    assert one.record == {"x": {"y": 1}, "hash note": "n"}


def test_a_named_scheme_must_fit_a_file_of_bare_hashes():
    with pytest.raises(RefusedError, match="needs one for each entry"):
        read("threatexchange", f"pdq {PDQ}\n", scheme="vic-us")


def test_columns_that_were_not_understood_are_named_in_the_report(tmp_path):
    source = tmp_path / "partner.csv"
    source.write_text(f"MD5-Hash;Kategorie;Entfernt\n{MD5};0;ja\n")
    schemes = dict(built_in())
    with ListBuilder(tmp_path / "partner.rlist", name="partner", schemes=schemes, created=NOW) as builder:
        report = import_file(builder, source, options=ReadOptions(schemes=schemes, now=NOW))
    assert "decide nothing: Kategorie, Entfernt." in report.notes[0]


def test_a_table_that_tells_category_and_withdrawal_needs_no_warning_of_other_columns():
    assert Columns(["md5", "scheme", "code", "deleted", "comment"]).unused == ()
    assert Columns(["md5", "category", "comment"]).unused == ("comment",)


def test_a_folder_in_place_of_a_list_file_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(IncompleteError, match="say --pictures"), open_source(tmp_path):
        pass
