"""A deployment that has notices in every state and statements of reasons, for the pages that show them."""

from datetime import timedelta
from types import SimpleNamespace

from desks import join_team
from judging import ADA, LEA, NO, REMOVE, RUI
from noticing import NoticeDesk, form, hashes
from reasoning import case_of, checked, follow, maker, match
from rempart.intake.notices import complaints
from rempart.intake.notices.records import findings
from rempart.intake.notices.records.findings import FindingRow
from rempart.intake.notices.values import Answer, Location
from rempart.reports.reasons import delays, statements
from rempart.reports.reasons.records import statements as rows_of
from rempart.reports.reasons.values import Cause, State
from rempart.server.noticing import writer_of
from rempart.store.counters import locked_number

PLACE = "https://forum.example/photos"


def desk_in(house):
    """People who take notices and decide about them, in a deployment that runs."""
    service = house.runtime.service
    found = NoticeDesk.__new__(NoticeDesk)
    found.store, found.vault, found.clock = house.store, service.vault, house.clock
    found.writer = writer_of(service.settings, service.vault.keyring)
    return found


def team(house):
    """Those who decide, once for each deployment."""
    with house.store.write() as conn:
        join_team(conn, RUI, ADA, LEA)


def every_notice(house):
    """Notices in every state, by what they are: as `submit` gave them, so with number and secret."""
    desk = desk_in(house)
    note = Location(url=f"{PLACE}/1?size=large", note="The third picture, below the fence.")
    told = SimpleNamespace(
        adult=desk.take(form(locations=(note, Location(url=f"{PLACE}/2")), contact="", signals=hashes())),
        child=desk.take(form(f"{PLACE}/3", minor=Answer.UNSURE)),
        insider=desk.take(form(f"{PLACE}/4", insider=True)),
        decided=desk.take(form(f"{PLACE}/5", language="fr", signals=hashes())),
        complaint=desk.take(form(f"{PLACE}/6")),
    )
    desk.decide(told.decided, REMOVE, people=(RUI,))
    desk.confirm(told.decided)
    desk.decide(told.complaint, NO, people=(RUI,))
    with house.store.write() as conn:
        complaints.complain(conn, told.complaint.notice, "It <b>is</b> me.", writer=desk.writer, at=desk.clock())
        place = desk.places(told.decided)[0]
        for number, kind, distance in ((90_001, "identical", None), (90_002, "similar", 12), (90_003, "similar", 21)):
            row = FindingRow(
                notice=told.decided.notice, item=number, location=place.id, kind=kind, case_id=place.case_id,
                distance=distance, by=RUI.pseudonym, at=desk.clock(),
            )  # fmt: skip
            findings.add(conn, row)
    return told


def every_statement(house, first=800):
    """A statement that is out, one that waits as settings say, and one that a lead keeps back: their ids by these."""
    at = house.clock()
    with house.store.write() as conn:
        checked(conn, first, "block", at=at, matches=[match("own", "x")], uploader="kite_77")
        checked(conn, first + 1, "hold", at=at, uploader="gull_12", context={"language": "fr"})
        case_id = case_of(conn, first + 1, at=at)
        until = at + timedelta(days=5)
        delays.delay(conn, LEA, cause=Cause.POLICE_REQUEST, until=until, why="reference 17", at=at, case_id=case_id)
    follow(house.store)
    with house.store.write() as conn:
        locked_number(conn, rows_of.COUNTER)
        checked(conn, first + 2, "hold", at=house.clock())
        maker(wait=timedelta(days=1)).of_item(conn, first + 2, since=at, at=house.clock())
    with house.store.read() as conn:
        rows = {one.item_id: one.reason for one in statements.listed(conn, LEA, most=100).rows}
    names = ("out", "kept", "waiting")
    found = {name: rows[f"photo-{first + number}"] for number, name in enumerate(names)}
    assert [found[name].state for name in names] == [State.OUT, State.WAITING, State.WAITING]
    return SimpleNamespace(**{name: row.id for name, row in found.items()})
