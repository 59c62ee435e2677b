"""Decided cases with a waiting report task, and reports in any state, on the store of a test."""

from hashlib import md5, sha256

from actors import NOON, service
from desks import opened
from hosting import host
from judging import ADA, REMOVE, REPORT, RUI, answered, settled
from rempart.cases.assessing.settling import nothing_asked
from rempart.cases.assessing.tasks import waiting_of
from rempart.cases.records import assessments, cases, outcomes, tasks
from rempart.items.records import items
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.document.records import (
    CyberTip,
    Email,
    FileDetails,
    IncidentSummary,
    IncidentType,
    Person,
    PersonReported,
    Report,
    Reporter,
)
from rempart.reports.cybertip.drafting.composing import Held, House
from rempart.reports.cybertip.drafting.facts import Frozen, FrozenAccount
from rempart.reports.cybertip.drafting.holding import Draft, digest_of, seal_draft, seal_frozen, seal_tip
from rempart.reports.cybertip.drafting.making import Maker
from rempart.reports.cybertip.records import files, reports
from rempart.reports.cybertip.values import EDITABLE, Environment, FileState, ReportState
from rempart.store.ids import new_id
from vaults import put_in

PICTURE = b"the bytes of an ordinary picture"
ACCOUNT = {"uploader": "kite_0", "url": "https://forum.example/p/1", "published": True}
FORUM = service("forum")


def to_report(store, vault, number=1, *, content=PICTURE, also=(), **item):
    """An open case about a sealed picture; gives its id. `also` are more items of the same bytes, by number."""
    digest, at = sha256(content).digest(), store.clock()
    with store.write() as conn:
        case_id = opened(conn, number, sha256=digest, at=at)
    object_id = put_in(vault, content, item=f"item:{number}", reference=case_id)
    values = ACCOUNT | {"object": object_id, "size": len(content), "checked": at, "created": at} | item
    with store.write() as conn:
        items.change(conn, number, **values)
        for other, more in dict(also).items():
            host(conn, other, sha256=digest, **(values | more))
            cases.add_item(conn, case_id=case_id, item=other, service=more.get("service", "forum"), added=at)
    return case_id


HOUSE = House(
    reporter=Reporter(person=Person(first_name="Kim", last_name="Field", emails=(Email(value="trust@forum.example"),))),
    esp_service="A small forum",
)  # fmt: skip


def maker(vault, **more):
    """What makes drafts."""
    return Maker(**({"house": HOUSE, "keyring": vault.keyring} | more))


def decided_to_report(
    store, vault, case_id, *, people=(RUI, ADA), decisions=(REMOVE, REPORT), asked=nothing_asked, **more
):
    """Two people decide to report; gives the task that waits, and its case is decided. `asked` as for `settler`."""
    for who in people:
        answered(store, case_id, *decisions, by=who, **more)
        settled(store, vault, asked=asked)
    with store.read() as conn:
        task = waiting_of(conn, case_id, REPORT)
    assert task is not None, "the case was not decided"
    return task


def reported(store, vault, number=1, *, people=(RUI, ADA), case=None, **item):
    """A case that two people decided to report; gives its waiting task."""
    return decided_to_report(store, vault, to_report(store, vault, number, **item), people=people, **(case or {}))


def drafted(store, vault, number=1, *, made=None, case=None, **item):
    """The drafts of a case that two people decided to report, as they are made by themselves."""
    case = {"asked": (made or maker(vault)).of_outcome} | (case or {})
    task = decided_to_report(store, vault, to_report(store, vault, number, **item), **case)
    with store.read() as conn:
        return reports.of_task(conn, task.id)


def quickly_drafted(store, vault, number=1, *, made=None, people=(RUI, ADA), **item):
    """The same, as if two people had decided it: their answers are written down, and nothing is settled."""
    at, case_id = store.clock(), to_report(store, vault, number, **item)
    with store.write() as conn:
        for who in people:
            assessment, outcome = new_id("assessment"), new_id("outcome")
            answer = {
                "id": assessment, "case_id": case_id, "round": 1, "person": who.id, "pseudonym": who.pseudonym,
                "at": at, "decisions": ("remove", "report"), "scheme": "uk-abc", "code": "B", "image_kind": None,
                "origin": (), "confidence": "sure", "list_id": None, "accounts": (), "rationale": "", "state": "valid",
                "blind": True, "proved": False, "session": None, "alone": (), "seconds": None,
            }  # fmt: skip
            assessments.add(conn, assessments.AssessmentRow(**answer))
        outcomes.add(conn, outcomes.OutcomeRow(
            id=outcome, case_id=case_id, round=1, assessment=assessment, kind="final", decisions=("remove", "report"),
            by=tuple(one.pseudonym for one in people), single=False, at=at, settles_at=at, stage_before="second",
            stage_after="settling", confirms=False, state="settled", settled=at,
        ))  # fmt: skip
        task = tasks.TaskRow(
            id=new_id("task"), case_id=case_id, round=1, outcome=outcome, kind="report", state="waiting", facts={},
            created=at, settled=None, why=None,
        )  # fmt: skip
        tasks.add(conn, task)
        cases.change(conn, case_id, state="decided", decision="remove", decided=at, stage="settling", cluster=None)
        (made or maker(vault)).of_task(conn, cases.find(conn, case_id), task, at=at)
        return reports.of_task(conn, task.id)


def a_tip(*, contents=(PICTURE,), refs=None):
    """A document that nothing is wrong with, with as many files as there are contents."""
    summary = IncidentSummary(type=IncidentType.IMAGES, at=NOON)
    person = PersonReported(esp_identifier="kite_0", esp_service="A small forum")
    names = refs or [new_id("rfile") for _ in contents]
    described = tuple(FileDetails(ref=one, viewed=True) for one in names)
    return CyberTip(report=Report(incident=summary, reporter=HOUSE.reporter, persons=(person,)), files=described)


def a_report(store, vault, task, *, state=ReportState.CONFIRMED, document=None, contents=(PICTURE,), **values):
    """A report that two people agreed to, written straight into the database, with files that are in the vault; gives
    its row. `document` is a CyberTip with as many files as `contents`."""
    at, report_id = store.clock(), new_id("report")
    keyring, tip = vault.keyring, document or a_tip(contents=contents)
    frozen = Frozen(at=at, case_kind="match", account=FrozenAccount(service="forum", uploader="kite_0"))
    held = {
        one.ref: Held(item=1 + place, object="", size=len(content), sha256=None, md5=None)
        for place, (one, content) in enumerate(zip(tip.files, contents, strict=True))
    }
    draft = Draft(tip=tip, auto=tip, held=held, asked=tip)
    row = {
        "id": report_id, "case_id": task.case_id, "task_id": task.id, "part": 0, "service": "forum",
        "person": sealing.person_of("forum", "kite_0", keyring=keyring), "state": state,
        "environment": Environment.REHEARSAL, "created": at, "changed": at, "version": 1,
        "frozen": seal_frozen(frozen, report=report_id, keyring=keyring),
        "sealed": seal_draft(draft, report=report_id, keyring=keyring)
        if state in EDITABLE
        else seal_tip(tip, report=report_id, keyring=keyring), "digest": digest_of(tip),
        "asked_by": RUI.id, "asked_at": at, "confirmed_by": ADA.id, "confirmed_at": at,
        "single": False, "danger": False, "number": None, "filed_at": None, "tries": 0, "next_try": None, "why": None,
        "run": 0, "keep_until": None, "forgotten": None,
    } | values  # fmt: skip
    objects = [put_in(vault, one, basis="case_task", reference=task.id) for one in contents]
    with store.write() as conn:
        reports.add(conn, reports.ReportRow(**row))
        for place, (content, object_id) in enumerate(zip(contents, objects, strict=True)):
            file = files.FileRow(
                id=tip.files[place].ref, report=report_id, item=1 + place, object=object_id, place=place,
                md5=md5(content, usedforsecurity=False).digest(), sha256=sha256(content).digest(), size=len(content),
                viewed=True, exif_viewed=False, details=None, state=FileState.WAITING, remote=None, why=None,
            )  # fmt: skip
            files.add(conn, file)
        return reports.find(conn, report_id)
