"""One report on the console: what is known, filling it in step by step, asking, confirming, and who may."""

import re

import pytest

from deployment import deployment, text_of
from judging import RUI
from outboxes import a_draft, team, to_be_reported
from rempart.cases.records.grants import case_grants
from rempart.cases.work import moves
from rempart.people.permissions import Role, Scope
from rempart.people.principal import Principal
from rempart.people.records import approvals
from rempart.provenance.carried import packed
from rempart.provenance.origin.values import Credentials, CredentialState, Declaration, Origin
from rempart.reports.cybertip.document.records import Chat, FileAnnotation, IncidentType
from rempart.reports.cybertip.drafting.holding import draft_of
from rempart.reports.cybertip.drafting.supplying import supply
from rempart.reports.cybertip.records import files, filings, reports
from rempart.reports.cybertip.records.filings import Filing
from rempart.reports.cybertip.values import ReportState
from rempart.server.drafting import house_of
from rempart.store.ids import new_id
from reporting import a_report


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("reports")) as found:
        team(found)
        yield found


def row_of(house, report):
    with house.store.read() as conn:
        return reports.find(conn, report)


def tip_of(house, report):
    return draft_of(row_of(house, report), keyring=house.runtime.service.vault.keyring).tip


def form_in(page):
    """What a browser would send of the form of a step, as it stands there."""
    main = page.text.partition('class="fill"')[2].partition("</form>")[0]
    found = {}
    for tag, attributes, inner in re.findall(r"<(input|textarea|select)([^>]*)>(?:(.*?)</\1>)?", main, re.S):
        name = re.search(r'name="([^"]*)"', attributes)
        if not name:
            continue
        value = re.search(r'value="([^"]*)"', attributes)
        if tag == "textarea":
            found[name[1]] = inner.removeprefix("\n")
        elif tag == "select":
            chosen = re.search(r'<option value="([^"]*)" selected', inner)
            found[name[1]] = chosen[1] if chosen else ""
        elif "checkbox" not in attributes or " checked" in attributes:
            found[name[1]] = value[1] if value else ""
    return found


def fill(house, browser, report, step="incident", **typed):
    """Send the form of a step as it stands, with changes; gives the answer."""
    page = browser.get(f"/reports/{report}/steps/{step}")
    assert page.status_code == 200, text_of(page.text)
    return browser.post(f"/reports/{report}/steps/{step}", data=form_in(page) | typed)


def complete(house, browser, report):
    return fill(house, browser, report, **{"report.incident.type": IncidentType.IMAGES.value, "then": "report"})


def asked(house, browser, report):
    complete(house, browser, report)
    answer = browser.post(f"/reports/{report}/ask", data={"version": row_of(house, report).version})
    assert answer.headers["location"] == f"/reports/{report}?done=asked", text_of(answer.text)
    return row_of(house, report).digest.hex()


def test_a_draft_is_filled_in_asked_confirmed_and_begun(house):
    report = a_draft(house, 1)
    rita, ruth, here = house.browser("rita"), house.browser("ruth"), f"/reports/{report}"
    page = text_of(rita.get(here).text)
    for said in ("What keeps it from being asked", "Kind of incident", "How complete it is", "kite_0", "Rehearsal."):
        assert said in page
    saved = fill(house, rita, report, **{"report.incident.type": IncidentType.IMAGES.value, "then": "internet"})
    assert saved.headers["location"] == f"{here}/steps/internet?done=saved"
    assert "What keeps it from being asked" not in rita.get(here).text
    assert rita.post(f"{here}/ask", data={"version": row_of(house, report).version}).status_code == 303
    assert row_of(house, report).state is ReportState.ASKED
    preview = rita.get(f"{here}/preview").text
    assert IncidentType.IMAGES.value in preview
    assert "&lt;incidentType&gt;" in preview
    digest = row_of(house, report).digest.hex()
    assert digest in preview
    assert f'action="{here}/decide"' not in rita.get(here).text, "who asked is not asked to confirm"
    assert f'action="{here}/decide"' in ruth.get(here).text
    yes = {"digest": digest, "answer": "approve", "reason": "read it"}
    own = rita.post(f"{here}/decide", data=yes)
    assert own.status_code == 422
    assert "Who asked cannot approve" in text_of(own.text)
    assert ruth.post(f"{here}/decide", data=yes).headers["location"] == f"{here}?done=decided"
    row = row_of(house, report)
    assert row.state not in (ReportState.ASKED, ReportState.DRAFT)
    assert row.confirmed_by == house.people["ruth"].id
    assert "Confirmed" in text_of(ruth.get(here).text)


def test_what_was_frozen_supplied_and_logged_stands_on_the_page(house):
    report = a_draft(house, 2, context={"account.email": "kite@mail.example", "upload.odd": "x"})
    service = house.runtime.service
    key = Principal(kind="service", id="key_1", pseudonym="k-forum", service="forum", scopes=frozenset({Scope.REPORTS}))
    with house.store.write() as conn:
        told = {"person": {"screen_name": "kite <77>", "ip_events": [{"address": "192.0.2.1"}]}}
        supply(conn, report, told, by=key, at=house.clock(), keyring=service.vault.keyring,
               house=house_of(service.settings))  # fmt: skip
        row = reports.find(conn, report)
        object_id = files.of_report(conn, report)[0].object
        conn.execute(case_grants.insert(), grant(row.case_id, object_id, RUI, house.clock()))
    page = house.browser("rita").get(f"/reports/{report}")
    words = text_of(page.text)
    for said in ("kite@mail.example", "upload.odd", "k-forum", "ip_events[1].address", "192.0.2.1", "uk-abc:B",
                 "All of it was viewed", "p-rui"):  # fmt: skip
        assert said in words, said
    assert "kite &lt;77&gt;" in page.text
    assert "viewed all of the file" in text_of(house.browser("rita").get(f"/reports/{report}/preview").text)
    assert tip_of(house, report).files[0].viewed is None


def grant(case_id, object_id, who, at):
    return {
        "id": new_id("grant"), "case_id": case_id, "item": 2, "object": object_id, "person": who.id, "step": "original",
        "purpose": "assess", "session": "session_1", "at": at, "until": at, "served": at, "covered": None,
        "seconds": 30, "outcome": None, "whole": True,
    }  # fmt: skip


def test_two_who_edit_at_once_lose_nothing_without_being_told(house):
    report = a_draft(house, 3)
    rita, ruth = house.browser("rita"), house.browser("ruth")
    page = ruth.get(f"/reports/{report}/steps/person")
    fill(house, rita, report, "person", **{"report.persons[1].screen_name": "kite"})
    late = ruth.post(f"/reports/{report}/steps/person",
                     data=form_in(page) | {"report.persons[1].screen_name": "gull <x>"})  # fmt: skip
    assert late.status_code == 409
    assert "Somebody changed this draft meanwhile." in text_of(late.text)
    assert 'value="gull &lt;x&gt;"' in late.text
    assert tip_of(house, report).report.persons[0].screen_name == "kite"


def test_what_cannot_be_read_comes_back_marked_and_nothing_is_saved(house):
    report = a_draft(house, 4)
    before = row_of(house, report).version
    answer = fill(house, house.browser("rita"), report, "person", **{
        "report.persons[1].person.born": "in spring", "report.persons[1].screen_name": "kite",
    })  # fmt: skip
    assert answer.status_code == 422
    assert 'value="in spring"' in answer.text
    assert 'value="kite"' in answer.text
    assert re.search(r'id="f-report-persons-1-person-born"[^>]*aria-invalid="true"', answer.text)
    assert "This is no date." in text_of(answer.text)
    assert row_of(house, report).version == before
    french = fill(house, house.browser("rene", language="fr"), report, "person", **{
        "report.persons[1].person.age": "x",
    })  # fmt: skip
    assert "Ce n’est pas un nombre entier." in text_of(french.text)


def test_one_more_of_something_is_added_after_what_is_there_was_saved(house):
    report = a_draft(house, 5)
    rita = house.browser("rita")
    answer = fill(house, rita, report, "internet", **{"add": "report.internet", "report.internet.add_kind": "chat"})
    assert answer.headers["location"].startswith(f"/reports/{report}/steps/internet?add=report.internet&kind=chat#")
    page = rita.get(answer.headers["location"])
    saved = rita.post(
        f"/reports/{report}/steps/internet", data=form_in(page) | {"report.internet[2].client": "Chatter"}
    )
    assert saved.status_code == 303
    assert tip_of(house, report).report.internet[1] == Chat(client="Chatter")


def test_only_a_person_says_that_a_file_was_made_by_a_machine_and_the_evidence_stands_beside(house):
    report = a_draft(house, 6)
    rita = house.browser("rita")
    page = rita.get(f"/reports/{report}/steps/file-1")
    assert page.text.index("What is known of how it was made") < page.text.index("believed to be made by generative AI")
    assert 'value="generativeAi" checked' not in page.text
    assert "files[1].viewed" not in page.text
    fill(house, rita, report, "file-1", **{"files[1].annotations": "generativeAi"})
    assert FileAnnotation.GENERATIVE_AI in tip_of(house, report).files[0].annotations
    forged = fill(house, rita, report, "file-1", **{"files[1].viewed": "yes", "files[1].classification": "A1"})
    assert forged.status_code in (303, 422)
    assert tip_of(house, report).files[0].classification is None
    assert tip_of(house, report).files[0].viewed is None


def test_what_the_file_says_of_its_making_stands_beside_what_people_say_and_ticks_nothing(house):
    origin = Origin(
        declaration=Declaration.AI_MADE, generator="ComfyUI",
        credentials=Credentials(present=True, state=CredentialState.VALID, signer="Somebody"),
    )  # fmt: skip
    report = a_draft(house, 61, origin=packed(origin))
    page = house.browser("rita").get(f"/reports/{report}/steps/file-1")
    told = text_of(page.text)
    assert "The file says: AI-made ComfyUI" in told
    assert "their signer is unknown" in told
    assert 'value="generativeAi" checked' not in page.text
    assert tip_of(house, report).files[0].annotations == tip_of(house, a_draft(house, 62)).files[0].annotations


def test_files_are_left_out_or_replaced_by_their_digests(house):
    report = a_draft(house, 7)
    rita, here = house.browser("rita"), f"/reports/{report}"
    version = {"version": row_of(house, report).version}
    assert rita.post(f"{here}/hashes", data=version | {"hashes_alone": "yes"}).status_code == 303
    assert "The files themselves are not sent" in rita.get(f"{here}/preview").text
    version = {"version": row_of(house, report).version}
    assert rita.post(f"{here}/hashes", data=version | {"hashes_alone": "no"}).status_code == 303
    version = {"version": row_of(house, report).version}
    assert rita.post(f"{here}/files/1/leave-out", data=version).headers["location"] == f"{here}?done=left_out"
    assert tip_of(house, report).files == ()
    for number in ("1", "x", "-1", "1000"):
        assert rita.post(f"{here}/files/{number}/leave-out", data=version).status_code == 404


def test_an_edit_takes_the_question_back_and_an_old_digest_confirms_nothing(house):
    report = a_draft(house, 8)
    rita, ruth, here = house.browser("rita"), house.browser("ruth"), f"/reports/{report}"
    digest = asked(house, rita, report)
    assert "Saving a change takes the question back" in rita.get(f"{here}/steps/incident").text
    fill(house, rita, report, **{"report.additional_info": "more"})
    assert row_of(house, report).state is ReportState.DRAFT
    yes = {"digest": digest, "answer": "approve", "reason": "read it"}
    assert ruth.post(f"{here}/decide", data=yes).status_code == 409
    asked(house, rita, report)
    assert ruth.post(f"{here}/decide", data=yes).status_code == 409
    for wrong in ({"digest": "zz"}, {"answer": "maybe"}, {"reason": " "}):
        fresh = yes | {"digest": row_of(house, report).digest.hex()} | wrong
        assert ruth.post(f"{here}/decide", data=fresh).status_code == 422, wrong
    no = {"digest": row_of(house, report).digest.hex(), "answer": "refuse", "reason": "The account is another."}
    assert ruth.post(f"{here}/decide", data=no).status_code == 303
    assert row_of(house, report).state is ReportState.DRAFT


def test_a_question_is_taken_back_by_who_asked(house):
    report = a_draft(house, 9)
    rita = house.browser("rita")
    asked(house, rita, report)
    assert rita.post(f"/reports/{report}/withdraw").headers["location"] == f"/reports/{report}?done=withdrawn"
    assert row_of(house, report).state is ReportState.DRAFT
    assert rita.post(f"/reports/{report}/withdraw").status_code == 409


def test_it_is_confirmed_from_the_page_of_approvals_and_hidden_there_from_whoever_is_kept_from_the_case(house):
    report = a_draft(house, 10)
    rita, ruth, bea = (house.browser(name) for name in ("rita", "ruth", "bea"))
    asked(house, rita, report)
    place = approval_about(house, report)
    for browser in (ruth, bea):
        assert place in browser.get("/approvals").text
        assert f"/reports/{report}/preview" in browser.get(f"/approvals/{place}").text
    person = house.people["bea"]
    with house.store.write() as conn:
        moves.keep_from(conn, row_of(house, report).case_id, {person.id: person.pseudonym}, at=house.clock())
    assert place not in bea.get("/approvals").text
    assert place not in bea.get("/").text
    assert bea.get(f"/approvals/{place}").status_code == 422
    yes = {"answer": "approve", "reason": "read it"}
    assert bea.post(f"/approvals/{place}", data=yes).status_code == 422
    done = ruth.post(f"/approvals/{place}", data=yes)
    assert done.status_code == 303, text_of(done.text)
    assert done.headers["location"] == "/approvals?done=approved"
    assert row_of(house, report).confirmed_by == house.people["ruth"].id


def approval_about(house, report):
    with house.store.read() as conn:
        return approvals.open_about(conn, kind="report", subject=f"report:{report}")[0].id


def test_in_danger_one_person_confirms_alone_with_a_reason_and_it_is_marked(house):
    report = a_draft(house, 11)
    with house.store.write() as conn:
        reports.change(conn, report, danger=True)
    rita, here = house.browser("rita"), f"/reports/{report}"
    digest = asked(house, rita, report)
    assert "Confirm alone" in rita.get(here).text
    assert "Confirm alone" not in house.browser("ruth").get(here).text
    assert f"/sign-in/again?then={here}" in house.browser("rita", old=True).get(here).text
    data = {"digest": digest, "reason": ""}
    assert rita.post(f"{here}/alone", data=data).status_code == 422
    assert rita.post(f"{here}/alone", data=data | {"reason": "The child is there now."}).status_code == 303
    assert row_of(house, report).single
    assert "One person alone confirmed this report" in house.browser("ruth").get(here).text


@pytest.mark.parametrize("step", ["decide", "alone", "stop", "resolve", "file"])
def test_grave_steps_ask_who_one_is(house, step):
    page = house.browser("lena", Role.LEAD, old=True)
    answer = page.post("/reports/report_none/" + step, data={})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in/again?then=/reports/report_none")


def test_a_lead_says_what_became_of_a_report_that_nobody_can_tell_of(house):
    task = to_be_reported(house, 12)
    report = a_report(house.store, house.runtime.service.vault, task, state=ReportState.MANUAL, part=5, run=1).id
    with house.store.write() as conn:
        at = house.clock()
        filings.put(conn, Filing(report=report, environment="rehearsal", active=False, begun=at, job=None, odd=0,
                                 then=None, told_late=None, put_off=at))  # fmt: skip
    lead, rita, here = house.browser("lena", Role.LEAD), house.browser("rita"), f"/reports/{report}"
    assert "Say what became of it" in lead.get(here).text
    assert "Say what became of it" not in rita.get(here).text
    data = {"found": "filed", "number": "", "why": "Asked <them> on 3 May."}
    assert rita.post(f"{here}/resolve", data=data).status_code == 403
    wrong = lead.post(f"{here}/resolve", data=data)
    assert wrong.status_code == 422
    assert "Asked &lt;them&gt; on 3 May." in wrong.text
    assert lead.post(f"{here}/resolve", data=data | {"found": "x"}).status_code == 422
    assert lead.post(f"{here}/resolve", data=data | {"number": "4711"}).headers["location"] == f"{here}?done=resolved"
    row = row_of(house, report)
    assert (row.state, row.number) == (ReportState.FILED, "4711")
    assert lead.post(f"{here}/resolve", data=data | {"number": "4711"}).status_code == 409


def test_what_was_refused_becomes_a_draft_again(house):
    task = to_be_reported(house, 13)
    report = a_report(house.store, house.runtime.service.vault, task, state=ReportState.REJECTED, part=5).id
    rita = house.browser("rita")
    assert rita.post(f"/reports/{report}/reopen").headers["location"] == f"/reports/{report}?done=reopened"
    assert row_of(house, report).state is ReportState.DRAFT
    assert rita.get(f"/reports/{report}/steps/file-1").status_code == 200
    assert rita.post(f"/reports/{report}/reopen").status_code == 409


def test_a_step_of_what_is_no_draft_any_more_is_refused(house):
    task = to_be_reported(house, 14)
    report = a_report(house.store, house.runtime.service.vault, task, state=ReportState.FILED, part=5).id
    rita, here = house.browser("rita"), f"/reports/{report}"
    assert rita.get(f"{here}/steps/incident").status_code == 409
    assert rita.post(f"{here}/steps/incident", data={"version": "1"}).status_code == 409
    assert rita.post(f"{here}/ask", data={"version": "1"}).status_code == 409
    assert rita.get(f"{here}/steps/nonsense").status_code in (404, 409)
    assert rita.get(f"{here}/receipts/1").status_code == 404


def test_what_was_forgotten_still_stands_there_with_its_history(house):
    task = to_be_reported(house, 15)
    report = a_report(house.store, house.runtime.service.vault, task, state=ReportState.FILED, part=5).id
    with house.store.write() as conn:
        reports.change(conn, report, sealed=None, frozen=None, forgotten=house.clock())
    rita = house.browser("rita")
    assert "What it said was erased" in rita.get(f"/reports/{report}").text
    assert rita.get(f"/reports/{report}/preview").status_code == 404


@pytest.mark.parametrize("path", ["/reports/%00", "/reports/x%0Ay", "/reports/" + "x" * 300, "/reports/é/preview"])
def test_an_address_that_is_none_is_not_found(house, path):
    assert house.browser("rita").get(path).status_code == 404


@pytest.mark.parametrize("role", [Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_other_roles_see_none(house, role):
    page = house.browser(f"a-{role.value}", role)
    for path in ("", "/environment", "/report_1", "/report_1/preview", "/report_1/steps/incident"):
        assert page.get(f"/reports{path}").status_code == 403
