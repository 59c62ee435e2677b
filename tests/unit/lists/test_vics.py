"""VICS 1.x and 2.0, hash sets and cases, as partners really write them."""

import json
from datetime import UTC, datetime

import pytest

from listfiles import VICS, VICS_1, build, case, draw, entry, hash_set, media, opened, read, written
from rempart.errors import ListFormatError, SchemeUnknownError
from rempart.lists.entry import Category, EntrySignal
from rempart.lists.hashlist import HashList
from rempart.lists.registry import detect
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256, SignalKind


def us(code):
    return Category(scheme="vic-us", code=code)


@pytest.mark.parametrize("shape", [hash_set, case])
@pytest.mark.parametrize("indent", [None, 2])
def test_hash_sets_and_cases_are_told_apart_and_both_read(shape, indent):
    records = [media(1), media(2, category=4), media(3, category=None)]
    entries, refused = read("vics", shape(records, indent=indent))
    assert refused == []
    assert [one.category for one in entries] == [us("1"), us("4"), None]
    assert [one.record["MediaID"] for one in entries] == [1, 2, 3]


@pytest.mark.parametrize(
    "context",
    [VICS_1.format(version, kind) for version in ("1.1", "1.2", "1.3") for kind in ("Media", "Cases")],
)
def test_versions_1_are_read_when_the_scheme_is_named(context):
    shape = case if "Cases" in context else hash_set
    text = shape([media(1)]).replace("@odata.context", "odata.metadata")
    text = text.replace(VICS.format("US", "Cases" if shape is case else "Media"), context)
    entries, _ = read("vics", text, scheme="vic-us")
    assert entries[0].category == us("1")
    with pytest.raises(SchemeUnknownError, match="names no profile"):
        read("vics", text)


@pytest.mark.parametrize("profile", ["Default", "UK", "CUSTOM", "Canada"])
def test_a_profile_that_does_not_tell_the_scheme_is_refused_naming_the_choices(profile):
    text = hash_set([media(1)], context=VICS.format(profile, "Media"))
    with pytest.raises(SchemeUnknownError) as refused:
        read("vics", text)
    told = str(refused.value)
    assert repr(profile) in told
    assert "--scheme" in told
    assert "vic-us" in told
    assert "uk-abc" in told


def test_uk_integers_are_read_as_letters_only_when_that_scheme_is_named():
    text = hash_set([media(n, category=n) for n in range(6)], context=VICS.format("UK", "Media"))
    entries, refused = read("vics", text, scheme="uk-abc")
    assert [one.category.code for one in entries] == ["A", "B", "C"]
    assert [one.line for one in refused] == [1, 5, 6]
    assert "has no code '0'" in refused[0].reason


@pytest.mark.parametrize("version", ["0.9", "2.1", "3.0", "20.0"])
def test_an_unknown_version_is_refused_without_force(version):
    text = hash_set([media(1)], context=VICS.format("US", "Media").replace("2.0.xml", f"{version}.xml"))
    with pytest.raises(ListFormatError, match=f"version {version}"):
        read("vics", text)
    entries, _ = read("vics", text, force=True)
    assert len(entries) == 1


def test_a_document_that_names_no_version_is_refused_without_force():
    text = json.dumps({"value": [media(1)]})
    with pytest.raises(ListFormatError, match="no version"):
        read("vics", text, scheme="vic-us")
    assert len(read("vics", text, scheme="vic-us", force=True)[0]) == 1


def test_category_0_of_the_us_scheme_flags_nothing(tmp_path):
    record = media(1, category=0)
    (tmp_path / "a.json").write_text(hash_set([record, media(2, category=1)]))
    report = build(tmp_path / "l", files=[tmp_path / "a.json"])
    assert (report.matching, report.known_good) == (1, 1)
    md5, sha1 = Md5.from_hex(record["MD5"]), Sha1.from_hex(record["SHA1"])
    pdq = PdqHash.from_hex(record["AlternativeHashes"][0]["HashValue"])
    with HashList.open(tmp_path / "l") as list_:
        assert list_.lookup([md5, sha1, pdq], radius=63) == [(), (), ()]
        good = list_.known_good([md5, sha1, pdq])
        assert [len(one) for one in good] == [1, 1, 0]
        assert good[0][0].code == "0"


def test_null_is_no_category_whatever_the_record_says_of_itself():
    entries, _ = read("vics", hash_set([media(1, category=None, IsPrecategorized="true")]), scheme="vic-us")
    assert entries[0].category is None
    entries, _ = read("vics", hash_set([media(1, category=None)]), scheme="listed")
    assert entries[0].category is None


def test_upper_case_and_lower_case_and_every_alternative_hash_are_read():
    signals = draw(4)
    sha256, pdq = signals.sha256(), signals.pdq()
    record = media(1)
    record["MD5"] = record["MD5"].lower()
    record["AlternativeHashes"] = [
        {"HashName": "PDQ", "HashValue": str(pdq).upper()},
        {"HashName": "SHA-256", "HashValue": str(sha256)},
        {"HashName": "SHA1", "HashValue": record["SHA1"].lower()},
        {"HashName": "PhotoDNA", "HashValue": "A" * 192},
        "noise",
    ]
    (one,), refused = read("vics", hash_set([record]))
    assert refused == []
    assert [type(signal.signal) for signal in one.signals] == [Md5, Sha1, PdqHash, Sha256]
    assert one.record["AlternativeHashes"] == record["AlternativeHashes"]


def test_photodna_is_kept_and_not_matched():
    (one,), _ = read("vics", hash_set([media(1, PhotoDNA="QUFB", AlternativeHashes=None)]))
    assert one.record["PhotoDNA"] == "QUFB"
    assert {signal.signal.kind for signal in one.signals} == {SignalKind.MD5, SignalKind.SHA1}


def test_unknown_keys_and_odata_noise_do_no_harm_and_are_kept():
    record = media(1, **{"Agency No.": {"deep": [1, {"x": None}]}, "Exifs@odata.navigationLinkUrl": "u", "odata.id": 7})
    (one,), _ = read("vics", hash_set([record]))
    assert one.record == record


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({"Category": "1"}, us("1")),
        ({"Category": 1.0}, us("1")),
        ({"Category": ""}, None),
        ({"MediaSize": "12", "IsPrecategorized": True, "VictimIdentified": None}, us("1")),
        ({"DateUpdated": "/Date(1686105109000)/"}, us("1")),
        ({"Tags": {"not": "text"}, "MediaFiles": None, "AlternativeHashes": {}}, us("1")),
    ],
)
def test_numbers_as_text_and_other_habits_are_accepted(changes, category):
    (one,), refused = read("vics", hash_set([media(1, **changes)]))
    assert refused == []
    assert one.category == category


def test_dates_and_tags_are_read():
    (one,), _ = read("vics", hash_set([media(1, Tags="a, b;c")]))
    assert one.added == datetime(2023, 6, 7, 2, 31, 49, 830000, tzinfo=UTC)
    assert one.tags == ("a", "b", "c")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Category": 7}, "scheme vic-us has no code '7'"),
        ({"Category": True}, "no category code"),
        ({"Category": [1]}, "no category code"),
        ({"MD5": None, "SHA1": None, "AlternativeHashes": []}, "there is no hash in it"),
        ({"MD5": "abc", "SHA1": "", "AlternativeHashes": []}, "md5 signal has 32"),
    ],
)
def test_a_bad_record_is_refused_by_its_number_and_the_rest_is_read(changes, reason):
    entries, refused = read("vics", hash_set([media(1), media(2, **changes), media(3)]))
    assert len(entries) == 2
    assert [one.line for one in refused] == [2]
    assert reason in refused[0].reason


def test_a_bad_value_is_left_out_and_the_record_stays():
    entries, refused = read("vics", hash_set([media(1, SHA1="abc", DateUpdated="soon")]))
    assert [type(signal.signal) for signal in entries[0].signals] == [Md5, PdqHash]
    assert [one.whole for one in refused] == [False, False]


@pytest.mark.parametrize(
    "broken",
    [
        '{"MediaID":2,"MD5":}',
        '{"MediaID":2,"MD5":"x" "y"}',
        '{"MediaID":2,"x":' + "[" * 300 + "]" * 300 + "}",
        '{"MediaID":2,"x":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}",
        "5",
        '"text"',
        "[]",
        "null",
        "nonsense",
        '{"MediaID":2,"MD5":"no end"',
        '{"MediaID":2,"MD5":["no end"}',
        '{"MediaID":2,"MD5":"no quote}',
    ],
)
def test_one_broken_record_never_stops_a_document(broken):
    records = [json.dumps(media(number)) for number in (1, 3, 4, 5)]
    text = (
        '{"@odata.context":"'
        + VICS.format("US", "Media")
        + '","value":['
        + ",\n".join([records[0], broken, *records[1:]])
    )
    entries, refused = read("vics", text + "]}")
    ids = [one.record["MediaID"] for one in entries if "MD5" in one.record and len(str(one.record["MD5"])) == 32]
    assert ids[0] == 1
    assert set(ids) >= {4, 5}
    assert refused


@pytest.mark.parametrize("depth", [150, 900, 960, 985, 995, 2000])
def test_a_record_however_deep_is_kept_or_refused(tmp_path, depth):
    deep = '{"MD5":"' + "0" * 32 + '","x":' + "[" * depth + "]" * depth + "}"
    (tmp_path / "a.json").write_text(hash_set([media(1), "DEEP", media(2)]).replace('"DEEP"', deep))
    report = build(tmp_path / "l", files=[tmp_path / "a.json"])
    assert report.entries + report.refused == 3
    assert report.matching == 2
    with HashList.open(tmp_path / "l") as list_:
        assert len(list(list_.entries())) == report.entries


def test_a_document_cut_short_keeps_what_came_before_and_says_so():
    text = hash_set([media(number) for number in range(1, 50)])
    for length in (len(text) - 1, len(text) - 2, len(text) - 40, len(text) // 2):
        entries, refused = read("vics", text[:length])
        assert 20 < len(entries) <= 49
        assert len(refused) == (1 if length < len(text) - 2 else len(refused))
        assert len(entries) == 49 or "cut short" in refused[-1].reason


def test_a_record_longer_than_any_chunk_is_read_whole():
    files = [{"FileName": "x" * 200, "FilePath": f"\\a\\{number}"} for number in range(5000)]
    entries, refused = read("vics", hash_set([media(1), media(2, MediaFiles=files), media(3)]))
    assert refused == []
    assert len(entries[1].record["MediaFiles"]) == 5000


def test_a_case_whose_header_stands_after_its_media_is_read():
    text = json.dumps({"value": [{"Media": [media(1)], "CaseID": "x"}], "@odata.context": VICS.format("US", "Cases")})
    entries, _ = read("vics", text)
    assert len(entries) == 1


def test_several_cases_in_one_document_are_read():
    text = json.dumps(
        {
            "@odata.context": VICS.format("US", "Cases"),
            "value": [{"Media": [media(1)]}, {"CaseID": "y", "Media": [media(2)]}],
        }
    )
    assert len(read("vics", text)[0]) == 2


@pytest.mark.parametrize("text", ["[]", "x", '{"value": 5}', '{"a": 1}', ""])
def test_what_is_no_vics_document_is_a_clear_error(text):
    with pytest.raises(ListFormatError):
        read("vics", text, scheme="vic-us", force=True)


@pytest.mark.parametrize("context", [VICS.format("US", "Media"), VICS_1.format("1.2", "Cases")])
def test_it_is_told_from_its_first_bytes(context):
    assert detect(json.dumps({"x": context, "value": []}).encode(), origin="x").NAME == "vics"
    assert detect(json.dumps({"x": context, "value": []}, indent=1).encode(), origin="x").NAME == "vics"


def test_export_and_import_keep_everything(tmp_path):
    records = [
        media(10, category=1, **{"Agency No.": "x", "Tags": "a,b"}),
        media(11, category=None),
        media(12, category=0, PhotoDNA="QUFB"),
    ]
    first, _ = read("vics", hash_set(records))
    second, refused = read("vics", written("vics", first, pdq=True))
    assert refused == []
    assert [one.signals for one in second] == [one.signals for one in first]
    assert [one.category for one in second] == [one.category for one in first]
    for record, one in zip(records, second, strict=True):
        assert {key: one.record[key] for key in record} == record
    with opened(tmp_path / "l", first) as list_:
        assert written("vics", list_.entries()) == written("vics", first)


def test_export_writes_a_category_only_where_there_is_one_and_always_the_two_required_keys():
    document = json.loads(written("vics", read("vics", hash_set([media(1), media(2, category=None)]))[0]))
    assert [row["Category"] for row in document["value"]] == [1, None]
    assert document["@odata.context"].endswith("2.0.xml/US/$metadata#Media")
    plain = json.loads(written("vics", [entry("a", draw(6).md5(), category=None)]))["value"][0]
    assert plain["MediaID"] == 1
    assert plain["IsPrecategorized"] is False


def test_export_never_writes_another_schemes_number_and_reads_it_back_all_the_same():
    one = entry("a", draw(6).md5(), category=Category(scheme="dhs-old", code="1"))
    text = written("vics", [one])
    assert json.loads(text)["value"][0]["Category"] is None
    assert read("vics", text)[0][0].category == one.category


def test_export_carries_pdq_only_when_asked_to():
    signals = draw(7)
    one = entry("a", signals.md5(), signals.sha256(), EntrySignal(signal=signals.pdq()))
    assert b"PDQ" not in written("vics", [one])
    assert b"SHA256" in written("vics", [one])
    assert read("vics", written("vics", [one], pdq=True))[0][0].signals[-1] == one.signals[-1]


def test_export_leaves_out_what_the_model_cannot_say():
    from io import BytesIO

    from rempart.lists.entry import Opinion
    from rempart.lists.formats import vics

    signals = draw(8)
    when = datetime(2026, 1, 1, tzinfo=UTC)
    entries = [
        entry("pdq only", signals.pdq()),
        entry("withdrawn", signals.md5(), withdrawn=when),
        entry("negative", signals.md5(), opinion=Opinion.NEGATIVE),
        entry("fine", signals.md5()),
    ]
    stream = BytesIO()
    assert vics.write(entries, stream) == 3
    assert len(json.loads(stream.getvalue())["value"]) == 1
