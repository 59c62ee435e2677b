"""Account cases, where there is no picture, and what is sealed of whoever told."""

import pytest
from sqlalchemy import text

from actors import NOON, person, service
from desks import actions, join_team, opened
from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.work import moves
from rempart.cases.work.accounts import MOST_OF_CASE, AccountFact, add_fact, open_account_case
from rempart.cases.work.notifier import read_notifier, rewrap_notifiers, seal_notifier, sealed_names
from rempart.cases.work.settings import put
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError, TamperedError
from rempart.evidence.vault import KeyFile
from rempart.evidence.vault.keyring import ServiceKey
from rempart.people.permissions import Role, Scope
from rempart.server.vaults import WRAPPED_ELSEWHERE

RUI, LEA = person("rui", Role.REVIEWER), person("lea", Role.LEAD)
FORUM = service("forum", Scope.CASES)
SALE = AccountFact(kind="listing", text="a set for sale", url="https://forum.example/t/1")
LINK = AccountFact(kind="linked_account", uploader="seller-2")


def account(store, *facts, uploader="seller-1", service="forum", by=FORUM):
    with store.write() as conn:
        return open_account_case(conn, service=service, uploader=uploader, facts=facts or (SALE,), by=by, at=NOON)


def facts_of(store, case_id):
    with store.read() as conn:
        return [(one.kind, one.text, one.url, one.uploader, one.by) for one in work.facts_of(conn, case_id)]


def test_an_account_has_one_open_case_that_takes_what_is_new(store):
    first, again, other = account(store), account(store, SALE, LINK, by=RUI), account(store, service="wiki")
    assert (first.new, again.new, other.new) == (True, False, True)
    assert first.case == again.case != other.case
    assert facts_of(store, first.case) == [
        ("listing", "a set for sale", "https://forum.example/t/1", None, "k-forum"),
        ("linked_account", None, None, "seller-2", "p-rui"),
    ]
    with store.read() as conn:
        case = records.find(conn, first.case)
    assert (case.kind, case.queue, case.look, case.service, case.uploader) == (
        "account", "accounts", "look", "forum", "seller-1",
    )  # fmt: skip
    assert [action for action, _ in actions(store, first.case)] == [
        "case.opened", "case.facts_added", "case.facts_added",
    ]  # fmt: skip


def test_names_of_service_and_account_do_not_run_into_each_other(store):
    assert account(store, service="a", uploader="bc").case != account(store, service="ab", uploader="c").case


def test_account_cases_follow_the_teams_routes(store):
    document = {"routes": [{"when": {"kind": ["account"]}, "then": {"queue": "sellers", "priority": "high"}}]}
    with store.write() as conn:
        put(conn, document, by=LEA, at=NOON)
    opened_ = account(store)
    with store.read() as conn:
        case = records.find(conn, opened_.case)
    assert (case.queue, case.priority) == ("sellers", 1)


@pytest.mark.parametrize(
    "fact",
    [
        AccountFact(kind="rumour", text="x"),
        AccountFact(kind="text", text="   "),
        AccountFact(kind="linked_account", text="somebody"),
        AccountFact(kind="text", text="x" * 10_001),
        AccountFact(kind="text", url="https://a.example/\nb"),
    ],
)
def test_a_fact_says_something(store, fact):
    with pytest.raises(RefusedError):
        account(store, fact)
    with store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM cases")).scalar_one() == 0


def test_a_case_holds_so_many_facts_and_no_more(store):
    for part in range(MOST_OF_CASE // 50):
        found = account(store, *(AccountFact(kind="text", text=f"{part} {n}") for n in range(50)))
    with pytest.raises(ConflictError, match="can hold no more"):
        account(store, LINK)
    assert len(facts_of(store, found.case)) == MOST_OF_CASE


def test_people_add_facts_to_what_is_open_and_of_an_account(store):
    found = account(store)
    with store.write() as conn:
        picture = opened(conn, 1)
        add_fact(conn, found.case, RUI, LINK, at=NOON)
        with pytest.raises(ConflictError):
            add_fact(conn, picture, RUI, LINK, at=NOON)
        records.change(conn, found.case, state="decided", cluster=None)
        with pytest.raises(ConflictError):
            add_fact(conn, found.case, RUI, LINK, at=NOON)
    assert len(facts_of(store, found.case)) == 2


def test_a_decided_account_case_is_reopened_as_the_same_account(store):
    found = account(store)
    with store.write() as conn:
        join_team(conn, LEA)
        records.change(conn, found.case, state="decided", decision="no_violation", cluster=None)
        moves.reopen(conn, found.case, LEA, reason="more came", at=NOON)
    assert account(store, LINK) == type(found)(case=found.case, new=False)


def test_the_ledger_says_nothing_of_the_account_in_plain_text(store):
    account(store, SALE, LINK)
    with store.read() as conn:
        bodies = "".join(conn.execute(text("SELECT body FROM ledger_leaves")).scalars())
    assert not [word for word in ("seller-1", "seller-2", "forum.example", "a set for sale") if word in bodies]


@pytest.fixture
def keys(tmp_path):
    file = KeyFile(tmp_path / "service.key")
    file.create()
    return file


@pytest.fixture
def told(store, keys):
    """A case with a notifier."""
    with store.write() as conn:
        join_team(conn, RUI, LEA)
        case_id = opened(conn, 1)
        seal_notifier(conn, case_id, {"name": "Ines Vidal", "email": "ines@example.org"}, keyring=keys)
    return case_id


def test_leads_read_who_told_for_a_purpose_that_is_written_down(store, keys, told):
    with store.write() as conn:
        with pytest.raises(NotPermittedError):
            read_notifier(conn, told, RUI, purpose="curious", keyring=keys, at=NOON)
        with pytest.raises(RefusedError, match="purpose"):
            read_notifier(conn, told, LEA, purpose=" ", keyring=keys, at=NOON)
        found = read_notifier(conn, told, LEA, purpose="to answer her", keyring=keys, at=NOON)
        assert sealed_names(conn, told) == ("email", "name")
    assert found == {"name": "Ines Vidal", "email": "ines@example.org"}
    assert actions(store, told)[1:] == [("notifier.read", "p-lea")]
    with store.read() as conn:
        stored = b"".join(conn.execute(text("SELECT sealed FROM case_sealed")).scalars())
        bodies = "".join(conn.execute(text("SELECT body FROM ledger_leaves")).scalars())
    assert b"ines" not in stored.lower()
    assert "answer her" not in bodies


def test_a_lead_who_is_kept_from_the_case_does_not_learn_who_told(store, keys, told):
    with store.write() as conn:
        work.bar(conn, told, [LEA.id])
        with pytest.raises(NotFoundError):
            read_notifier(conn, told, LEA, purpose="to answer", keyring=keys, at=NOON)


def test_what_is_sealed_follows_the_service_keys(store, keys, told):
    old = keys.active()
    new = ServiceKey.new()
    keys.add(new)
    assert rewrap_notifiers in WRAPPED_ELSEWHERE
    with store.write() as conn:
        assert rewrap_notifiers(conn, keyring=keys) == 2
        assert rewrap_notifiers(conn, keyring=keys) == 0
        keys.remove(old.id)
        assert keys.ids() == (new.id,)
        found = read_notifier(conn, told, LEA, purpose="to answer", keyring=keys, at=NOON)
    assert found["name"] == "Ines Vidal"


def test_what_was_sealed_for_one_case_opens_for_no_other(store, keys, told):
    with store.write() as conn:
        other = opened(conn, 2)
        work.seal(conn, case_id=other, name="name", sealed=work.sealed_of(conn, told)["name"])
        with pytest.raises(TamperedError):
            read_notifier(conn, other, LEA, purpose="to answer", keyring=keys, at=NOON)
