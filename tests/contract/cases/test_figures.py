"""Figures: added up by month and by what cases matched, each case once, each check once, nothing of a person."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, text

from actors import NOON
from figuring import counted, put_answer, put_case, put_checks
from rempart.cases.quality import agreeing, counting, precision
from rempart.cases.records import figures
from rempart.items.records.checks import checks
from rempart.store.workers import Worker
from vaults import Hands

HOUR = timedelta(hours=1)


@pytest.fixture
def clock(store):
    hands = Hands()
    hands.now = NOON + timedelta(days=20)  # 21 March
    store.clock = hands
    return hands


def of(store, dimension, **asked):
    with store.read() as conn:
        return {(one.month, one.key): one for one in figures.of_cases(conn, dimension, **asked)}


def test_cases_are_counted_by_month_of_opening_and_of_decision(store, clock):
    with store.write() as conn:
        put_case(conn, "case_1", opened=NOON - timedelta(days=3), decision="remove", after=timedelta(days=5))
        put_case(conn, "case_2", decision="release", after=HOUR)
        put_case(conn, "case_3", decision="restrict", after=timedelta(days=2))
        put_case(conn, "case_4", decision="merged")
        put_case(conn, "case_5")
    counted(store)
    found = of(store, "all")
    assert found["2026-02", ""].opened == 1
    assert found["2026-02", ""].decided == 0
    march = found["2026-03", ""]
    assert (march.opened, march.decided, march.upheld, march.cleared) == (4, 4, 2, 1)
    assert (march.within_hour, march.within_day, march.within_days, march.timed) == (1, 2, 3, 4)
    assert (march.middle, march.nearly_all) == (2 * 3600, 5 * 86_400)


def test_a_case_counts_once_for_each_list_probe_category_and_distance_that_it_has(store, clock):
    with store.write() as conn:
        put_case(
            conn, "case_1", decision="remove",
            matches=[{"distance": 3}, {"distance": 17}, {"list_id": "list_trial", "probe": "flip", "code": "2"}],
        )  # fmt: skip
        put_case(conn, "case_2", decision="release", matches=[{"distance": 30}, {"scheme": None, "code": None}])
        put_case(conn, "case_3", decision="remove", matches=[{"distance": 0, "signal_kind": "sha256"}])
    counted(store)
    month = "2026-03"
    lists = of(store, "list")
    assert (lists[month, "list_hotline"].upheld, lists[month, "list_hotline"].cleared) == (2, 1)
    assert (lists[month, "list_trial"].upheld, lists[month, "list_trial"].label) == (1, "Trial of the spring list")
    assert {key: one.decided for (_, key), one in of(store, "probe").items()} == {"canonical": 3, "flip": 1}
    assert {key: one.decided for (_, key), one in of(store, "category").items()} == {"vic-us 1": 3, "vic-us 2": 1}
    assert {key: one.decided for (_, key), one in of(store, "band", starts="list_hotline ").items()} == {
        "list_hotline 0": 1, "list_hotline 1": 1, "list_hotline -1": 1,
    }  # fmt: skip


def test_what_is_kept_from_somebody_is_in_no_figure(store, clock):
    with store.write() as conn:
        put_case(conn, "case_1", decision="remove", matches=[{}], insider=True)
        put_case(conn, "case_2", insider=True)
        put_answer(conn, "case_1", "ana", ["remove"])
        put_answer(conn, "case_1", "ben", ["remove"])
    counted(store)
    assert [of(store, dimension) for dimension in figures.DIMENSIONS] == [{}] * len(figures.DIMENSIONS)
    with store.read() as conn:
        assert agreeing.of_pairs(conn) == ()
        assert figures.oldest_open(conn) is None
        assert figures.open_ages(conn, at=clock(), bounds=[HOUR]) == ()


def test_a_case_that_was_opened_again_is_not_counted_twice_and_its_time_not_at_all(store, clock):
    with store.write() as conn:
        put_case(conn, "case_1", decision="remove", matches=[{}])
    counted(store)
    assert of(store, "all")["2026-03", ""].decided == 1
    with store.write() as conn:
        conn.execute(
            text("UPDATE cases SET state='open', decision=NULL, decided=NULL, round=2, cluster=:c"), {"c": b"x"}
        )
    counted(store)
    assert of(store, "all")["2026-03", ""].decided == 0
    with store.write() as conn:
        conn.execute(
            text("UPDATE cases SET state='decided', decision='release', cluster=NULL, decided=opened + 3600000000")
        )
    counted(store)
    found = of(store, "all")["2026-03", ""]
    assert (found.decided, found.cleared, found.timed, found.middle) == (1, 1, 0, None)


def test_old_months_are_made_anew_once_a_day(store, clock):
    old = NOON - timedelta(days=90)
    with store.write() as conn:
        put_case(conn, "case_1", opened=old, decision="remove")
    counted(store)
    with store.write() as conn:
        put_case(conn, "case_2", opened=old, decision="remove")
    counted(store)
    month = counting.month_of(old)
    assert of(store, "all")[month, ""].decided == 1
    clock.go_on(hours=25)
    counted(store)
    assert of(store, "all")[month, ""].decided == 2


def test_a_check_is_counted_once_also_when_its_item_is_forgotten(store, clock):
    with store.write() as conn:
        put_checks(conn, "allow", 5, at=datetime(2026, 2, 28, 23, 30, tzinfo=NOON.tzinfo))
        put_checks(conn, "block", 2)
        put_checks(conn, "hold", 1, service="wiki")
        put_checks(conn, "allow", 1, at=clock())  # too fresh
    counted(store)
    expected = (("2026-02", "forum", "allow", 5), ("2026-03", "forum", "block", 2), ("2026-03", "wiki", "hold", 1))
    with store.write() as conn:
        assert figures.of_checks(conn) == expected
        conn.execute(delete(checks).where(checks.c.verdict == "block"))
    counted(store)
    clock.go_on(minutes=5)
    counted(store)
    with store.read() as conn:
        assert figures.of_checks(conn) == (expected[0], ("2026-03", "forum", "allow", 1), *expected[1:])


def test_whoever_looks_sees_the_checks_that_were_answered_since_the_last_count(store, clock):
    def seen():
        with store.read() as conn:
            rows, until = counting.checks_until_now(conn, since="2026-02", at=clock())
            return sum(row[3] for row in rows), until

    assert seen() == (0, clock())
    with store.write() as conn:
        put_checks(conn, "allow", 4, at=clock() - timedelta(seconds=5))
    assert seen() == (4, clock()), "in the first minutes, before anything was counted"
    clock.go_on(minutes=5)
    counted(store)
    assert seen() == (4, clock())
    with store.write() as conn:
        put_checks(conn, "block", 2, at=clock() - timedelta(seconds=1))
    assert seen() == (6, clock()), "each once"
    before = clock() - counting.SETTLED
    clock.go_on(minutes=90)
    assert seen() == (4, before), "what takes long to count is left to the server, which says how far it is"


def test_checks_of_two_months_are_told_apart_before_they_are_counted(store, clock):
    clock.now = datetime(2026, 4, 1, 0, 10, tzinfo=NOON.tzinfo)
    with store.write() as conn:
        put_checks(conn, "allow", 3, at=clock() - timedelta(minutes=20))
        put_checks(conn, "allow", 2, at=clock() - timedelta(minutes=5))
    with store.read() as conn:
        rows, _ = counting.checks_until_now(conn, since="2026-02", at=clock())
    assert sorted(rows) == [("2026-03", "forum", "allow", 3), ("2026-04", "forum", "allow", 2)]


def test_counting_that_is_broken_off_is_gone_on_with(store, clock):
    with store.write() as conn:
        for day in range(5):
            put_checks(conn, "allow", 3, at=NOON + timedelta(days=day))
    with Worker(store) as worker:
        assert counting.count_checks(store, worker)
    counted(store)
    with store.read() as conn:
        assert figures.of_checks(conn) == (("2026-03", "forum", "allow", 15),)


def test_origin_is_counted_where_somebody_wrote_it_down(store, clock):
    with store.write() as conn:
        for number, origin in enumerate(([], [{"basis": "c2pa", "note": ""}], [])):
            put_case(conn, f"case_{number}", decision="remove")
            put_answer(conn, f"case_{number}", "ana", ["remove"], origin=origin)
        put_case(conn, "case_9", decision="remove")
        put_answer(conn, "case_9", "ana", ["remove"], origin=[{"basis": "iptc", "note": ""}], state="undone")
    counted(store)
    found = of(store, "all")["2026-03", ""]
    assert (found.decided, found.assessed, found.with_origin) == (4, 3, 1)


def test_open_cases_are_put_into_spans_by_queue(store, clock):
    with store.write() as conn:
        for number, ago in enumerate((HOUR / 2, 2 * HOUR, timedelta(days=2), timedelta(days=9), timedelta(days=30))):
            put_case(conn, f"case_{number}", opened=clock() - ago, queue="exact" if number else "similar")
        put_case(conn, "case_9", opened=clock() - timedelta(days=60), decision="remove")
    with store.read() as conn:
        bounds = [HOUR, timedelta(days=1), timedelta(days=7)]
        found = figures.open_ages(conn, at=clock(), bounds=bounds)
        assert figures.oldest_open(conn) == clock() - timedelta(days=30)
    assert found == (("exact", (0, 1, 1, 2)), ("similar", (1, 0, 0, 0)))


def test_precision_of_a_list_is_told_from_ten_decided_cases_on(store, clock):
    with store.write() as conn:
        for number in range(9):
            put_case(conn, f"case_{number}", decision="remove" if number else "release", matches=[{"distance": number}])
    counted(store)
    with store.read() as conn:
        few = precision.of_list(conn, "list_hotline")
        assert (few.whole.upheld, few.whole.cleared, few.whole.few, few.whole.share) == (8, 1, True, None)
        assert precision.of_list(conn, "list_other").whole.total == 0
    with store.write() as conn:
        put_case(conn, "case_9", opened=NOON - timedelta(days=40), decision="remove", matches=[{}])
    clock.go_on(days=2)
    counted(store)
    with store.read() as conn:
        found = precision.of_list(conn, "list_hotline")
        assert found.whole.share == 0.9
        assert (round(found.whole.interval.low, 2), round(found.whole.interval.high, 2)) == (0.6, 0.98)
        assert [(one.label, one.total) for one in found.bands] == [("0–7", 8), ("8–15", 2)]
        assert [(one.label, one.total) for one in found.probes] == [("canonical", 10)]
        assert [one.label for one in precision.of_all(conn, "list")] == ["Hotline, known images"]


def test_a_list_whose_id_begins_like_anothers_has_its_own_figures(store, clock):
    with store.write() as conn:
        put_case(conn, "case_1", decision="remove", matches=[{"list_id": "list_1"}])
        put_case(conn, "case_2", decision="release", matches=[{"list_id": "list_12"}])
    counted(store)
    with store.read() as conn:
        assert precision.of_list(conn, "list_1").whole.total == 1
        assert len(precision.of_list(conn, "list_1").bands) == 1


def test_pairs_are_the_first_two_blind_answers_and_each_second_look(store, clock):
    a, b = ("uk-abc", "A"), ("uk-abc", "B")
    with store.write() as conn:
        put_case(conn, "case_1", decision="remove")
        put_answer(conn, "case_1", "ana", ["remove"], category=a)
        put_answer(conn, "case_1", "ben", ["restrict"], at=NOON + HOUR, category=b)
        put_answer(conn, "case_1", "lea", ["remove"], at=NOON + 2 * HOUR, category=a, blind=False)
        put_answer(conn, "case_1", "cleo", ["remove"], at=NOON + 9 * HOUR, category=a, state="sample")
        put_case(conn, "case_2", decision="release")
        put_answer(conn, "case_2", "ana", ["no_violation"])
        put_answer(conn, "case_2", "dora", ["no_violation"], state="undone")
        put_case(conn, "case_3", decision="remove")
        put_answer(conn, "case_3", "ana", ["remove", "report"], category=("iccam", "1"))
        put_answer(conn, "case_3", "ben", ["remove"], at=NOON + HOUR, category=a)
    with store.read() as conn:
        assert agreeing.count_pairs(conn, since=None) == {
            ("2026-03", "pairs", "decision", "remove", "restrict"): 1,
            ("2026-03", "pairs", "decision", "remove", "remove"): 1,
            ("2026-03", "pairs", "category", "uk-abc A", "uk-abc B"): 1,
            ("2026-03", "looks", "decision", "remove", "remove"): 1,
            ("2026-03", "looks", "category", "uk-abc A", "uk-abc A"): 1,
        }
    counted(store)
    with store.read() as conn:
        found = agreeing.of_pairs(conn)
        assert all(one.agreement.few and one.agreement.kappa is None for one in found)
        assert agreeing.of_pairs(conn, since="2026-04") == ()
