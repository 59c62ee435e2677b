"""Each restriction has its statement, once, however it came about and however often it is heard of."""

from actors import NOON
from judging import REMOVE, judged
from reasoning import checked, feed, follow, match, seconds, told
from rempart.cases.events import Reason
from rempart.items.records import items
from vaults import a_vault


def test_what_policy_blocks_at_upload_is_told_of_with_its_ground(store):
    with store.write() as conn:
        checked(conn, 1, "block", at=NOON, rule="exact-match", matches=[match()], context={"language": "fr-CA"})
        checked(conn, 2, "allow", at=NOON + seconds(1))
    assert follow(store) == 1
    (one,) = feed(store)
    assert one["item_id"] == "photo-1"
    assert one["restriction"]["what"] == "removed"
    assert one["language"] == "fr"
    assert one["ground"]["kind"] == "illegal"
    assert one["automated"]["decision"] == "fully"
    assert follow(store) == 0


def test_an_answer_that_leaves_the_verdict_as_it_was_has_no_statement(store):
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON)
    follow(store)
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON + seconds(5), again=True)
        checked(conn, 1, "hold", at=NOON + seconds(9), again=True)
    assert follow(store) == 0
    assert len(feed(store)) == 1


def test_a_restriction_that_look_back_makes_and_takes_back_is_told_both_times(store):
    with store.write() as conn:
        checked(conn, 1, "allow", at=NOON)
        told(conn, 1, "block", at=NOON + seconds(1))
        told(conn, 1, "allow", at=NOON + seconds(2), reason=Reason.WITHDRAWN)
    assert follow(store) == 2
    first, second = feed(store)
    assert (first["kind"], second["kind"]) == ("restriction", "lifted")
    assert second["about"] == first["id"]
    assert second["seq"] > first["seq"]


def test_a_second_check_that_allows_is_told_as_lifted(store):
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON)
    follow(store)
    with store.write() as conn:
        checked(conn, 1, "allow", at=NOON + seconds(5), again=True)
    assert follow(store) == 1
    assert [one["kind"] for one in feed(store)] == ["restriction", "lifted"]
    assert follow(store) == 0


def test_people_who_remove_what_was_held_have_a_statement_of_their_own(store):
    vault = a_vault(store)
    from desks import opened

    with store.write() as conn:
        checked(conn, 1, "hold", at=vault.clock(), matches=[match(distance=12)])
        case_id = opened_case(conn, 1, vault.clock())
    follow(store)
    judged(store, vault, case_id, REMOVE)
    assert opened
    assert follow(store) == 1
    held, removed = feed(store)
    assert held["restriction"]["duration"] == "until_examined"
    assert removed["restriction"]["what"] == "removed"
    assert removed["about"] == held["id"]
    assert removed["ground"]["kind"] == "illegal"
    assert removed["automated"] == {"detection": None, "decision": "people"}  # a child-safety matter: no more is told


def opened_case(conn, number, at, **more):
    from hosting import Found
    from rempart.cases.opening import CaseItem, open_case
    from rempart.people.principal import SYSTEM

    item = items.hosted(conn, number)
    values = {"kind": "match", "queue": "similar", "assessors": 2, "reason": "similar-match"} | more
    return open_case(
        conn, item=CaseItem(id=number, service=item.service, sha256=item.sha256), matches=[Found()],
        policy_version=1, by=SYSTEM, at=at, **values,
    )  # fmt: skip
