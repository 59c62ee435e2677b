"""Orders where things are not plain: gone, several, decided before, done twice, seconded by two at once, blind."""

import json
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text

from desks import opened
from hosting import host
from judging import ADA, LEA, NO, REMOVE, REPORT, RUI, answered, settled
from ordering import LEO, URL, OrderDesk, a_case, an_item, named
from rempart.cases.records import cases
from rempart.cases.work import accounts
from rempart.errors import ConflictError, LegalHoldError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger.records import leaves
from rempart.evidence.vault import records as vault_records
from rempart.evidence.vault.rotation import rewrap_now, rotate
from rempart.evidence.vault.upkeep import run_retention
from rempart.items.records import items
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.reports.orders import answering, destroying
from rempart.reports.orders.values import OrderForm, OrderKind, Outcome, What
from rempart.reports.reasons.records import delays
from rempart.server.vaults import WRAPPED_ELSEWHERE
from vaults import BY, put_in, read


@pytest.fixture
def desk(store):
    """On either database."""
    return OrderDesk(store)


@pytest.fixture
def plain(sqlite_store):
    """For what no database changes."""
    return OrderDesk(sqlite_store)


def states(desk, order):
    return [one.state for one in desk.parts(order)]


def test_what_is_known_at_an_address_is_judged_and_of_several_none_is_taken_for_the_one(plain):
    with plain.store.write() as conn:
        host(conn, 1, url=URL)
        host(conn, 2, url=f"{URL}/album")
        host(conn, 3, url=f"{URL}/album")
    taken = plain.take(named(URL.replace("https", "http")), named(f"{URL}/album"))
    one, album = plain.parts(taken.order)
    assert one.item == 1
    with plain.store.read() as conn:
        assert items.hosted(conn, album.item).item_id.startswith("notice:")
    again = plain.take(named(f"{URL}/album"), reference="2")
    assert plain.parts(again.order)[0].item == album.item
    with pytest.raises(RefusedError, match="Several items are at this address"):
        plain.take(named(f"{URL}/album"), kind=OrderKind.DESTRUCTION, reference="3")
    kept = plain.take(named(f"{URL}/album"), kind=OrderKind.PRESERVATION, reference="4")
    assert {one.item for one in plain.parts(kept.order)} == {2, 3, album.item}


def test_what_is_gone_already_is_done_at_once(plain):
    with plain.store.write() as conn:
        host(conn, 1, gone=plain.clock())
    taken = plain.take(an_item(1), regimes=("fr-lcen",))
    assert states(plain, taken.order) == ["done"]
    assert plain.row(taken.order).effect == plain.clock()
    first = plain.take(named(), reference="2")
    plain.judge(plain.case(first.order).id, REMOVE, people=(RUI,))
    second = plain.take(named(), reference="3")
    assert states(plain, second.order) == ["removing"]
    plain.confirm(plain.parts(first.order)[0].item)
    assert states(plain, first.order) + states(plain, second.order) == ["done", "done"]
    third = plain.take(named(), reference="4")
    assert states(plain, third.order) == ["done"]


def test_only_the_last_order_that_falls_ends_the_silence_about_its_case(desk):
    first, second = desk.take(named()), desk.take(named(), reference="2")
    case_id = desk.case(first.order).id
    assert desk.case(second.order).id == case_id

    def silent():
        with desk.store.read() as conn:
            return [one.cause for one in delays.of(conn, cases=[case_id])]

    assert silent() == ["order"]
    desk.close(first.order, Outcome.LIFTED, answer="A court lifted it.")
    assert silent() == ["order"]
    desk.close(second.order, Outcome.REFUSED, answer="Nobody signed it.")
    assert silent() == []
    third = desk.take(named(), reference="3")
    assert silent() == ["order"]
    desk.close(third.order, Outcome.PARTLY, answer="What is left is satire.")
    assert silent() == ["order"]


def test_nothing_that_is_known_under_a_name_waits_for_an_answer(plain):
    taken = plain.take(an_item(99), regimes=("fr-lcen",))
    assert states(plain, taken.order) == ["not_found"]
    assert (plain.row(taken.order).effect, plain.clocks(taken.order)[0].met) == (None, None)
    kept = plain.take(an_item(99), kind=OrderKind.PRESERVATION, reference="2")
    assert (states(plain, kept.order), plain.row(kept.order).state) == (["not_found"], "open")
    with plain.store.write() as conn:
        host(conn, 5)
    bare = plain.take(an_item(5), kind=OrderKind.PRESERVATION, reference="3")
    assert (states(plain, bare.order), plain.row(bare.order).state) == (["nothing"], "open")
    plain.close(bare.order, Outcome.DONE, answer="Nothing is kept of it.")


def test_an_account_holds_nothing_that_could_be_removed(plain):
    fact = accounts.AccountFact(kind="report", text="It asks children for pictures.")
    with plain.store.write() as conn:
        found = accounts.open_account_case(
            conn, service="forum", uploader="kite", facts=[fact], by=SYSTEM, at=plain.clock()
        )
    with pytest.raises(RefusedError, match="about an account"):
        plain.take(a_case(found.case))
    with pytest.raises(NotFoundError):
        plain.take(a_case("case_none"))


def test_bytes_that_come_later_are_preserved_before_anything_lets_them_go(desk):
    with desk.store.write() as conn:
        case_id = opened(conn, 7)
    taken = desk.take(a_case(case_id), kind=OrderKind.PRESERVATION, regimes=("us-2258a",))
    assert desk.row(taken.order).state == "open"
    object_id = put_in(desk.vault, item="item:7", basis="case", reference=case_id)
    assert (desk.keep_on(), desk.keep_on()) == (1, 0)
    with desk.store.write() as conn:
        assert [one.authority for one in vault_records.holds_on(conn, object_id)] == [taken.order]
        desk.vault.let_go(conn, basis="case", reference=case_id, by=BY)
    run_retention(desk.vault, by=BY)
    assert read(desk.vault, object_id) == b"a picture"
    row = desk.row(taken.order)
    assert (row.state, row.effect, row.due) == ("in_force", desk.clock(), row.received.replace(year=2027))


def test_releasing_an_order_touches_no_other_hold(desk):
    object_id = desk.hosted(7)
    first = desk.take(an_item(7), kind=OrderKind.PRESERVATION)
    second = desk.take(an_item(7), kind=OrderKind.PRESERVATION, reference="2")
    wanted = desk.take(an_item(7), kind=OrderKind.DESTRUCTION, reference="3")
    assert desk.do(answering.release, first.order, LEA, why="over", vault=desk.vault) == 1
    assert desk.do(answering.release, first.order, LEA, why="over", vault=desk.vault) == 0
    assert desk.keep_on() == 0
    with desk.store.read() as conn:
        assert [one.authority for one in vault_records.holds_on(conn, object_id)] == [second.order]
    with pytest.raises(LegalHoldError):
        desk.ask_destroy(wanted.order)
    desk.do(answering.release, second.order, LEA, why="over", vault=desk.vault)
    desk.second(desk.ask_destroy(wanted.order))
    with pytest.raises(RefusedError, match="Nothing of this is kept here"):
        desk.ask_destroy(wanted.order)
    desk.close(wanted.order, Outcome.DONE)


def test_a_hold_that_somebody_released_by_hand_does_not_stop_the_end_of_an_order(plain):
    object_id = plain.hosted(7)
    taken = plain.take(an_item(7), kind=OrderKind.PRESERVATION)
    with plain.store.write() as conn:
        (hold,) = vault_records.holds_on(conn, object_id)
        plain.vault.release(conn, hold.id, reason="by hand", by=CONSOLE)
    assert plain.do(answering.release, taken.order, LEA, why="over", vault=plain.vault) == 1
    plain.close(taken.order, Outcome.DONE)


def test_what_no_hold_stands_on_is_destroyed_and_the_rest_waits(desk):
    free, held = desk.hosted(7), desk.hosted(8)
    with desk.store.write() as conn:
        hold = desk.vault.hold(conn, held, reason="a trial", by=BY)
    taken = desk.take(an_item(7), an_item(8), kind=OrderKind.DESTRUCTION)
    assert desk.second(desk.ask_destroy(taken.order)) == 1
    with desk.store.read() as conn:
        assert vault_records.find_object(conn, free).destroyed is not None
    assert [one.state for one in desk.file(taken.order).parts] == ["done", "held"]
    assert desk.row(taken.order).effect is None
    with desk.store.write() as conn:
        desk.vault.release(conn, hold, reason="over", by=BY)
    assert desk.second(desk.ask_destroy(taken.order)) == 1
    assert desk.row(taken.order).effect == desk.clock()


def test_two_who_second_at_once_destroy_once(desk):
    desk.hosted(7)
    taken = desk.take(an_item(7), kind=OrderKind.DESTRUCTION)
    approval = desk.ask_destroy(taken.order, who=LEO)
    done, start = [], threading.Barrier(2)

    def second():
        start.wait()
        try:
            done.append(desk.second(approval, LEA))
        except RefusedError as err:
            done.append(err.message)

    threads = [threading.Thread(target=second) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(map(str, done)) == ["1", "This was already decided or withdrawn."] or 1 in done
    assert sum(one == 1 for one in done) == 1
    with desk.store.read() as conn:
        found = [json.loads(one)["action"] for one in conn.scalars(select(leaves.c.body))]
    assert found.count("vault.destroyed") == 1


def test_a_second_person_may_say_no_and_nobody_destroys_by_machine(plain):
    object_id = plain.hosted(7)
    taken = plain.take(an_item(7), kind=OrderKind.DESTRUCTION)
    with pytest.raises(NotPermittedError, match="by a person"):
        plain.ask_destroy(taken.order, who=CONSOLE)
    assert plain.second(plain.ask_destroy(taken.order), approve=False) == 0
    assert read(plain.vault, object_id) == b"a picture"
    assert plain.row(taken.order).state == "open"
    with pytest.raises(RefusedError, match="asks for no destruction"):
        plain.ask_destroy(plain.take(reference="2").order)


def test_a_first_answer_of_two_takes_down_and_who_judges_second_learns_nothing(desk):
    taken = desk.take(regimes=("fr-lcen",))
    case = desk.case(taken.order)
    answered(desk.store, case.id, REMOVE, REPORT, by=RUI)
    settled(desk.store, desk.vault)
    desk.follow()
    assert states(desk, taken.order) == ["removing"]
    desk.confirm(desk.parts(taken.order)[0].item)
    assert states(desk, taken.order) == ["done"]
    blind = desk.file(taken.order, LEO)
    assert (blind.parts[0].state, blind.parts[0].hidden, blind.order.effect) == ("waiting", True, None)
    assert [one.state for one in blind.clocks] == ["running"]
    (line,) = desk.register(LEO).lines
    assert (line.done, line.clock.state, line.order.effect) == (0, "running", None)
    answered(desk.store, case.id, REMOVE, REPORT, by=ADA)
    settled(desk.store, desk.vault)
    assert desk.file(taken.order, LEO).parts[0].state == "done"


def test_a_case_that_released_is_opened_again_and_one_that_is_decided_otherwise_follows(plain):
    with plain.store.write() as conn:
        case_id = opened(conn, 7, assessors=1)
    plain.judge(case_id, NO, people=(RUI,))
    taken = plain.take(a_case(case_id), regimes=("fr-lcen",))
    with plain.store.read() as conn:
        case = cases.find(conn, case_id)
    assert (case.state, case.round, case.priority, case.due) == ("open", 2, 1, taken.due)
    plain.judge(case_id, REMOVE, people=(RUI,), category=None)
    assert states(plain, taken.order) == ["removing"]


def test_contest_and_its_end_leave_the_times_running(plain):
    taken, keys = plain.take(regimes=("fr-lcen",)), plain.vault.keyring
    with pytest.raises(ConflictError, match="No contest waits"):
        plain.do(answering.contested, taken.order, LEA, upheld=True)
    plain.do(answering.contest, taken.order, LEA, why="Wrong service.", keyring=keys)
    with pytest.raises(ConflictError, match="contested already"):
        plain.do(answering.contest, taken.order, LEA, why="Again.", keyring=keys)
    plain.do(answering.contested, taken.order, LEA, upheld=False)
    assert (plain.row(taken.order).contest, plain.clocks(taken.order)[0].met) == ("rejected", None)
    with pytest.raises(RefusedError, match="asks for nothing"):
        plain.do(answering.disclose, taken.order, LEA, what=[What.ACCOUNT], keyring=keys)


def test_a_failure_in_the_middle_of_taking_leaves_nothing_behind(desk):
    desk.hosted(7)
    with pytest.raises(NotFoundError):
        desk.take(named(), an_item(7), a_case("case_none"))
    with desk.store.read() as conn:
        counts = [conn.scalar(text(f"SELECT count(*) FROM {one}")) for one in ("orders", "cases", "vault_holds")]
    assert counts == [0, 0, 0]


def test_nothing_that_names_an_authority_stands_open_and_a_new_key_seals_it_again(store, tmp_path):
    from rempart.evidence.vault import KeyFile
    from vaults import Hands, a_vault

    keys = KeyFile(tmp_path / "service.key")
    keys.create()
    desk = OrderDesk(store, vault=a_vault(store, keys=keys, hands=Hands()))
    desk.hosted(7)
    taken = desk.take(an_item(7), kind=OrderKind.INFORMATION, contact="martin@police.example", text="Room 7.")
    desk.do(answering.disclose, taken.order, LEA, what=[What.ACCOUNT], note="PV 2026/17 bis", keyring=keys)
    desk.close(taken.order, Outcome.DONE, answer="Sent to brigadier Martin.")
    tables = ("orders", "order_sealed", "order_parts", "disclosures", "ledger_leaves", "vault_holds", "order_clocks")
    with store.read() as conn:
        found = str([conn.execute(text(f"SELECT * FROM {one}")).all() for one in tables])
    for word in ("Martin", "2026/17", "police.example", "Room 7", "photo-7"):
        assert word not in found
    before = taken.order
    rotate(desk.vault, keys, by=BY)
    assert rewrap_now(desk.vault, by=BY, also=WRAPPED_ELSEWHERE) >= 1
    old = keys.ids()[1:]
    assert old
    file = desk.file(before)
    assert file.texts["answer"] == "Sent to brigadier Martin."
    assert desk.take(named(), reference="PV 2026/17").twins == (before,)
    assert rewrap_now(desk.vault, by=BY, also=WRAPPED_ELSEWHERE) == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"received": datetime(2026, 11, 1, 9)}, "no zone"),  # noqa: DTZ001 - that is what is refused
        ({"received": datetime(1999, 1, 1, tzinfo=UTC)}, "so long ago"),
        ({"received": datetime(2026, 11, 23, tzinfo=UTC)}, "later than now"),
        ({"country": "fr"}, "two capital letters"),
        ({"regimes": ("uk-osa",)}, "knows no order"),
        ({"text": "x" * 4_001}, "too long"),
        ({"reference": "x" * 301}, "too long"),
        ({"reference": " "}, "authority and its reference"),
    ],
)
def test_what_cannot_be_an_order_is_refused(plain, more, words):
    with pytest.raises(RefusedError, match=words):
        plain.take(**more)


def test_the_zone_in_which_the_receipt_was_told_is_kept(plain):
    for hours, minutes, shown in ((1, 0, "+01:00"), (-3, -30, "-03:30"), (5, 45, "+05:45"), (0, 0, "+00:00")):
        zone = timezone(timedelta(hours=hours, minutes=minutes))
        came = (plain.clock() - timedelta(hours=1)).astimezone(zone)
        taken = plain.take(received=came, reference=shown)
        row = plain.row(taken.order)
        assert (row.zone, row.received) == (shown, plain.clock() - timedelta(hours=1))
    assert OrderForm.__slots__


def test_an_order_that_is_closed_does_nothing_more(plain):
    plain.hosted(7)
    taken = plain.take(an_item(7), kind=OrderKind.DESTRUCTION)
    approval = plain.ask_destroy(taken.order)
    plain.close(taken.order, Outcome.LIFTED)
    with pytest.raises(RefusedError, match="closed"):
        plain.second(approval)
    keys = plain.vault.keyring
    for step in (
        lambda: plain.do(answering.acknowledge, taken.order, LEA),
        lambda: plain.do(answering.contest, taken.order, LEA, why="x", keyring=keys),
        lambda: plain.do(answering.extend, taken.order, LEA, until=plain.clock(), why="x", keyring=keys),
        lambda: plain.do(destroying.ask, taken.order, LEA, vault=plain.vault),
    ):
        with pytest.raises(RefusedError, match="closed"):
            step()


def test_an_order_that_is_ended_at_once_keeps_what_its_law_keeps(desk):
    with desk.store.write() as conn:
        case_id = opened(conn, 7)
    object_id = put_in(desk.vault, item="item:7", basis="case", reference=case_id)
    taken = desk.take(a_case(case_id), regimes=("eu-tco",), country="DE")
    desk.judge(case_id, REMOVE, category=None)
    desk.confirm(7)
    desk.close(taken.order, Outcome.DONE)
    assert desk.keep_on() == 0
    run_retention(desk.vault, by=BY)
    assert read(desk.vault, object_id) == b"a picture"
    with desk.store.read() as conn:
        assert vault_records.bases_of(conn, object_id, now=desk.clock()) == ("eu-tco",)
    lifted = desk.take(named("https://forum.example/2"), regimes=("eu-tco",), reference="2")
    desk.close(lifted.order, Outcome.LIFTED)
    assert [one.what for one in desk.clocks(lifted.order)] == ["act"]


def test_a_question_to_destroy_ends_with_its_order(plain):
    plain.hosted(7)
    taken = plain.take(an_item(7), kind=OrderKind.DESTRUCTION)
    plain.ask_destroy(taken.order)
    plain.close(taken.order, Outcome.REFUSED)
    assert plain.file(taken.order).waiting is None
