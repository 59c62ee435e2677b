"""The rules of the rehearsal: order, once per file, expiry; kept in a folder that several processes share."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.errors import CorruptFileError, RefusedError
from rempart.reports.cybertip.service.book import Book
from rempart.reports.cybertip.service.misbehaving import How, Plan
from rempart.reports.cybertip.service.shelf import Folder, Memory, Stage
from rempart.reports.cybertip.service.uploads import read_upload

REPORT = b"<report/>"
MD5 = "0" * 32


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self):
        return self.now

    def go_on(self, **time):
        self.now += timedelta(**time)


@pytest.fixture(params=["memory", "folder"])
def book(request, tmp_path):
    clock = Clock()
    shelf = Memory() if request.param == "memory" else Folder(tmp_path / "shelf")
    made = Book(shelf, clock=clock, rules=lambda *_: ())
    made.clock = clock
    return made


def described(number, file):
    return f"<fileDetails><reportId>{number}</reportId><fileId>{file}</fileId></fileDetails>".encode()


def codes(*replies):
    return [one.code for one in replies]


def test_a_report_goes_its_way_once(book):
    number = book.submit(REPORT).report_id
    file = book.upload(number, md5=MD5, size=1).file_id
    assert codes(book.describe(described(number, file)), book.describe(described(number, file))) == [0, 4000]
    done = book.finish(number)
    assert (done.code, done.files) == (0, (file,))
    late = book.finish(number), book.retract(number), book.upload(number, md5=MD5, size=1)
    assert codes(*late, book.describe(described(number, file))) == [5102] * 4
    assert [one.stage for one in book.reports()] == [Stage.FINISHED]


def test_a_report_that_was_taken_back_stays_so(book):
    number = book.submit(REPORT).report_id
    assert codes(book.retract(number), book.retract(number), book.finish(number)) == [0, 5101, 5101]


@pytest.mark.parametrize("number", ["", "7", "-1", "x", "../1", "٣", "1" * 30])
def test_what_is_no_report_does_not_exist(book, number):
    assert codes(book.finish(number), book.retract(number), book.upload(number, md5=MD5, size=1)) == [5001] * 3
    assert book.describe(described(number, "f")).code == 5001


def test_it_is_deleted_a_day_after_it_was_opened_or_an_hour_after_its_last_file(book):
    alone, busy = (book.submit(REPORT).report_id for _ in range(2))
    book.clock.go_on(hours=23, minutes=59)
    file = book.upload(busy, md5=MD5, size=1).file_id
    book.clock.go_on(minutes=2)
    assert codes(book.finish(alone), book.retract(alone)) == [5001, 5001]
    book.clock.go_on(minutes=57)
    assert book.describe(described(busy, file)).code == 0
    book.clock.go_on(minutes=59)
    assert book.finish(busy).code == 0
    third = book.submit(REPORT).report_id
    book.upload(third, md5=MD5, size=1)
    book.clock.go_on(hours=23)
    assert book.finish(third).code == 0  # an hour after its file, but not a day after it was opened


def test_a_batch_has_exactly_one_file(book):
    xml = b'<report><batchedReport reason="VIRAL_POTENTIAL_MEME"/></report>'
    number = book.submit(xml).report_id
    assert book.finish(number).code == 4000
    assert codes(book.upload(number, md5=MD5, size=1), book.upload(number, md5=MD5, size=1)) == [0, 4000]
    assert book.finish(number).code == 0


def test_documents_are_read_strictly(book):
    for xml in (b"", b"<report", b"<fileDetails/>", b"<!DOCTYPE report><report/>", b"\xff" + REPORT):
        assert book.submit(xml).code == 4110
    assert book.describe(REPORT).code == 4110
    strict = Book(Memory(), clock=book.clock, rules=lambda xml, kind, now: [f"{kind} is wrong"])
    assert (strict.submit(REPORT).code, strict.submit(REPORT).text) == (4100, "Validation failed: report is wrong")
    assert strict.reports() == ()


def test_several_at_once_get_numbers_of_their_own(book):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: book.submit(REPORT).report_id, range(24)))
        assert len(set(numbers)) == 24
        finished = list(pool.map(lambda _: book.finish(numbers[0]).code, range(8)))
    assert sorted(finished) == [0] + [5102] * 7


def test_a_folder_is_the_same_for_everybody_and_holds_no_content(tmp_path):
    first, second = (Book(Folder(tmp_path), clock=Clock(), rules=lambda *_: ()) for _ in range(2))
    number = first.submit(b"<report><secret>kite_0</secret></report>").report_id
    file = second.upload(number, md5=MD5, size=1).file_id
    assert first.finish(number).files == (file,)
    assert b"kite_0" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    (tmp_path / f"{number}.json").write_text("{")
    with pytest.raises(CorruptFileError):
        second.finish(number)


def test_what_is_planned_is_taken_in_order_and_outlives_whoever_planned_it(tmp_path):
    for place in (None, tmp_path / "deep" / "plan"):
        plan = Plan(place)
        plan.add(["finish:page", "slow", "finish:empty"])
        with pytest.raises(RefusedError):
            plan.add(["slow", "finish:sing"])
        plan = plan if place is None else Plan(place)
        assert (plan.take("finish"), plan.take("upload"), plan.take("upload")) == (How.PAGE, How.SLOW, None)
        assert (plan.left(), plan.take("finish"), plan.left()) == (1, How.EMPTY, 0)


def form(*parts, end=b"--x--\r\n"):
    return b"".join(b"--x\r\n" + head + b"\r\n\r\n" + body + b"\r\n" for head, body in parts) + end


ID = b'Content-Disposition: form-data; name="id"'
FILE = b'Content-Disposition: form-data; name="file"; filename="a"'
KIND = "multipart/form-data; boundary=x"


def test_an_upload_is_read_in_pieces_of_any_size():
    body = form((ID, b"7"), (FILE, b"a\r\n--y" * 1000))
    for step in (1, 7, 65536):
        found = read_upload((body[start : start + step] for start in range(0, len(body), step)), KIND)
        assert (found.report_id, found.size) == ("7", 6000)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (form((ID, b"7"), (FILE, b"a")), "text/xml"),
        (form((ID, b"7"), (FILE, b"a")), "multipart/form-data"),
        (form((ID, b"7"), (FILE, b"a"), end=b""), KIND),
        (form((FILE, b"a")), KIND),
        (form((ID, b"7")), KIND),
        (form((ID, b"7"), (FILE, b"a"), (FILE, b"b")), KIND),
        (form((ID, b"7" * 1000), (FILE, b"a")), KIND),
        (b"nonsense", KIND),
        (b"", KIND),
    ],
)
def test_what_is_no_upload_is_refused(body, kind):
    with pytest.raises(RefusedError):
        read_upload([body], kind)


@settings(max_examples=200, deadline=None)
@given(
    body=st.lists(st.sampled_from([b"--x", b"--", b"\r\n", ID, FILE, b"\r\n\r\n", b"7", b"\xff", b":"]), max_size=20)
)
def test_no_body_whatever_does_more_than_be_refused(body):
    with suppress(RefusedError):
        read_upload(body, KIND)
