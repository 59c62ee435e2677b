"""Plain hashes and the threatexchange package's local file."""

import codecs
import gzip
import io
import shutil

import pytest

from listfiles import LISTED, build, draw, entry, opened, read, written
from rempart.clock import utc_now
from rempart.errors import ListFormatError, RefusedError
from rempart.lists.entry import Category
from rempart.lists.formats import jsonl
from rempart.lists.registry import detect
from rempart.lists.report import Refusal
from rempart.lists.schemes import built_in
from rempart.lists.source import PLAIN_BYTES, open_source
from rempart.lists.vocabulary import ReadOptions
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256

S = draw(1)
PDQ, MD5, SHA1, SHA256 = S.pdq(), S.md5(), S.sha1(), S.sha256()


def signals(entries):
    return [one.signals[0].signal for one in entries]


def test_each_line_is_an_entry_by_prefix_or_by_length():
    text = f"{PDQ}\npdq:{PDQ}\nmd5:{MD5}\n{MD5}\n{SHA1}\nSHA256: {SHA256}\nsha-1:{SHA1}\n"
    entries, refused = read("text", text)
    assert signals(entries) == [PDQ, PDQ, MD5, MD5, SHA1, SHA256, SHA1]
    assert refused == []
    assert {one.category for one in entries} == {LISTED}


def test_comments_blank_lines_and_crlf_are_passed_over():
    entries, refused = read("text", f"# a list\r\n\r\n  {MD5}  # that one\r\n{SHA1}")
    assert signals(entries) == [MD5, SHA1]
    assert refused == []


def test_what_checksum_tools_print_is_read_as_they_mean_it():
    text = f"{SHA256}  a file.jpg\n{MD5} *b.jpg\n\\{SHA1}  odd\\nname\n"
    entries, _ = read("text", text)
    assert [type(one) for one in signals(entries)] == [Sha256, Md5, Sha1]


def test_a_bad_line_is_refused_with_its_number_and_reason_and_the_rest_is_read():
    entries, refused = read("text", f"{MD5}\n{str(MD5)[:-1]}\nxyz\nphotodna:{SHA1}\n{SHA1}\n")
    assert signals(entries) == [MD5, SHA1]
    assert [one.line for one in refused] == [2, 3, 4]
    assert "31 characters are no hash" in refused[0].reason
    assert "no kind of signal" in refused[2].reason


def test_a_line_of_many_megabytes_is_refused_and_the_next_is_read():
    entries, refused = read("text", f"{MD5}\n" + "a" * 5_000_000 + f"\n{SHA1}\n")
    assert signals(entries) == [MD5, SHA1]
    assert [(one.line, one.reason) for one in refused] == [(2, "the line is too long")]


def test_nul_bytes_spoil_their_own_line_only():
    entries, refused = read("text", f"{MD5}\n\0{SHA1}\0\n{SHA1}\n")
    assert signals(entries) == [MD5, SHA1]
    assert [one.line for one in refused] == [2]


def test_hashes_named_known_good_are_benign_and_other_schemes_are_refused_whole():
    entries, _ = read("text", str(MD5), scheme="known-good")
    assert entries[0].category == Category(scheme="known-good", code="known")
    with pytest.raises(RefusedError, match="carries no category"):
        read("text", str(MD5), scheme="vic-us")


def test_the_same_hash_has_the_same_entry_id_in_every_import():
    first, _ = read("text", str(MD5))
    second, _ = read("text", f"# other\nmd5:{str(MD5).upper()}")
    assert first[0].id == second[0].id


def test_a_threatexchange_file_has_types_in_its_first_word():
    text = f"pdq {PDQ}\n{PDQ}\nvideo_md5 {MD5}\nvideo_sha256 {SHA256}\nraw_text bad words\nurl https://example.test\n"
    entries, refused = read("threatexchange", text)
    assert signals(entries) == [PDQ, PDQ, MD5, SHA256]
    assert [one.line for one in refused] == [5, 6]
    assert "'raw_text' cannot be matched here" in refused[0].reason


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (f"{PDQ}\n", "text"),
        (f"# comment\nmd5:{MD5}\n", "text"),
        ("", "text"),
        (f"pdq {PDQ}\n", "threatexchange"),
        ("md5\n", "csv"),
        ("hash_type,hash_value\n", "csv"),
        ('{"hash_type":"md5"}\n', "jsonl"),
    ],
)
def test_the_format_is_told_from_the_first_bytes(head, name):
    assert name == detect(head.encode(), origin="x").NAME


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n" + bytes(50), b"Dear Sir,\nplease find", b"<xml/>", b"\xff" * 99])
def test_a_foreign_file_is_a_clear_error(head):
    with pytest.raises(ListFormatError, match="is not a hash list"):
        detect(head, origin="x")


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(text.encode("utf-16")),
        lambda text: text.replace("\r\n", "\r").encode(),
    ],
    ids=["utf-8 with mark", "utf-16 little", "utf-16 big", "gzip", "gzip of utf-16", "bare CR"],
)
def test_marks_utf16_and_gzip_are_read_like_plain_text(tmp_path, encode):
    file = tmp_path / "in"
    file.write_bytes(encode(f"{MD5}\r\n{SHA1}\r\n"))
    report = build(tmp_path / "out", files=[file])
    assert (report.sources[0].accepted, report.sources[0].refused) == (2, 0)
    assert report.matching == 2


def test_a_gzip_that_is_cut_short_keeps_what_came_before_and_says_so(tmp_path):
    signals_ = draw(3)
    text = "".join(f"{signals_.md5()}\n" for _ in range(20_000))
    file = tmp_path / "in.gz"
    file.write_bytes(gzip.compress(text.encode())[:-5000])
    source = build(tmp_path / "out", files=[file]).sources[0]
    assert 0 < source.accepted < 20_000
    assert "cut short" in source.first_refused[-1].reason
    assert source.incomplete


def test_an_empty_file_gives_an_empty_list_and_a_note(tmp_path):
    file = tmp_path / "in.txt"
    file.write_bytes(b"")
    report = build(tmp_path / "out", files=[file])
    assert report.entries == 0
    assert "empty" in report.sources[0].notes[0]


def test_export_as_plain_hashes_holds_only_what_matches(tmp_path):
    benign = Category(scheme="vic-us", code="0")
    with opened(tmp_path / "l", [entry("a", MD5), entry("b", SHA1, category=benign), entry("c", PDQ)]) as list_:
        assert written("text", list_.matching_entries()) == f"md5:{MD5}\npdq:{PDQ}\n".encode()
        assert written("threatexchange", list_.matching_entries()) == f"pdq {PDQ}\n".encode()


def test_threatexchange_export_is_read_back():
    entries, refused = read("threatexchange", written("threatexchange", [entry("a", PDQ)]))
    assert signals(entries) == [PDQ]
    assert refused == []
    assert isinstance(signals(entries)[0], PdqHash)


def test_a_line_that_says_something_twice_is_refused_with_its_number(tmp_path):
    line = '{"hash_type": "md5", "hash_value": "%s", "scheme": "listed", "code": "listed", "source_id": "%s"}\n'
    good, other = line.replace("%s", "2" * 32), line.replace("%s", "3" * 32)
    twice = good.replace('"hash_type"', '"hash_value"')
    nested = good.replace("}", ', "record": {"a": 1, "a": 2}}')
    text = good + twice + nested + other
    path = tmp_path / "list.jsonl"
    path.write_text(text)
    with open_source(path) as source:
        found = list(jsonl.read(source.stream, options=ReadOptions(schemes=built_in(), now=utc_now())))
    refused = [(one.line, one.reason) for one in found if isinstance(one, Refusal)]
    assert refused == [(2, "the line says 'hash_value' twice"), (3, "the line says 'a' twice")]
    assert len(found) == 4


def test_a_file_that_unpacks_to_far_more_than_a_list_does_is_refused(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"hash_type,hash_value\n")
        for _ in range(PLAIN_BYTES // (1 << 20) + 2):
            file.write(b"\n" * (1 << 20))
    with open_source(path) as source, pytest.raises(RefusedError, match="times its size"):
        shutil.copyfileobj(source.stream, io.BytesIO())
