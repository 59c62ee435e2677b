"""Asking a CyberTipline over real HTTP, on good days and on bad ones."""

import contextlib
import hashlib
import logging
import socket
import threading
import time

import httpx
import pytest

from rempart.errors import IncompleteError, RefusedError, TiplineUnavailableError
from rempart.reports.cybertip.service.answers import AnswerKind
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.service.misbehaving import NOT_TAKEN, How
from rempart.reports.cybertip.service.rehearsal import RehearsalServer, running

REPORT = b"""<?xml version="1.0" encoding="UTF-8"?>
<report><incidentSummary><incidentType>Misleading Domain Name</incidentType>
<incidentDateTime>2026-01-01T00:00:00Z</incidentDateTime></incidentSummary>
<reporter><reportingPerson><email>desk@example.org</email></reportingPerson></reporter></report>"""
PASSWORD = "a secret that nobody may read"


def details(report, file):
    return f"<fileDetails><reportId>{report}</reportId><fileId>{file}</fileId></fileDetails>".encode()


@contextlib.contextmanager
def asked(*plan, seconds=20.0, silence=20.0, password=PASSWORD, **options):
    server = RehearsalServer(password=PASSWORD, plan=plan, rules=lambda *_: (), **options)
    with running(server), Connection(server.url, "rehearsal", password, seconds=seconds, silence=silence) as tipline:
        yield server, tipline


def test_a_report_is_opened_filled_described_and_finished_once():
    with asked() as (server, tipline):
        assert tipline.status().kind is AnswerKind.OK
        opened = tipline.open(REPORT)
        sent = tipline.upload(opened.report_id, 'a "name".jpg', iter([b"ab", b"c"]), 3)
        described = tipline.describe(details(opened.report_id, sent.file_id))
        finished = tipline.finish(opened.report_id)
        again = tipline.finish(opened.report_id)
        late = tipline.retract(opened.report_id)
    assert sent.md5 == sent.sent_md5 == hashlib.md5(b"abc").hexdigest()
    assert [one.kind for one in (opened, sent, described, finished)] == [AnswerKind.OK] * 4
    assert finished.files == (sent.file_id,)
    assert finished.request_id
    assert b"reportDoneResponse" in finished.body
    assert again.kind is late.kind is AnswerKind.FINISHED
    assert [one.number for one in server.finished] == [opened.report_id]


def test_each_documented_refusal_has_its_kind():
    with asked() as (_, tipline):
        number = tipline.open(REPORT).report_id
        file = tipline.upload(number, "a", [b"a"], 1).file_id
        assert tipline.describe(details(number, "0" * 32)).kind is AnswerKind.NO_FILE
        assert tipline.describe(details(number, file)).kind is AnswerKind.OK
        assert tipline.describe(details(number, file)).kind is AnswerKind.WRONG
        assert tipline.open(b"<report").kind is AnswerKind.WRONG
        assert tipline.finish("77").kind is AnswerKind.GONE
        assert tipline.retract(number).kind is AnswerKind.OK
        assert tipline.upload(number, "a", [b"a"], 1).kind is AnswerKind.RETRACTED
        assert tipline.finish(number).kind is AnswerKind.RETRACTED


# What the caller learns of each misbehaviour: the kind of answer, or whether the request may have arrived.
LEARNT = {
    How.HANG_BEFORE: True, How.CLOSE_BEFORE: True, How.HANG_AFTER: True, How.CLOSE_AFTER: True, How.TRUNCATED: True,
    How.ERROR: AnswerKind.AGAIN, How.TOO_MANY: AnswerKind.AGAIN, How.UNAUTHORIZED: AnswerKind.CREDENTIALS,
    How.REVOKE: AnswerKind.CREDENTIALS, How.REFUSE: AnswerKind.WRONG, How.PAGE: AnswerKind.UNKNOWN,
    How.REDIRECT: AnswerKind.UNKNOWN, How.PAGE_AFTER: AnswerKind.UNKNOWN, How.EMPTY: AnswerKind.UNKNOWN,
    How.DOCTYPE: AnswerKind.UNKNOWN, How.HUGE: AnswerKind.UNKNOWN, How.WRONG_TYPE: AnswerKind.UNKNOWN,
    How.ENCODING: AnswerKind.UNKNOWN, How.UNKNOWN_CODE: AnswerKind.UNKNOWN, How.OTHER_REPORT: AnswerKind.UNKNOWN,
    How.REPEATED: AnswerKind.FINISHED, How.SLOW: AnswerKind.OK, How.SLOW_UPLOAD: AnswerKind.OK,
    How.WRONG_DIGEST: AnswerKind.OK,
}  # fmt: skip


@pytest.mark.parametrize("how", How)
def test_every_misbehaviour_at_finish_is_told_for_what_it_is(how):
    # The answers' encoding shows in their text, which a finished report's answer has none of.
    call = "retract" if how is How.ENCODING else "finish"
    with asked(f"{call}:{how}", silence=0.3, hang=5.0, pause=0.001) as (server, tipline):
        number = tipline.open(REPORT).report_id
        try:
            learnt = getattr(tipline, call)(number).kind
        except TiplineUnavailableError as err:
            learnt = err.arrived
        stage = server.book.reports()[0].stage
    assert learnt == LEARNT[how]
    assert (stage == "open") is (how in NOT_TAKEN)
    assert server.plan.left() == 0


def test_a_damaged_upload_shows_in_its_digest():
    with asked("upload:wrong_digest", "upload:slow_upload", pause=0.001) as (_, tipline):
        number = tipline.open(REPORT).report_id
        damaged, good = (tipline.upload(number, "a", [b"abc"], 3) for _ in range(2))
    assert damaged.kind is AnswerKind.OK
    assert damaged.md5 != damaged.sent_md5
    assert good.md5 == good.sent_md5


def test_credentials_that_are_revoked_while_a_file_is_sent_are_told_as_such():
    with asked("upload:revoke") as (server, tipline):
        number = tipline.open(REPORT).report_id
        sent = tipline.upload(number, "a", (b"a" * 65536 for _ in range(100)), 6_553_600)
        assert sent.kind is tipline.status().kind is AnswerKind.CREDENTIALS
        assert sent.http == 401
        assert sent.body == b""
    assert server.finished == ()


def test_wrong_credentials_are_told_and_shown_nowhere(caplog):
    caplog.set_level(logging.DEBUG)
    with asked(password="wrong " + PASSWORD) as (_, tipline):
        answer = tipline.status()
        shown = [repr(tipline), str(tipline), repr(answer), caplog.text]
    with asked(silence=0.2, hang=3.0) as (server, tipline):
        server.misbehave(["submit:hang_after"])
        with pytest.raises(TiplineUnavailableError) as found:
            tipline.open(REPORT)
        shown += [repr(found.value), str(found.value), repr(found.value.__cause__), repr(tipline), caplog.text]
    assert answer.kind is AnswerKind.CREDENTIALS
    assert not [one for one in shown if PASSWORD in one or "YWhlYXJzYWw" in one or "desk@example.org" in one]


def test_an_answer_that_never_ends_is_cut_off_in_time_and_size():
    with asked("status:slow", "status:huge", seconds=0.5, pause=0.2, hang=20.0) as (_, tipline):
        started = time.monotonic()
        with pytest.raises(TiplineUnavailableError):
            tipline.status()
        assert time.monotonic() - started < 3
        assert len(tipline.status().body) <= 256 << 10


def test_a_head_that_trickles_is_cut_off():
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def trickle():
        taken, _ = listening.accept()
        with taken, contextlib.suppress(OSError):
            taken.send(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.05):
                taken.send(b"X: y\r\n")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        with Connection(f"http://127.0.0.1:{listening.getsockname()[1]}/ispws", "u", "p", seconds=0.4) as tipline:
            with pytest.raises(TiplineUnavailableError) as found:
                tipline.status()
        assert found.value.arrived
    finally:
        over.set()
        thread.join()
        listening.close()


def test_nobody_there_means_that_nothing_arrived():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with (
        Connection(f"http://127.0.0.1:{port}/ispws", "u", "p") as tipline,
        pytest.raises(TiplineUnavailableError) as found,
    ):
        tipline.open(REPORT)
    assert found.value.arrived is False


@pytest.mark.parametrize(("size", "error"), [(4, IncompleteError), (2, RefusedError)])
def test_a_file_of_another_size_than_announced_is_not_taken(size, error):
    with asked() as (server, tipline):
        number = tipline.open(REPORT).report_id
        with pytest.raises(error):
            tipline.upload(number, "a", [b"abc"], size)
        assert tipline.status().kind is AnswerKind.OK
        assert server.book.reports()[0].files == {}


def test_what_goes_wrong_while_a_file_is_read_goes_through():
    def broken():
        yield b"a"
        raise IncompleteError("cut short")

    with asked() as (server, tipline), pytest.raises(IncompleteError, match="cut short"):
        tipline.upload(tipline.open(REPORT).report_id, "a", broken(), 3)
    assert server.book.reports()[0].files == {}


@pytest.mark.parametrize(
    "url",
    ["http://report.example/ispws", "https://user:pw@report.example/ispws", "ftp://127.0.0.1/ispws", "https:///ispws",
     "http://localhost/ispws", "https://report.example/ispws?x=1", "http://127.0.0.1.example/ispws"],
)  # fmt: skip
def test_credentials_are_not_sent_to_just_any_address(url):
    with pytest.raises(RefusedError) as found:
        Connection(url, "u", PASSWORD)
    assert PASSWORD not in str(found.value)


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with asked() as (_, tipline):
        assert tipline.status().kind is AnswerKind.OK


def test_the_server_plans_misbehaviour_from_outside_and_shows_what_it_has():
    with asked() as (server, tipline):
        number = tipline.open(REPORT).report_id
        control = server.url.replace("/ispws", "/rehearsal")
        auth = ("rehearsal", PASSWORD)
        assert httpx.post(f"{control}/misbehave", json={"next": ["finish:page"]}).status_code == 401
        assert httpx.post(f"{control}/misbehave", json={"next": ["finish:page"]}, auth=auth).json() == {"planned": 1}
        assert httpx.post(f"{control}/misbehave", json={"next": ["nonsense"]}, auth=auth).status_code == 422
        assert tipline.finish(number).kind is AnswerKind.UNKNOWN
        told = httpx.get(f"{control}/reports", auth=auth).json()
    assert [(one["number"], one["stage"]) for one in told] == [(number, "open")]
