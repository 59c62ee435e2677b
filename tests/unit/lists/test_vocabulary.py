"""Other people's values, in the many ways they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from listfiles import options
from rempart.errors import RefusedError
from rempart.lists.entry import Category, Entry, derived_id
from rempart.lists.vocabulary import guess_signal, read_code, read_flag, read_moment, read_quality, read_signal
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256


@pytest.mark.parametrize("value", [True, "true", "True", " TRUE ", "1", 1, "yes", "Y"])
def test_true_in_every_spelling(value):
    assert read_flag(value) is True


@pytest.mark.parametrize("value", [False, "false", "FALSE", "0", 0, "no"])
def test_false_in_every_spelling(value):
    assert read_flag(value) is False


@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_empty_flag_is_unknown_not_false(value):
    assert read_flag(value) is None


@pytest.mark.parametrize("value", ["perhaps", 2, [], {}])
def test_what_is_no_flag_is_refused(value):
    with pytest.raises(RefusedError, match="neither true nor false"):
        read_flag(value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-06-07T02:31:49.8300Z", datetime(2023, 6, 7, 2, 31, 49, 830000, tzinfo=UTC)),
        ("2023-06-07T02:31:49.1234567Z", datetime(2023, 6, 7, 2, 31, 49, 123456, tzinfo=UTC)),
        ("2023-06-07T02:31:49", datetime(2023, 6, 7, 2, 31, 49, tzinfo=UTC)),
        ("2023-06-07", datetime(2023, 6, 7, tzinfo=UTC)),
        ("2023-06-07T04:31:49+02:00", datetime(2023, 6, 7, 2, 31, 49, tzinfo=UTC)),
        ("/Date(1686105109000)/", datetime(2023, 6, 7, 2, 31, 49, tzinfo=UTC)),
        ("/Date(1686105109000+0200)/", datetime(2023, 6, 7, 2, 31, 49, tzinfo=UTC)),
        ("/Date(-1000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_times_are_read_in_every_form_seen_and_become_utc(text, moment):
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["yesterday", "/Date(99999999999999999)/", "2023-13-01", 5, "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(RefusedError, match="no time"):
        read_moment(text)


@pytest.mark.parametrize(("value", "quality"), [(0, 0), ("100", 100), (None, None), ("", None), (" 7 ", 7)])
def test_a_quality_is_a_number_or_numeric_text(value, quality):
    assert read_quality(value) == quality


@pytest.mark.parametrize("value", [-1, 101, "many", True, 1.5, "1e2"])
def test_what_is_no_quality_is_refused(value):
    with pytest.raises(RefusedError):
        read_quality(value)


@pytest.mark.parametrize(("value", "code"), [(1, "1"), ("1", "1"), (1.0, "1"), ("1.0", "1"), ("A1 ", "A1"), (None, "")])
def test_a_code_is_text_whether_written_as_number_or_not(value, code):
    assert read_code(value) == code


@pytest.mark.parametrize("value", [True, 1.5, [], {}, float("nan"), float("inf")])
def test_what_is_no_code_is_refused(value):
    with pytest.raises(RefusedError):
        read_code(value)


def test_upper_case_hashes_equal_lower_case_ones():
    assert read_signal("MD5", "AB" * 16) == Md5.from_hex("ab" * 16)
    assert read_signal("SHA-1", "AB" * 20) == Sha1.from_hex("ab" * 20)


def test_bare_hashes_are_told_by_their_length_and_64_digits_are_pdq():
    assert isinstance(guess_signal("0" * 32), Md5)
    assert isinstance(guess_signal("0" * 40), Sha1)
    assert isinstance(guess_signal("0" * 64), PdqHash)
    assert isinstance(guess_signal("sha256:" + "0" * 64), Sha256)


@pytest.mark.parametrize("text", ["", "0" * 33, "g" * 32, "photodna:" + "0" * 64, "md5:" + "0" * 40, "\0" * 32])
def test_a_wrong_length_or_digit_or_kind_is_refused_with_the_reason(text):
    with pytest.raises(RefusedError) as refused:
        guess_signal(text)
    assert refused.value.message


def test_a_bare_code_without_scheme_is_never_taken():
    with pytest.raises(RefusedError, match="without a scheme"):
        options().category("", "1")


def test_a_code_takes_the_scheme_that_was_named_and_its_own_before_that():
    assert options("vic-us").category("", "1") == Category(scheme="vic-us", code="1")
    assert options("vic-us").category("uk-abc", "b") == Category(scheme="uk-abc", code="B")


def test_membership_is_the_judgement_only_where_one_code_exists():
    assert options().membership() == Category(scheme="listed", code="listed")
    assert options("known-good").membership() == Category(scheme="known-good", code="known")
    with pytest.raises(RefusedError, match="needs one for each entry"):
        options("vic-us").membership()


def test_an_id_made_from_a_signal_is_stable_and_does_not_show_it():
    signal = Md5.from_hex("ab" * 16)
    assert derived_id(signal) == derived_id(Md5.from_hex("AB" * 16))
    assert "ab" * 6 not in derived_id(signal)
    assert derived_id(PdqHash(bytes(32))) != derived_id(Sha256(bytes(32)))


def test_an_entry_refuses_times_without_a_zone_and_empty_ids():
    with pytest.raises(ValueError, match="zone"):
        Entry(id="e", signals=(), category=None, added=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(RefusedError):
        Entry(id="", signals=(), category=None)
    east = timezone(timedelta(hours=2))
    assert Entry(id="e", signals=(), category=None, added=datetime(2026, 1, 1, tzinfo=east)).added is not None
