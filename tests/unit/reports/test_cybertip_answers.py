"""What an answer means: the documented ones, and everything that is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.reports.cybertip.service.answers import KINDS, MOST, AnswerKind, expecting, read_answer

FILE = "0123456789abcdef0123456789abcdef"


def answer(inner, *, root="reportResponse", http=200, head='<?xml version="1.0" encoding="UTF-8"?>'):
    return read_answer(http, f"{head}<{root}>{inner}</{root}>".encode())


def coded(code, **more):
    return answer(f"<responseCode>{code}</responseCode><responseDescription>said</responseDescription>", **more)


@pytest.mark.parametrize(("code", "kind"), KINDS.items())
def test_each_documented_code_means_what_it_says_whatever_the_status(code, kind):
    assert coded(code).kind is kind
    if code:
        assert coded(code, http=500).kind is kind
        assert coded(code, root="reportDoneResponse").kind is kind


@pytest.mark.parametrize("code", [1, 999, 6000, -1, 5103, 123456789])
def test_a_code_that_nobody_documented_is_unknown_and_kept(code):
    found = coded(code)
    assert (found.kind, found.code, found.description) == (AnswerKind.UNKNOWN, code, "said")


def test_success_under_another_status_is_a_contradiction():
    assert coded(0, http=502).kind is AnswerKind.UNKNOWN
    assert coded(0, http=401).kind is AnswerKind.CREDENTIALS
    assert coded(0, http=201).kind is AnswerKind.UNKNOWN


def test_what_an_answer_says_is_read():
    found = answer(
        f"<responseCode>0</responseCode><responseDescription>Well</responseDescription><reportId> 4564654 </reportId>"
        f"<fileId>{FILE}</fileId><hash>{'AB' * 16}</hash>"
    )
    assert (found.report_id, found.file_id, found.md5, found.files) == ("4564654", FILE, "ab" * 16, ())
    done = answer(
        f"<responseCode>0</responseCode><reportId>7</reportId><files><fileId>{FILE}</fileId><fileId>12</fileId></files>",
        root="reportDoneResponse",
    )
    assert (done.report_id, done.files, done.file_id) == ("7", (FILE, "12"), None)
    spaced = answer("<responseCode>0</responseCode>", root='reportResponse xmlns="urn:x"').kind
    assert spaced is AnswerKind.UNKNOWN  # the end tag is another name then
    assert (
        read_answer(200, b'<r:reportResponse xmlns:r="u"><r:responseCode>0</r:responseCode></r:reportResponse>').code
        == 0
    )


@pytest.mark.parametrize(
    "inner",
    ["", "<responseCode/>", "<responseCode>zero</responseCode>", "<responseCode>0x0</responseCode>",
     "<responseCode>99999999999999999999</responseCode>", "<responseCode><b>0</b></responseCode>",
     "<other>0</other>", "0"],
)  # fmt: skip
def test_an_answer_without_a_code_is_unknown(inner):
    assert answer(inner).kind is AnswerKind.UNKNOWN


@pytest.mark.parametrize(
    "inner",
    ["<reportId>seven</reportId>", "<reportId>-7</reportId>", f"<reportId>{'9' * 20}</reportId>", "<reportId/>"],
)
def test_what_is_no_number_of_a_report_is_none(inner):
    found = answer(f"<responseCode>0</responseCode>{inner}")
    assert (found.kind, found.report_id) == (AnswerKind.OK, None)
    assert expecting(found, needs="report_id").kind is AnswerKind.UNKNOWN
    assert (
        expecting(answer("<responseCode>0</responseCode><reportId>8</reportId>"), report_id="7").kind
        is AnswerKind.UNKNOWN
    )


HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
GOOD = b"<reportResponse><responseCode>0</responseCode></reportResponse>"
BOMB = b'<!DOCTYPE a [<!ENTITY a "0"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
BAD = {
    "nothing": b"",
    "blank": b"  \r\n ",
    "a page": b"<!DOCTYPE html><html><body>Bad Gateway</body></html>",
    "a page that is XML": b"<html><body>Sign in to this network</body></html>",
    "json": b'{"responseCode": 0}',
    "text": b"OK",
    "another root": b"<response><responseCode>0</responseCode></response>",
    "cut short": HEAD + GOOD[:-10],
    "twice": HEAD + GOOD + GOOD,
    "after it": HEAD + GOOD + b"x",
    "a document type": HEAD + b"<!DOCTYPE reportResponse>" + GOOD,
    "entities": HEAD + BOMB + GOOD.replace(b"0", b"&b;"),
    "an outside entity": HEAD + b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + GOOD.replace(b"0", b"&x;"),
    "an outside type": HEAD + b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + GOOD,
    "wrong bytes": HEAD + GOOD.replace(b"<responseCode>", b"<a>\xff\xfe</a><responseCode>"),
    "another encoding": b'<?xml version="1.0" encoding="UTF-16"?>' + GOOD,
    "an unknown encoding": b'<?xml version="1.0" encoding="x-own"?>' + GOOD,
    "nul": GOOD.replace(b"0", b"0\x00"),
    "deep": b"<reportResponse>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"<responseCode>0</responseCode></reportResponse>",
    "too long": b"<reportResponse>" + b" " * MOST + b"<responseCode>0</responseCode></reportResponse>",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
@pytest.mark.parametrize("http", [200, 502])
def test_what_is_no_answer_of_this_service_is_unknown_and_kept(body, http):
    found = read_answer(http, body)
    assert (found.kind, found.code, found.body) == (AnswerKind.UNKNOWN, None, body)
    assert str(http) in found.description
    assert read_answer(401, body).kind is AnswerKind.CREDENTIALS
    assert read_answer(429, body).kind is AnswerKind.AGAIN


def test_an_answer_of_which_not_all_was_read_is_unknown():
    assert read_answer(200, HEAD + GOOD, whole=False).kind is AnswerKind.UNKNOWN


def test_what_is_shown_of_an_answer_can_be_shown_anywhere():
    found = answer("<responseCode>4100</responseCode><responseDescription>a\x1b\n\tb</responseDescription>")
    assert found.kind is AnswerKind.UNKNOWN  # no XML holds that
    told = read_answer(
        200, HEAD + b"<reportResponse><responseCode>4100</responseCode><responseDescription>a\xc2\x85\xe2\x80\xae"
        + b"b" * 5_000 + b"</responseDescription></reportResponse>", request_id="x\r\ny" * 100,
    )  # fmt: skip
    assert told.kind is AnswerKind.WRONG
    assert told.description.isprintable()
    assert len(told.description) <= 500
    assert told.request_id.isprintable()
    assert len(told.request_id) <= 100
    assert "responseDescription" not in repr(told)


PIECES = st.sampled_from(
    [b"<reportResponse>", b"</reportResponse>", b"<responseCode>", b"</responseCode>", b"0", b"5102", b"<!--", b"-->",
     b"<?x ?>", b"<![CDATA[", b"]]>", b"&lt;", b"&x;", b"<a:b>", b"\x00", b"\xff", b" ", b"<", b">", b"&#0;"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(body=st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=14).map(b"".join)), http=st.integers(100, 599))
def test_no_answer_whatever_raises(body, http):
    found = read_answer(http, body)
    assert found.body == body
    assert found.kind is not AnswerKind.OK or (http == 200 and found.code == 0)
