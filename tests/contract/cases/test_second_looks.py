"""Second looks: drawn so that nobody can tell which, never one's own case, blind, and apart from what was decided."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from actors import person
from desks import opened
from judging import ADA, CATEGORY, LEA, NO, REMOVE, REPORT, RESTRICT, RUI, decided
from rempart.cases.assessing.values import Assessment, Confidence
from rempart.cases.assessing.viewing import standing
from rempart.cases.quality import looks
from rempart.cases.quality.drawing import draw, drawn
from rempart.cases.records import assessments, samples
from rempart.cases.records import cases as records
from rempart.cases.work import moves
from rempart.cases.work.settings import put
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.vault.records import bases
from rempart.items.records import items
from rempart.people.permissions import Role
from vaults import a_vault, put_in

CLEO = person("cleo", Role.REVIEWER)
SAME = b"s" * 32
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For rules in which the database plays no part; their SQL runs on both in the other tests."""


@pytest.fixture
def vault(store):
    return a_vault(store)


def rules(store, **document):
    with store.write() as conn:
        put(conn, document, by=LEA, at=store.clock())


def settled_case(store, vault, *said, percent=100, number=1, people=(RUI, ADA)):
    """A case that two people decided, with something sealed for it; drawn, unless told otherwise."""
    rules(store, sample_percent=percent)
    with store.write() as conn:
        case_id = opened(conn, number, sha256=SAME)
    put_in(vault, reference=case_id)
    decided(store, vault, case_id, *(said or (REMOVE,)), people=people)
    return case_id


def taken(store, case_id, who=CLEO):
    with store.write() as conn:
        return looks.take(conn, case_id, who, at=store.clock())


def looked(store, vault, case_id, *said, who=CLEO, **more):
    values = {"decisions": frozenset(said), "category": None if NO in said else CATEGORY} | more
    with store.write() as conn:
        looks.answer(conn, case_id, Assessment(**values), who=who, at=store.clock(), vault=vault)


def offered(store, who):
    with store.read() as conn:
        return looks.next_for(conn, who, at=store.clock())


def sample_of(store, case_id):
    with store.read() as conn:
        row = conn.execute(select(samples.case_samples).where(samples.case_samples.c.case_id == case_id)).first()
    return None if row is None else samples.Sample(**row._mapping)


def reasons(store, case_id):
    """Why the case's object is kept still."""
    with store.read() as conn:
        return {row.basis for row in conn.execute(select(bases).where(bases.c.ended.is_(None)))}


def test_a_case_is_drawn_the_same_way_by_whoever_draws_again():
    seed = b"\x07" * 32
    once = [drawn(seed, f"case_{n}", 1, percent=5) for n in range(2_000)]
    assert once == [drawn(seed, f"case_{n}", 1, percent=5) for n in range(2_000)]
    assert 70 <= sum(once) <= 130  # 5 %, within three standard deviations


@pytest.mark.parametrize(("percent", "share"), [(0, 0), (100, 500)])
def test_none_and_all_are_drawn_where_the_team_says_so(percent, share):
    assert sum(drawn(b"\x07" * 32, f"case_{n}", 1, percent=percent) for n in range(500)) == share


def test_another_seed_draws_other_cases():
    one, other = ({n for n in range(500) if drawn(seed * 32, f"case_{n}", 1, percent=10)} for seed in (b"a", b"b"))
    assert one != other
    assert len(one & other) < len(one)


def test_the_seed_of_a_month_is_committed_to_before_it_is_used_and_then_stays(store, vault):
    rules(store, sample_percent=100)
    with store.write() as conn:
        for number in (1, 2):
            case_id = opened(conn, number, sha256=None)
            draw(conn, records.find(conn, case_id), single=False, percent=100, at=store.clock())
        seeds = conn.execute(select(samples.sample_seeds.c.month)).scalars().all()
        bodies = conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id")).scalars().all()
        seed = samples.seed(conn, seeds[0])
    assert seeds == ["2026-11"]
    assert len([one for one in bodies if '"action":"sample.seed"' in one]) == 1
    assert seed.hex() not in "".join(bodies)


def test_two_that_draw_at_once_draw_one_sample_with_one_seed(store, vault):
    with store.write() as conn:
        case = records.find(conn, opened(conn, 1, sha256=None))
    ready, found = threading.Barrier(4), []

    def work():
        ready.wait()
        with store.write() as conn:
            found.append(draw(conn, case, single=True, percent=100, at=store.clock()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False, False, False, True]


def test_what_settles_is_drawn_and_its_evidence_waits_for_the_second_look(store, vault):
    case_id = settled_case(store, vault)
    found = sample_of(store, case_id)
    assert (found.state, found.why, found.round) == ("waiting", "chance", 1)
    assert reasons(store, case_id) == {"case_task"}
    taken(store, case_id)
    looked(store, vault, case_id, REMOVE)
    assert reasons(store, case_id) == set()
    assert sample_of(store, case_id).state == "done"


@ON_ONE
def test_what_is_not_drawn_keeps_no_evidence(store, vault):
    case_id = settled_case(store, vault, percent=0)
    assert sample_of(store, case_id) is None
    assert reasons(store, case_id) == set()


@ON_ONE
def test_what_one_person_decided_alone_is_always_looked_at_again(store, vault):
    with store.write() as conn:
        case_id = opened(conn, 1, sha256=None)
        case = records.find(conn, case_id)
        assert draw(conn, case, single=True, percent=0, at=store.clock())
    assert sample_of(store, case_id).why == "single"


@ON_ONE
def test_nobody_looks_again_at_a_case_of_their_own(store, vault):
    case_id = settled_case(store, vault)
    assert [offered(store, who) for who in (RUI, ADA, CLEO)] == [None, None, case_id]
    for who in (RUI, ADA):
        with pytest.raises(NotFoundError):
            taken(store, case_id, who)


@ON_ONE
def test_whoever_only_reads_or_is_kept_from_a_case_is_offered_nothing(store, vault):
    case_id = settled_case(store, vault)
    with store.write() as conn:
        conn.execute(text("INSERT INTO case_barred (case_id, person) VALUES (:c, :p)"), {"c": case_id, "p": CLEO.id})
    assert offered(store, CLEO) is None
    assert offered(store, person("aud", Role.AUDITOR)) is None
    with pytest.raises(NotFoundError):
        taken(store, case_id)


def test_a_look_is_one_persons_for_an_hour_and_then_anothers(store, vault):
    case_id = settled_case(store, vault)
    dora = person("dora", Role.REVIEWER)
    taken(store, case_id)
    assert offered(store, dora) is None
    with pytest.raises(ConflictError, match="Somebody else"):
        taken(store, case_id, dora)
    vault.clock.go_on(minutes=61)
    assert offered(store, dora) == case_id
    with pytest.raises(ConflictError, match="not taken"):
        looked(store, vault, case_id, REMOVE)
    taken(store, case_id, dora)
    looked(store, vault, case_id, RESTRICT, who=dora)
    assert sample_of(store, case_id).person == dora.id


@ON_ONE
def test_whoever_looks_again_is_told_nothing_of_the_answers(store, vault):
    case_id = settled_case(store, vault)
    taken(store, case_id)
    with store.read() as conn:
        found = standing(conn, case_id, CLEO, at=store.clock())
        assert (found.blind, found.answers, found.outcomes, found.ending) == (True, (), (), None)
        assert standing(conn, case_id, LEA, at=store.clock()).ending == "remove"
    looked(store, vault, case_id, NO)
    with store.read() as conn:
        assert standing(conn, case_id, CLEO, at=store.clock()).ending == "remove"


@ON_ONE
def test_what_the_second_look_says_changes_nothing(store, vault):
    case_id = settled_case(store, vault)
    taken(store, case_id)
    looked(store, vault, case_id, NO, confidence=Confidence.PROBABLE)
    with store.read() as conn:
        case = records.find(conn, case_id)
        assert (case.state, case.decision, case.round) == ("decided", "remove", 1)
        assert len(assessments.of_case(conn, case_id)) == 2
        assert items.hosted(conn, 1).verdict.value == "block"
        row = assessments.find(conn, sample_of(store, case_id).assessment)
    assert (row.state, row.person, row.decisions) == ("sample", CLEO.id, ("no_violation",))


@ON_ONE
def test_a_second_look_decides_about_items_only(store, vault):
    case_id = settled_case(store, vault)
    taken(store, case_id)
    with pytest.raises(RefusedError):
        looked(store, vault, case_id, REMOVE, REPORT)
    assert sample_of(store, case_id).state == "waiting"


@ON_ONE
def test_an_answer_is_given_once(store, vault):
    case_id = settled_case(store, vault)
    taken(store, case_id)
    looked(store, vault, case_id, REMOVE)
    with pytest.raises(NotFoundError):
        looked(store, vault, case_id, REMOVE)


def test_what_nobody_looks_at_lapses_and_lets_its_evidence_go(store, vault):
    case_id = settled_case(store, vault)
    vault.clock.go_on(days=13)
    with store.write() as conn:
        assert looks.lapse(conn, at=store.clock(), vault=vault) == 0
    vault.clock.go_on(days=2)
    with store.write() as conn:
        assert looks.lapse(conn, at=store.clock(), vault=vault) == 1
        assert looks.lapse(conn, at=store.clock(), vault=vault) == 0
    assert (sample_of(store, case_id).state, reasons(store, case_id)) == ("lapsed", set())


def test_a_case_that_is_opened_again_is_not_looked_at_beside(store, vault):
    case_id = settled_case(store, vault)
    with store.write() as conn:
        moves.reopen(conn, case_id, LEA, reason="new facts", at=store.clock())
    assert offered(store, CLEO) is None
    with pytest.raises(NotFoundError):
        taken(store, case_id)
    with store.write() as conn:
        assert looks.lapse(conn, at=store.clock(), vault=vault) == 1


def test_an_item_that_its_service_deletes_stays_until_the_second_look(store, vault):
    case_id = settled_case(store, vault)
    with store.write() as conn:
        items.change(conn, 1, gone=store.clock())
    taken(store, case_id)
    looked(store, vault, case_id, REMOVE)
    with store.read() as conn:
        assert items.hosted(conn, 1) is None


def test_leads_are_shown_what_came_out_differently_but_not_of_their_own_cases(store, vault):
    alike = settled_case(store, vault)
    taken(store, alike)
    looked(store, vault, alike, REMOVE)
    rules(store, sample_percent=100)
    with store.write() as conn:
        other = opened(conn, 2, sha256=b"o" * 32)
    decided(store, vault, other, REMOVE, people=(LEA, ADA))
    taken(store, other)
    looked(store, vault, other, NO)
    other_lead = person("max", Role.LEAD)
    with store.read() as conn:
        assert [one.sample.case_id for one in looks.differing(conn, other_lead, at=store.clock())] == [other]
        assert looks.differing(conn, LEA, at=store.clock()) == ()
        with pytest.raises(NotPermittedError):
            looks.differing(conn, RUI, at=store.clock())
        later = store.clock() + timedelta(days=40)
        assert looks.differing(conn, other_lead, at=later) == ()


@ON_ONE
def test_the_ledger_knows_of_a_second_look_but_not_of_which_case(store, vault):
    case_id = settled_case(store, vault)
    taken(store, case_id)
    looked(store, vault, case_id, NO, rationale="a drawing")
    with store.read() as conn:
        bodies = conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id")).scalars().all()
        about = conn.execute(
            text("SELECT count(*) FROM ledger_salts WHERE subject LIKE 'case:%' AND leaf_id IN (SELECT id FROM "
                 "ledger_leaves WHERE body LIKE '%\"sample.%')")
        ).scalar_one()  # fmt: skip
    own = [one for one in bodies if '"action":"sample.' in one]
    assert len(own) == 3
    assert about == 0
    assert not [one for one in own if "a drawing" in one or "no_violation" in one]
