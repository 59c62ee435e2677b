"""A form whose file is read while it comes: the same content whatever the pieces, and flat memory."""

import io

import pytest

from rempart.server.multipart import StreamedForm, read_form
from rempart.server.problems import ProblemError

KIND = "multipart/form-data; boundary=zz"


def form(content, *, more=b"", source=b"partner"):
    return (
        b'--zz\r\nContent-Disposition: form-data; name="source"\r\n\r\n' + source + b"\r\n"
        b'--zz\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + content + b"\r\n" + more
        + b"--zz--\r\n"
    )  # fmt: skip


class Dribble(io.RawIOBase):
    """A body that comes a few bytes at a time."""

    def __init__(self, data, most):
        self._data, self._most = io.BytesIO(data), most

    def readable(self):
        return True

    def read(self, size=-1):
        return self._data.read(min(size, self._most) if size >= 0 else self._most)


@pytest.mark.parametrize("most", [1, 2, 7, 64, 1 << 16])
@pytest.mark.parametrize("content", [b"", b"a", b"--zz", b"\r\n--z\r\n" * 40, bytes(range(256)) * 700])
def test_the_file_is_the_same_whatever_the_pieces(most, content):
    found = StreamedForm(Dribble(form(content), most), KIND)
    assert found.fields == {"source": "partner"}
    assert found.stream.read() == content == read_form(form(content), KIND).content


def test_what_stands_behind_the_file_is_read_to_the_end():
    more = b'--zz\r\nContent-Disposition: form-data; name="late"\r\n\r\n1\r\n'
    found = StreamedForm(io.BytesIO(form(b"abc", more=more)), KIND)
    assert found.stream.read() == b"abc"


def test_a_form_without_a_file_has_an_empty_one():
    found = StreamedForm(io.BytesIO(b'--zz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--zz--\r\n'), KIND)
    assert (found.fields, found.stream.read()) == ({"a": "1"}, b"")


def test_a_form_that_was_cut_short_is_refused_and_is_no_shorter_file():
    whole = form(b"line\n" * 50_000)
    with pytest.raises(ProblemError, match="cut short"):
        StreamedForm(io.BytesIO(whole[:-20]), KIND).stream.read()


def test_a_field_is_bounded_and_a_file_is_not_kept():
    with pytest.raises(ProblemError, match="more than 100 bytes"):
        StreamedForm(io.BytesIO(form(b"", source=b"x" * 101)), KIND, most_field=100)
    found = StreamedForm(io.BytesIO(form(b"x" * (8 << 20))), KIND)
    size = 0
    while part := found.stream.read(1 << 16):
        size += len(part)
        assert sum(map(len, found._reader._chunks)) <= 2 << 16
    assert size == 8 << 20


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "z" * 80])
def test_a_body_without_a_boundary_is_refused(kind):
    with pytest.raises(ProblemError, match="boundary"):
        StreamedForm(io.BytesIO(b""), kind)
