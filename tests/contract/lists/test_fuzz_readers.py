"""Whatever bytes a partner sends, a reader gives entries, refusals or one clear error; nothing else."""

import json
import os
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from listfiles import VICS, build, case, draw, entry, hash_set, media, options, read, written
from rempart.errors import RempartError
from rempart.lists.columns import CANONICAL
from rempart.lists.entry import Category, EntrySignal, Opinion
from rempart.lists.hashlist import HashList
from rempart.lists.registry import NAMES, detect, format_named
from rempart.lists.report import Reading, Refusal
from rempart.lists.schemes import parse_scheme
from rempart.lists.verify import verify
from rempart.signals.values import SIGNAL_TYPES, SignalKind

CAMPAIGN = bool(os.environ.get("REMPART_CAMPAIGN"))
bounded = settings(
    max_examples=20_000 if CAMPAIGN else 250,
    deadline=None,
    derandomize=not CAMPAIGN,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
S = draw(1)
GOOD = {
    "vics": [hash_set([media(n) for n in range(4)]).encode(), case([media(n) for n in range(3)], indent=1).encode()],
    "csv": [
        (
            ",".join(CANONICAL)
            + f"\npdq,{S.pdq()},90,vic-us,1,image/png,e,a|b,2025-01-01,false\nmd5,{S.md5()},,,,,f,,,\n"
        ).encode(),
        f'md5;"note"\n{S.md5()};"x ""y"""\n'.encode(),
    ],
    "jsonl": [f'{{"md5":"{S.md5()}","pdq":"{S.pdq()}","pdq_quality":77}}\n{{"hash":"{S.sha1()}"}}\n'.encode()],
    "threatexchange": [f"pdq {S.pdq()}\nvideo_md5 {S.md5()}\n".encode()],
    "text": [f"{S.pdq()}\nmd5:{S.md5()} # x\n{S.sha256()}  name\n".encode()],
}
SPLICES = [
    b"\0",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\n",
    b"\r",
    b"\xff\xfe",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"1e999",
    b"-",
]


@st.composite
def damaged(draw_, name):
    """A good file with some bytes replaced, removed, repeated or put in."""
    data = bytearray(draw_(st.sampled_from(GOOD[name])))
    for _ in range(draw_(st.integers(0, 6))):
        at = draw_(st.integers(0, len(data)))
        what = draw_(st.sampled_from(["set", "cut", "put", "repeat", "end"]))
        if what == "set":
            data[at : at + 1] = bytes([draw_(st.integers(0, 255))])
        elif what == "cut":
            del data[at : at + draw_(st.integers(1, 40))]
        elif what == "put":
            data[at:at] = draw_(st.one_of(st.sampled_from(SPLICES), st.binary(max_size=8)))
        elif what == "repeat":
            data[at:at] = data[at : at + 60]
        else:
            del data[at:]
    return bytes(data)


def consume(name, data, scheme=None):
    """Read everything; each thing yielded has the promised form."""
    for one in format_named(name).read(BytesIO(data), options=options(scheme, force=True)):
        assert isinstance(one, Reading | Refusal)
        assert one.line >= 1
        if isinstance(one, Refusal):
            assert one.reason
            assert len(one.reason) < 400
        else:
            assert one.entry.id
            assert one.rows >= 1
            assert one.entry.signals or one.entry.withdrawn


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_give_entries_refusals_or_one_clear_error(name):
    @bounded
    @given(st.one_of(st.binary(max_size=400), damaged(name)), st.sampled_from([None, "vic-us", "listed"]))
    def check(data, scheme):
        with suppress(RempartError):
            consume(name, data, scheme)

    check()


@bounded
@given(st.one_of(st.binary(max_size=200), st.sampled_from(NAMES).flatmap(damaged)))
def test_any_bytes_have_a_format_or_a_clear_error(data):
    with suppress(RempartError):
        assert detect(data, origin="x").NAME in NAMES


@bounded
@given(st.sampled_from(NAMES).flatmap(damaged))
def test_any_file_becomes_a_whole_list_or_none(tmp_path, data):
    (tmp_path / "in").write_bytes(data)
    (tmp_path / "l").unlink(missing_ok=True)
    try:
        report = build(tmp_path / "l", files=[tmp_path / "in"])
    except RempartError:
        assert not (tmp_path / "l").exists()
        return
    source = report.sources[0]
    assert source.read == source.accepted + source.refused
    with HashList.open(tmp_path / "l") as list_:
        verify(list_)
        assert len(list(list_.entries())) == report.entries
        assert report.matching + report.known_good + sum(report.silent.values()) == report.entries


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["MD5", "SHA1", "Category", "AlternativeHashes", "MediaMetadata", "Tags", "DateUpdated", "MediaID", "PDQ", "x"]
)
HASHES = st.sampled_from([str(S.md5()), str(S.sha1()).upper(), str(S.pdq()), "0" * 31])


@bounded
@given(st.lists(st.dictionaries(KEYS, JSON | HASHES | st.integers(-1, 9), max_size=8), max_size=5))
@example([{"MD5": {"Media": []}}])  # was taken for a case, and so for no record at all
def test_any_vics_record_is_an_entry_or_a_refusal(records):
    document = json.dumps({"@odata.context": VICS.format("US", "Media"), "value": records})
    entries, refused = read("vics", document)
    assert len(entries) + sum(one.whole for one in refused) == len(records)


@bounded
@given(
    st.lists(
        st.dictionaries(st.sampled_from([*CANONICAL, "md5", "opinion", "record", "source"]), JSON | HASHES), max_size=4
    )
)
def test_any_json_line_is_an_entry_or_a_refusal(rows):
    entries, refused = read("jsonl", "\n".join(json.dumps(row) for row in rows))
    assert len(entries) + sum(one.whole for one in refused) <= len(rows)


@bounded
@given(
    JSON | st.fixed_dictionaries({"id": JSON, "version": JSON, "country": JSON, "codes": st.lists(JSON, max_size=3)})
)
def test_any_scheme_document_is_a_scheme_or_a_clear_error(document):
    with suppress(RempartError):
        parse_scheme(document, where="x")


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
SIGNALS = st.sampled_from(list(SignalKind)).flatmap(
    lambda kind: st.binary(min_size=SIGNAL_TYPES[kind].size, max_size=SIGNAL_TYPES[kind].size).map(
        lambda data: EntrySignal(signal=SIGNAL_TYPES[kind](data))
    )
)
CODES = st.sampled_from([None, ("vic-us", "0"), ("vic-us", "1"), ("uk-abc", "A"), ("listed", "listed")])
ENTRIES = st.builds(
    lambda name, signals, code, opinion, source, tags, record: entry(
        f"id{name}",
        *dict.fromkeys(signals),
        category=Category(scheme=code[0], code=code[1]) if code else None,
        opinion=opinion,
        source=source,
        tags=tuple(tag.strip() for tag in tags if tag.strip()),
        record={"x": record} if record else None,
    ),
    st.integers(0, 5),
    st.lists(SIGNALS, min_size=1, max_size=4),
    CODES,
    st.sampled_from(Opinion),
    TEXT.map(str.strip),
    st.lists(TEXT, max_size=2),
    TEXT,
)


@settings(bounded, max_examples=5000 if CAMPAIGN else 80)
@given(st.lists(ENTRIES, max_size=6, unique_by=lambda one: one.id))  # lines of one id are one entry's lines
def test_json_lines_and_list_files_lose_nothing(tmp_path, entries):
    build(tmp_path / "a", entries)
    with HashList.open(tmp_path / "a") as first:
        kept = list(first.entries())
        text = written("jsonl", kept)
    (tmp_path / "a.jsonl").write_bytes(text)
    build(tmp_path / "b", files=[tmp_path / "a.jsonl"])
    with HashList.open(tmp_path / "b") as second:
        assert {(one.id, one.category, one.opinion, one.source, one.tags, str(one.record)) for one in kept} == {
            (one.id, one.category, one.opinion, one.source, one.tags, str(one.record)) for one in second.entries()
        }
        assert {(one.id, s) for one in kept for s in one.signals} == {
            (one.id, s) for one in second.entries() for s in one.signals
        }
        verify(second)
