"""Decided cases with a waiting report task, and reports in any state, on the store of a test."""

from hashlib import md5, sha256

from actors import service
from desks import opened
from hosting import host
from judging import ADA, REMOVE, REPORT, RUI, answered, settled
from rempart.cases.assessing.tasks import waiting_of
from rempart.cases.records import cases
from rempart.items.records import items
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.records import files, reports
from rempart.reports.cybertip.values import Environment, FileState, ReportState
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


def decided_to_report(store, vault, case_id, *, people=(RUI, ADA), decisions=(REMOVE, REPORT), **more):
    """Two people decide to report; gives the task that waits, and its case is decided."""
    for who in people:
        answered(store, case_id, *decisions, by=who, **more)
        settled(store, vault)
    with store.read() as conn:
        task = waiting_of(conn, case_id, REPORT)
    assert task is not None, "the case was not decided"
    return task


def reported(store, vault, number=1, *, people=(RUI, ADA), case=None, **item):
    """A case that two people decided to report; gives its waiting task."""
    return decided_to_report(store, vault, to_report(store, vault, number, **item), people=people, **(case or {}))


def a_report(store, vault, task, *, state=ReportState.CONFIRMED, document=None, contents=(PICTURE,), **values):
    """A report written straight into the database, with files that are in the vault; gives its row."""
    at, report_id = store.clock(), new_id("report")
    keyring = vault.keyring
    row = {
        "id": report_id, "case_id": task.case_id, "task_id": task.id, "part": 0, "service": "forum",
        "person": sealing.person_of("forum", "kite_0", keyring=keyring), "state": state,
        "environment": Environment.REHEARSAL, "created": at, "changed": at, "version": 1,
        "frozen": sealing.seal({"account": {"service": "forum", "uploader": "kite_0"}}, name=sealing.FROZEN,
                               of=report_id, keyring=keyring),
        "sealed": sealing.seal(document or {}, name=sealing.DOCUMENT, of=report_id, keyring=keyring),
        "digest": None, "asked_by": RUI.id, "asked_at": at, "confirmed_by": ADA.id, "confirmed_at": at,
        "single": False, "danger": False, "number": None, "filed_at": None, "tries": 0, "next_try": None, "why": None,
        "run": 0, "keep_until": None, "forgotten": None,
    } | values  # fmt: skip
    objects = [put_in(vault, one, basis="case_task", reference=task.id) for one in contents]
    with store.write() as conn:
        reports.add(conn, reports.ReportRow(**row))
        for place, (content, object_id) in enumerate(zip(contents, objects, strict=True)):
            file = files.FileRow(
                id=new_id("rfile"), report=report_id, item=1 + place, object=object_id, place=place,
                md5=md5(content, usedforsecurity=False).digest(), sha256=sha256(content).digest(), size=len(content),
                viewed=True, exif_viewed=False, details=None, state=FileState.WAITING, remote=None, why=None,
            )  # fmt: skip
            files.add(conn, file)
        return reports.find(conn, report_id)
