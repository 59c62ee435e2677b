"""File names: shown to people without losing a byte, harmless in spreadsheets, exact in JSON."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.scan.paths import from_json_path, from_spreadsheet, json_path, original, spreadsheet, visible

PATHS = st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)


@given(PATHS)
def test_visible_path_gives_the_same_path_back(path: str) -> None:
    assert original(visible(path)) == path


@given(PATHS)
def test_visible_path_is_one_printable_line_of_unicode(path: str) -> None:
    shown = visible(path)
    shown.encode("utf-8")
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert len(shown.splitlines()) <= 1


@given(st.text(alphabet="%0aAfF41zé", max_size=12))
def test_percent_signs_in_names_survive(path: str) -> None:
    assert original(visible(path)) == path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("plain/name.jpg", "plain/name.jpg"),
        ("été 100%.jpg", "été 100%.jpg"),
        ("100%41.jpg", "100%2541.jpg"),
        ("two\nlines", "two%0Alines"),
        ("gpj\u202eexe.", "gpj%E2%80%AEexe."),
        (os.fsdecode(b"bad\xff"), "bad%FF"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_visible_forms(path: str, shown: str) -> None:
    assert visible(path) == shown


@given(PATHS)
def test_json_path_gives_the_same_path_back(path: str) -> None:
    shown, raw = json_path(path)
    shown.encode("utf-8")
    assert from_json_path(shown, raw) == path
    assert (raw is None) == (shown == path and _is_utf8(path))


def _is_utf8(path: str) -> bool:
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@given(PATHS | st.text("=+-@;'\" %3B\uff1d", max_size=12))
def test_spreadsheet_cell_is_no_formula_and_is_reversible(path: str) -> None:
    cell = spreadsheet(visible(path))
    for part in cell.split(";")[1:]:
        assert not part.lstrip(" '\"").startswith(("=", "+", "-", "@", "\uff1d"))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    assert original(from_spreadsheet(cell)) == path


def test_no_formula_begins_where_semicolons_separate_cells() -> None:
    assert spreadsheet("holiday;=cmd|' /C calc'!A0.jpg") == "holiday%3B=cmd|' /C calc'!A0.jpg"
    assert spreadsheet("a; b;c") == "a; b;c"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_formula_starts_are_quoted(start: str) -> None:
    assert spreadsheet(f"{start}cmd|' /C calc'!A0").startswith(f"'{start}")
