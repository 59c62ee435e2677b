"""What goes wrong with the service, the network, credentials, the clock and the disk: nothing is lost or doubled."""

from datetime import timedelta

import pytest

from rempart.cases.records import tasks
from rempart.errors import RefusedError, StorageFullError
from rempart.reports.cybertip.filing import beginning
from rempart.reports.cybertip.filing.means import Told
from rempart.reports.cybertip.filing.values import Limits
from rempart.reports.cybertip.records import files, reports, stops
from rempart.reports.cybertip.values import Environment, ReportState
from tipfiling import begun, confirmed, desk, means_of, runs, stands, tipline, told_of
from vaults import BY, actions

FILED = ReportState.FILED
REAL = Environment.PRODUCTION


class Alarm:
    """Everything that people were told."""

    def __init__(self):
        self.words = []

    def __call__(self, conn, word):
        self.words.append(word.told)


@pytest.fixture
def alarm():
    return Alarm()


@pytest.fixture
def day(sqlite_store, one_vault):
    return sqlite_store, one_vault


def filed_in_the_end(store, vault, plan, **more):
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=plan) as server, desk(store, means_of(vault, server, **more)) as go:
        go(hours=1, minutes=20)
        row = stands(store, report_id)
        assert row.state is FILED, row.why
        assert told_of(server, report_id) == [row.number]
        return report_id, server


@pytest.mark.parametrize("how", ["close_after", "page"])
def test_a_report_that_may_have_been_opened_is_opened_again_and_the_other_expires(day, how):
    store, vault = day
    report_id, server = filed_in_the_end(store, vault, [f"submit:{how}"])
    assert [one[0] for one in runs(store, report_id)] == ["abandoned", "filed"]
    assert len(server.finished) == 1


@pytest.mark.parametrize(("call", "how"), [("upload", "close_before"), ("fileinfo", "close_after")])
def test_what_may_have_arrived_is_retracted_before_it_is_sent_again(day, call, how):
    store, vault = day
    report_id, server = filed_in_the_end(store, vault, [f"{call}:{how}"])
    assert runs(store, report_id) == [("retracted", "lost_answer"), ("filed", None)]
    (held,) = server.finished
    assert len(held.files) == 1


@pytest.mark.parametrize("how", ["close_after", "page_after", "error", "repeated"])
def test_a_lost_finish_is_asked_again_for_the_same_number(day, how):
    store, vault = day
    report_id, server = filed_in_the_end(store, vault, [f"finish:{how}"])
    assert runs(store, report_id) == [("filed", None)]
    assert server.calls.count("submit") == 1


def test_a_damaged_file_is_never_part_of_what_is_finished(day):
    store, vault = day
    report_id, server = filed_in_the_end(store, vault, ["upload:wrong_digest"])
    assert runs(store, report_id) == [("retracted", "damaged:0"), ("filed", None)]
    (held,) = server.finished
    assert len(held.files) == 1


def test_what_stays_odd_is_put_into_peoples_hands_and_they_are_told_once(day, alarm):
    store, vault = day
    report_id = begun(store, vault)
    limits = Limits(odd=5)
    with tipline(clock=store.clock, plan=["submit:page"] * 9) as server:
        with desk(store, means_of(vault, server, alarm=alarm, limits=limits)) as go:
            go(hours=3, minutes=20)
            row = stands(store, report_id)
            assert (row.state, row.why, row.next_try) == (ReportState.MANUAL, "unclear:http 502", None)
            assert server.calls.count("submit page") == 5
            assert alarm.words == [Told.MANUAL]


@pytest.mark.parametrize("call", ["submit", "fileinfo"])
def test_what_is_refused_is_retracted_and_never_sent_again(day, alarm, call):
    store, vault = day
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=[f"{call}:refuse"]) as server:
        with desk(store, means_of(vault, server, alarm=alarm)) as go:
            go(hours=25, minutes=500)
            assert (stands(store, report_id).state, stands(store, report_id).why) == (
                ReportState.REJECTED, "refused:4100",
            )  # fmt: skip
            assert server.finished == ()
            assert server.calls.count("submit") + server.calls.count("submit refuse") == 1
            assert ("retract" in server.calls) == (call != "submit")
    assert alarm.words == [Told.REJECTED]


def test_what_our_own_rules_refuse_is_not_sent(day, alarm):
    store, vault = day
    report_id = begun(store, vault)
    with tipline(clock=store.clock) as server:
        with desk(store, means_of(vault, server, alarm=alarm, check=lambda tip, now: ("a", "b"))) as go:
            go()
            assert server.calls == []
    assert (stands(store, report_id).state, stands(store, report_id).why) == (ReportState.REJECTED, "invalid:2")


def test_another_document_than_was_confirmed_is_not_sent(day):
    store, vault = day
    report_id = begun(store, vault)
    with store.write() as conn:
        reports.change(conn, report_id, digest=b"another")
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go()
        assert server.calls == []
    assert (stands(store, report_id).state, stands(store, report_id).why) == (ReportState.REJECTED, "changed")


def test_refused_credentials_stop_all_and_are_told_once(store, vault, alarm):
    ids = [begun(store, vault, number) for number in (1, 2)]
    with tipline(clock=store.clock) as server:
        with desk(store, means_of(vault, server, password="wrong", alarm=alarm)) as go:
            go(hours=1, minutes=20)
            assert alarm.words == [Told.STOPPED]
            assert len(server.calls) <= 5  # one tries for all, every quarter of an hour
            assert {stands(store, one).why for one in ids} == {"credentials:http 401"}
            with store.read() as conn:
                assert stops.find(conn, "production") is not None
        with desk(store, means_of(vault, server, alarm=alarm)) as go:
            go()  # other credentials: at once
            assert [len(told_of(server, one)) for one in ids] == [1, 1]
            with store.read() as conn:
                assert stops.find(conn, "production") is None
    assert actions(store).count("report.queue_stopped") == actions(store).count("report.queue_resumed") == 1


def test_credentials_that_are_revoked_in_mid_upload_and_given_back_lose_nothing(day, alarm):
    store, vault = day
    report_id = begun(store, vault, contents=(b"one", b"two"))
    with tipline(clock=store.clock, plan=["upload:slow", "upload:revoke"]) as server:
        with desk(store, means_of(vault, server, alarm=alarm)) as go:
            go(minutes=20, hours=1)
            assert stands(store, report_id).state is ReportState.UPLOADING
            server.revoked = False
            go(minutes=20, hours=1)
            assert stands(store, report_id).state is FILED
            assert runs(store, report_id) == [("filed", None)]  # the one that was open went on
            assert told_of(server, report_id) == [stands(store, report_id).number]
    assert alarm.words == [Told.STOPPED]


def test_a_network_that_is_gone_for_a_day_delays_everything_and_loses_nothing(day, alarm):
    store, vault = day
    ids = [begun(store, vault, number) for number in (1, 2)]
    with tipline(clock=store.clock) as server:
        nowhere = "http://127.0.0.1:9/ispws"
        with desk(store, means_of(vault, server, url=nowhere, alarm=alarm)) as go:
            go(hours=24, minutes=240)
        assert {stands(store, one).why for one in ids} == {"unreachable"}
        assert sorted(alarm.words) == [Told.LATE, Told.LATE]
        with desk(store, means_of(vault, server, alarm=alarm)) as go:
            go(hours=1, minutes=20)
            assert [len(told_of(server, one)) for one in ids] == [1, 1]
            assert len(server.finished) == 2


def test_a_report_that_is_open_when_the_network_goes_is_begun_again_when_its_time_is_up(day):
    store, vault = day
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=["fileinfo:error"]) as server:
        with desk(store, means_of(vault, server)) as go:
            go()
        store.clock.go_on(hours=25)
        with desk(store, means_of(vault, server)) as go:
            go(hours=1, minutes=20)
            assert runs(store, report_id) == [("expired", "expired"), ("filed", None)]
            assert told_of(server, report_id) == [stands(store, report_id).number]


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(days=3)])
@pytest.mark.parametrize("at", ["upload", "finish"])
def test_a_clock_that_jumps_neither_loses_nor_doubles_anything(day, at, jump):
    store, vault = day
    report_id = begun(store, vault)
    theirs = type(store.clock)()
    theirs.now = store.clock.now
    with tipline(clock=theirs, plan=[f"{at}:close_after"]) as server, desk(store, means_of(vault, server)) as go:
        go()
        store.clock.now += jump
        go(hours=1, minutes=20)
        row = stands(store, report_id)
        assert row.state is FILED
        assert told_of(server, report_id) == [row.number]
        assert len(server.finished) == 1


def test_a_disk_that_is_full_when_the_receipt_is_sealed_is_told_and_nothing_is_asked_again(day, alarm):
    store, vault = day
    report_id = begun(store, vault)
    seal, full = vault.seal, [True]

    def sealing(data):
        if full[0]:
            raise StorageFullError
        return seal(data)

    vault.seal = sealing
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server, alarm=alarm)) as go:
        go(hours=1, minutes=20)
        row = stands(store, report_id)
        assert (row.state, row.why) == (ReportState.FINISHING, "storage")
        assert row.next_try is not None
        assert alarm.words == [Told.STORAGE]
        full[0] = False
        go(hours=1, minutes=20)
        assert stands(store, report_id).state is FILED
        assert server.calls.count("finish") == 1


def test_a_decision_that_was_taken_back_takes_the_report_back(day):
    store, vault = day
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=["fileinfo:error"]) as server, desk(store, means_of(vault, server)) as go:
        go()
        with store.write() as conn:
            tasks.change(conn, stands(store, report_id).task_id, state="cancelled")
        go(hours=1, minutes=20)
        assert stands(store, report_id).state is ReportState.WITHDRAWN
        assert server.finished == ()
        assert server.calls[-1] == "retract"


def test_evidence_that_was_destroyed_meanwhile_is_not_reported_around(day, alarm):
    store, vault = day
    report_id = begun(store, vault)
    with store.write() as conn:
        (file,) = files.of_report(conn, report_id)
        vault.destroy(conn, file.object, reason="a court", by=BY, authority="a court")
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server, alarm=alarm)) as go:
        go()
        assert (stands(store, report_id).state, stands(store, report_id).why) == (ReportState.REJECTED, "evidence")
        assert server.finished == ()
        assert server.calls[-1] == "retract"
    assert alarm.words == [Told.REJECTED]


def test_where_nothing_may_be_sent_nothing_is_and_it_begins_when_it_may(day):
    store, vault = day
    report_id, allowed = begun(store, vault), []

    def require(conn, environment):
        if not allowed:
            raise RefusedError("Filing for real is not switched on.")

    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server, require=require)) as go:
        go(hours=1, minutes=20)
        assert server.calls == []
        assert stands(store, report_id).why == "not_set_up"
        allowed.append(1)
        go(hours=1, minutes=20)
        assert stands(store, report_id).state is FILED


def test_what_was_confirmed_before_anything_could_be_sent_begins_by_itself(day):
    store, vault = day
    report_id = confirmed(store, vault)

    def begin(conn, report, at):
        beginning.begin(conn, report, environment=REAL, at=at)

    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server, begin=begin)) as go:
        go()
        assert told_of(server, report_id) == [stands(store, report_id).number]


def test_one_in_danger_is_told_of_after_an_hour(day, alarm):
    store, vault = day
    begun(store, vault, danger=True)
    with tipline(clock=store.clock) as server:
        with desk(store, means_of(vault, server, url="http://127.0.0.1:9/ispws", alarm=alarm)) as go:
            go(hours=1, minutes=20)
    assert alarm.words == [Told.LATE]


def test_a_page_of_a_proxy_says_nothing_about_credentials(day, alarm):
    store, vault = day
    begun(store, vault)
    with tipline(clock=store.clock, plan=["submit:revoke"]) as server:
        with desk(store, means_of(vault, server, alarm=alarm)) as go:
            go()
            server.misbehave(["submit:page", "submit:unauthorized"])
            go(hours=1, minutes=20)
            assert server.plan.left() == 0
    assert alarm.words == [Told.STOPPED]
    assert "report.queue_resumed" not in actions(store)


def test_the_document_is_checked_before_the_transaction_that_opens_it(day):
    store, vault = day
    begun(store, vault)
    seen = []

    def check(tip, now):
        seen.append(store._writing.locked())
        return ()

    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server, check=check)) as go:
        go()
        assert len(server.finished) == 1
    assert seen == [False]
