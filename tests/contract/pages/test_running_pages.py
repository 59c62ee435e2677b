"""The pages of webhooks, the policy and the ledger on a whole deployment, with bad input and what races with it."""

import json
import re

import pytest
from sqlalchemy import text

from deployment import deployment, rows_of, text_of
from pageserver import error_of
from rempart.cases import webhooks
from rempart.cases.events import Reason, publish
from rempart.clock import utc_now
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.proof import check_proof
from rempart.evidence.ledger.verify import verify
from rempart.items.records import items
from rempart.people.permissions import Role, Scope
from rempart.people.principal import SYSTEM
from rempart.policy import records as policies
from rempart.policy.facts import Verdict
from rempart.server.ledgers import open_sequencer
from serving import make_key

ADMIN, LEAD, AUDITOR = Role.ADMINISTRATOR, Role.LEAD, Role.AUDITOR


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("running")) as found:
        key = make_key(found.store, Scope.CHECK, Scope.SIGNALS)
        asked = {"item_id": "photo-1", "signals": {"md5": f"{1:032x}"}}
        headers = {"authorization": f"Bearer {key}", "cookie": ""}
        assert found.browser("nobody").post("/v1/check", json=asked, headers=headers).status_code == 200
        yield found


@pytest.fixture
def adam(house):
    return house.browser("adam", ADMIN)


@pytest.fixture
def lea(house):
    return house.browser("lea", LEAD)


def signed(house):
    """Everything so far in the tree, and the checkpoint over it."""
    return open_sequencer(house.runtime.service.settings, house.store).checkpoint()


def secret_of(page):
    return re.search(r'<code class="secret">([^<]+)</code>', page)[1]


def hook_of(house, url):
    with house.store.read() as conn:
        return conn.execute(text("SELECT id FROM webhook_endpoints WHERE url = :url"), {"url": url}).scalar_one()


def test_a_webhook_is_made_rotated_paused_replayed_and_deleted(house, adam):
    url = "https://example.org/first"
    made = adam.post("/webhooks", data={"service": "forum", "url": url})
    secret = secret_of(made.text)
    assert secret not in adam.get("/webhooks").text
    here = f"/webhooks/{hook_of(house, url)}"
    rotated = adam.post(here + "/rotate", data={"hours": "2"})
    assert secret_of(rotated.text) != secret
    assert adam.post(here + "/state", data={"state": "disabled"}).headers["location"].endswith("done=hook_disabled")
    with house.store.write() as conn:
        item = items.find(conn, "forum", "photo-1")
        row = publish(conn, item, verdict=Verdict.HOLD, reason=Reason.NEW_ENTRY, case_id=None, by=SYSTEM, at=utc_now())
    assert adam.post(here + "/replay", data={"after": "0"}).status_code == 422
    adam.post(here + "/state", data={"state": "enabled"})
    replayed = adam.post(here + "/replay", data={"after": str(row.seq - 1)})
    assert "1 message is on its way." in text_of(replayed.text)
    assert rows_of(adam.get(here).text) == 1
    shown = text_of(house.browser("rita", Role.REVIEWER).get(f"/items/{item.id}").text)
    assert "a new entry" in shown
    assert url in shown
    assert adam.post(here + "/delete").headers["location"] == "/webhooks?done=hook_deleted"
    for path in ("", "/rotate", "/replay", "/delete", "/retry"):
        answer = adam.post(here + path, data={"after": "0"}) if path else adam.get(here)
        assert answer.status_code == 404, path


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.org/x", "https://"), ("javascript:alert(1)", "https://"),
        ("https://u:p@example.org/", "user name"),
        ("https://" + "e" * 3000, "characters"), ("", "address"), ("https://example.org/\u202e", "characters"),
    ],
)  # fmt: skip
def test_addresses_that_are_none_are_refused_with_what_was_typed(adam, url, told):
    answer = adam.post("/webhooks", data={"service": "forum <b>", "url": url})
    assert answer.status_code == 422
    assert told in error_of(answer.text)
    assert 'value="forum &lt;b&gt;"' in answer.text


@pytest.mark.parametrize("after", ["", "-1", "ten", "9" * 30])
def test_a_replay_begins_at_a_number(house, adam, after):
    url = f"https://example.org/replay{len(after)}"
    adam.post("/webhooks", data={"service": "forum", "url": url})
    here = f"/webhooks/{hook_of(house, url)}"
    assert adam.post(here + "/replay", data={"after": after}).status_code == 422
    adam.post(here + "/delete")


def test_an_eleventh_webhook_is_refused(house, adam):
    with house.store.write() as conn:
        for number in range(webhooks.MOST_ENDPOINTS):
            webhooks.add_endpoint(
                conn, service="full", url=f"https://example.org/{number}", at=utc_now(), by=SYSTEM,
                keyring=house.runtime.service.vault.keyring, random=lambda count: b"r" * count,
            )  # fmt: skip
    answer = adam.post("/webhooks", data={"service": "full", "url": "https://example.org/more"})
    assert answer.status_code == 422
    assert rows_of(adam.get("/webhooks", params={"service": "full"}).text) == webhooks.MOST_ENDPOINTS


def in_force(house):
    with house.store.read() as conn:
        return policies.newest_put(conn)


def test_a_policy_is_tried_on_the_past_proposed_and_put_in_force_by_another(house, lea):
    before = in_force(house)
    assert before.name in lea.get("/policy").text
    changed = before.text.replace('name = "', 'name = "New <b> ', 1)
    tried = lea.post("/policy/new", data={"text": changed, "answer": "try", "days": "30"})
    assert "1 check" in text_of(tried.text)
    assert "Nothing would differ." in text_of(tried.text)
    assert "New &lt;b&gt;" in tried.text
    place = lea.post("/policy/new", data={"text": changed, "answer": "propose"}).headers["location"]
    page = lea.get(place)
    assert "waits for a second person" in text_of(page.text)
    approval = re.search(r'href="(/approvals/[^"]+)"', page.text)[1]
    assert lea.post(approval, data={"answer": "approve", "reason": "mine"}).status_code == 422
    other = house.browser("leo", LEAD)
    assert other.post(approval, data={"answer": "approve", "reason": "looked"}).status_code == 303
    assert in_force(house).version == before.version + 1
    again = lea.post("/policy/new", data={"text": changed, "answer": "propose"})
    assert again.status_code == 422
    assert "in force" in error_of(again.text)
    assert "<b>" not in page.text.replace("<b>", "", page.text.count("<body>"))


def test_mistakes_in_a_policy_are_told_with_their_lines_and_the_text_is_kept(house, lea):
    wrong = in_force(house).text + '\n[[rules]]\nname = "x"\nwhen = { list = "<script>" }\nthen = "nonsense"\n'
    for answer in ("try", "propose"):
        page = lea.post("/policy/new", data={"text": wrong, "answer": answer})
        assert page.status_code == 422
        assert re.search(r"Line \d+:", text_of(page.text))
        assert "&lt;script&gt;" in page.text
        assert "nonsense" in page.text
    for text_ in ("", "\0", "name = ", "x" * (300 << 10), "\ud83d".encode("utf-8", "surrogatepass")):
        assert lea.post("/policy/new", data={"text": text_, "answer": "propose"}).status_code == 422


def test_who_may_read_the_policy_sees_no_form_to_change_it(house, adam):
    assert "/policy/new" not in adam.get("/policy").text
    assert adam.get("/policy/new").status_code == 403
    assert adam.get("/policy/none").status_code == 404


def test_leaves_are_found_by_their_subject_and_proven(house, lea):
    with house.store.write() as conn:
        append(
            conn, Leaf(action="test.done", actor="p_x", sealed={"item_id": "photo-1"}, subject="item:77"), at=utc_now()
        )
    signed(house)
    listing = lea.get("/ledger/about", params={"subject": "item:77"})
    assert rows_of(listing.text) == 1
    place = re.search(r'href="(/ledger/leaves/\d+)"', listing.text)[1]
    assert "test.done" in lea.get(place).text
    wrong = lea.post(place, data={"values": "item_id=other"})
    assert wrong.status_code == 422
    assert "item_id=other" in wrong.text
    proof = lea.post(place, data={"values": "item_id=photo-1\r\n"})
    assert proof.status_code == 200
    with house.store.read() as conn:
        keys = [VerifierKey.parse(line) for line in conn.execute(text("SELECT line FROM ledger_keys")).scalars()]
    proven = check_proof(proof.content, keys=keys)
    assert proven.opened["item_id"] == "photo-1"
    assert house.browser("lea", LEAD, old=True).post(place).headers["location"].startswith("/sign-in/again")


@pytest.mark.parametrize("path", ["/ledger/leaves/none", "/ledger/leaves/" + "9" * 18, "/ledger/leaves/" + "9" * 40])
def test_leaves_that_are_not_there_are_told_so(lea, path):
    assert lea.get(path).status_code == 404


@pytest.mark.parametrize("values", ["nothing", "sha256=hex:zz", "no_such=1"])
def test_values_that_cannot_be_opened_are_refused(house, lea, values):
    signed(house)
    assert lea.post("/ledger/leaves/0", data={"values": values}).status_code == 422


def test_the_ledger_verifies_itself_and_says_what_that_cannot_exclude(house, lea):
    kept = signed(house).note
    page = text_of(lea.post("/ledger/verify", data={"checkpoint": ""}).text)
    assert "rewriting not excluded" in page
    assert "software’s own word" in page
    page = text_of(lea.post("/ledger/verify", data={"checkpoint": kept}).text)
    assert "are those of the checkpoint that you kept" in page
    forged = kept.splitlines()
    forged[1] = str(int(forged[1]) - 1)
    answer = lea.post("/ledger/verify", data={"checkpoint": "\n".join(forged)})
    assert answer.status_code in (200, 422)
    assert "are those of the checkpoint" not in text_of(answer.text)
    assert not list(house.runtime.service.settings.data.glob("verify-*"))


def test_an_export_is_for_auditors_and_verifies_elsewhere(house, lea, tmp_path):
    signed(house)
    olga = house.browser("olga", AUDITOR)
    for form in ("", "outsider"):
        answer = olga.get("/ledger/export", params={"form": form})
        path = tmp_path / f"export-{form}"
        path.write_bytes(answer.content)
        with house.store.read() as conn:
            keys = [VerifierKey.parse(line) for line in conn.execute(text("SELECT line FROM ledger_keys")).scalars()]
        found = verify(path, keys=keys)
        assert found.size > 5
        assert ("photo-1" in path.read_text()) is False
        assert json.loads(path.read_text().splitlines()[0])["form"] == found.form
    assert lea.get("/ledger/export").status_code == 403


def test_a_lead_who_is_kept_from_a_case_finds_no_leaf_of_it(house, lea):
    assert lea.get("/ledger/about", params={"subject": "case:case_none"}).status_code == 404
    assert rows_of(house.browser("olga", AUDITOR).get("/ledger/about", params={"subject": "case:case_none"}).text) == 0
    assert lea.get("/ledger/about", params={"subject": "s" * 500}).status_code == 422


def test_people_and_keys_are_found_by_name_where_there_are_many(house, adam):
    for number in range(25):
        house.person(f"person{number:02}", Role.REVIEWER)
    assert 'role="search"' in adam.get("/people").text
    assert rows_of(adam.get("/people", params={"name": "PERSON1"}).text) == 10
    assert "Nobody is called that." in adam.get("/people", params={"name": "<script>"}).text
    assert rows_of(adam.get("/keys", params={"name": "forum"}).text) == 1
    assert "No key is called that." in adam.get("/keys", params={"name": "x" * 10_000}).text


def test_who_works_on_cases_besides_has_only_the_outsiders_export(house):
    both = house.browser("rolf", Role.REVIEWER, Role.AUDITOR)
    page = both.get("/ledger").text
    assert 'href="/ledger/export"' not in page
    assert both.get("/ledger/export", params={"form": "outsider"}).status_code == 200
    refused = both.get("/ledger/export")
    assert refused.status_code == 403
    assert "opens what is kept from you" in error_of(refused.text)
