"""Notices on the console: the queue, one of them whole, letters, who sent it, and the file."""

import io
import json
import zipfile

import pytest

from deployment import deployment, text_of
from noticing import REGIMES, form, hashes
from rempart.clock import iso
from rempart.evidence.ledger.lookup import about
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.proof import check_proof
from rempart.intake.notices.submit import submit
from rempart.intake.notices.values import Answer
from rempart.people.permissions import Role as Duty
from rempart.server.ledgers import open_sequencer
from rempart.server.noticing import writer_of


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("console")) as made:
        yield made


def take(house, told=None):
    service = house.runtime.service
    with house.store.write() as conn:
        return submit(
            conn, told or form(), service="forum", regimes=REGIMES,
            writer=writer_of(service.settings, service.vault.keyring), at=house.clock(),
        )  # fmt: skip


def lea(house, **more):
    return house.browser("lea", Duty.LEAD, **more)


def test_the_one_that_is_due_first_stands_on_top_with_its_time_limit(house):
    first, second = take(house, form("https://forum.example/1")), take(house, form("https://forum.example/2"))
    page = text_of(house.browser("rita").get("/notices").text)
    assert page.index(first.number) < page.index(second.number)
    assert "0 of 1 decided" in page
    assert "the person in the picture" in page


def test_a_notice_shows_what_each_law_asks_and_no_name(house):
    told = take(house, form("https://forum.example/3", contact="", signals=hashes()))
    text = text_of(house.browser("rita").get(f"/notices/{told.notice}").text)
    assert "United States: TAKE IT DOWN Act" in text
    assert "asked, missing" in text
    assert "It shows me on my balcony." in text
    assert "Ada Byron" not in text
    french = text_of(house.browser("rose", language="fr").get(f"/notices/{told.notice}").text)
    assert "demandé, manquant" in french


def test_who_sent_it_is_shown_to_a_lead_for_a_purpose_that_is_written_down(house):
    told = take(house, form("https://forum.example/4"))
    address = f"/notices/{told.notice}/sender"
    assert house.browser("rita").post(address, data={"purpose": "to ask"}).status_code == 403
    refused = lea(house).post(address, data={"purpose": " "})
    assert refused.status_code == 422
    assert "Ada Byron" not in refused.text
    shown = lea(house).post(address, data={"purpose": "The court asks."})
    assert shown.status_code == 200
    assert "Ada Byron" in shown.text
    assert "ada@mail.example" in shown.text
    with house.store.read() as conn:
        actions = [one.action for one in about(conn, f"notice:{told.notice}")]
    assert actions.count("notifier.read") == 1


def test_a_child_notice_says_so_and_asks_for_nothing(house):
    told = take(house, form("https://forum.example/5", minor=Answer.UNSURE))
    text = text_of(house.browser("rita").get(f"/notices/{told.notice}").text)
    assert "under 18 or unsure" in text
    assert "No name or contact is kept." in text
    assert "balcony" not in text


def test_letters_are_read_as_written_and_previewed_without_being_written(house):
    told = take(house, form("https://forum.example/6"))
    page = house.browser("rita")
    listed = page.get(f"/notices/{told.notice}").text
    assert "Acknowledgement" in listed
    preview = text_of(page.get(f"/notices/{told.notice}/letters/kept").text)
    assert "This is a preview" in preview
    assert "You can turn to a certified body" in preview
    assert page.get(f"/notices/{told.notice}/letters/nothing").status_code == 404
    with house.store.read() as conn:
        assert [one.action for one in about(conn, f"notice:{told.notice}")].count("letter.written") == 1


def test_a_notice_whose_case_is_kept_from_somebody_is_not_there_for_them(house):
    told = take(house, form("https://forum.example/7", insider=True))
    for path in ("", "/letters/acknowledgement"):
        assert house.browser("rita").get(f"/notices/{told.notice}{path}").status_code == 404
    assert told.number not in house.browser("rita").get("/notices").text
    for path in ("unfounded", "track"):
        assert house.browser("rita").post(f"/notices/{told.notice}/{path}").status_code == 404
    assert "somebody on the team" in text_of(lea(house).get(f"/notices/{told.notice}").text)


def test_a_reviewer_moves_a_notice_to_the_childrens_track(house):
    told = take(house, form("https://forum.example/8", signals=hashes()))
    page = house.browser("rita")
    done = page.post(f"/notices/{told.notice}/track")
    assert done.headers["location"] == f"/notices/{told.notice}?done=notice_switched"
    text = text_of(page.get(done.headers["location"]).text)
    assert "The notice is on the track for people under 18 now." in text
    assert "that look for copies: 0" in text


def test_a_lead_takes_a_notice_back_only_when_sure(house):
    told = take(house, form("https://forum.example/9"))
    assert lea(house).post(f"/notices/{told.notice}/take-back").status_code == 422
    done = lea(house).post(f"/notices/{told.notice}/take-back", data={"sure": "yes"})
    assert done.status_code == 303
    assert told.number in lea(house).get("/notices?state=withdrawn").text
    assert house.browser("rita").post(f"/notices/{told.notice}/take-back", data={"sure": "yes"}).status_code == 403


def test_the_file_proves_each_step_and_names_nobody(house):
    told = take(house, form("https://forum.example/10"))
    open_sequencer(house.runtime.service.settings, house.store).checkpoint()
    assert house.browser("rita").post(f"/notices/{told.notice}/file").status_code == 403
    given = lea(house).post(f"/notices/{told.notice}/file")
    assert given.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(given.content))
    assert archive.testzip() is None
    everything = b"".join(archive.read(name) for name in archive.namelist())
    for secret in ("Ada Byron", "ada@mail.example", "balcony"):
        assert secret.encode() not in everything
    said = json.loads(archive.read("notice.json"))
    assert said["number"] == told.number
    assert [one["address"] for one in said["places"]] == ["https://forum.example/10"]
    assert said["clocks"][0]["due"] == iso(told.due)
    key = VerifierKey.parse(archive.read("key.txt").decode().strip())
    proven = [check_proof(archive.read(one["proof"]), keys=[key]) for one in said["steps"] if one["proof"]]
    assert {"notice.received", "letter.written"} <= {one.body["action"] for one in proven}
    assert {one.opened["subject"] for one in proven if one.body["action"] == "notice.received"} == {
        f"notice:{told.notice}"
    }


def test_the_file_names_the_sender_for_a_purpose(house):
    told = take(house, form("https://forum.example/11"))
    given = lea(house).post(f"/notices/{told.notice}/file", data={"purpose": "The court asks."})
    archive = zipfile.ZipFile(io.BytesIO(given.content))
    assert json.loads(archive.read("notice.json"))["sender"]["name"] == "Ada Byron"
    assert "Ada Byron" in archive.read("index.html").decode()


def test_a_case_leads_to_its_notice(house):
    told = take(house, form("https://forum.example/12"))
    page = house.browser("rita")
    notice = page.get(f"/notices/{told.notice}").text
    case_id = notice.split('href="/cases/')[1].split('"')[0]
    assert told.number in page.get(f"/cases/{case_id}").text
