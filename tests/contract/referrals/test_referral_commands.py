"""What the commands say, besides the way of a package (tests/acceptance/test_referral_cli.py)."""

import json

import pytest

from commands import command
from referring import HOTLINE, LEDGER, POLICE, Bureau
from rempart.cli.datafolder import opened_data
from rempart.items.records import items
from serving import make_data

SETTINGS = f"""
[referrals]
country = "FR"

[[referrals.recipients]]
id = "pharos"
name = "PHAROS"
class = "police"
country = "FR"
keys = ["{POLICE.recipient.keys[0]}"]
authority = "fr-pharos"

[[referrals.recipients]]
id = "line"
name = "A hotline"
class = "hotline"
country = "FR"
keys = ["{HOTLINE.recipient.keys[0]}"]
"""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A data folder with a decided case, and who runs commands on it."""
    import referring

    data = make_data(tmp_path / "data", more=SETTINGS).data
    with opened_data(data) as folder:
        monkeypatch.setattr(referring, "a_vault", lambda store: _moving(folder, store))
        case = Bureau(folder.store).case()

    def run(*words):
        return command("referral", *words, "--data", data)

    return case, run


def _moving(folder, store):
    """The folder's own vault, on a clock that tests set forward."""
    from rempart.server.vaults import open_vault
    from vaults import Hands

    hands = Hands()
    store.clock = hands
    return open_vault(folder.settings, store, keyring=folder.keyring, clock=hands)


def test_the_table_and_a_route_are_printed_with_what_they_are_not(desk):
    case, run = desk
    table = command("referral", "authorities", "--json")
    rows = [json.loads(line) for line in table.stdout.splitlines()]
    assert {"us-ncmec", "uk-nca", "fr-pharos", "any-police"} <= {row["id"] for row in rows}
    assert all("content" not in row["may_receive"] for row in rows if row["class"] == "hotline")
    told = run("route", case).stdout
    assert "fr-pharos  open" in told
    assert "Recipients in the settings: pharos" in told
    assert "This is a table and no legal advice." in told
    (first, *_) = [json.loads(line) for line in run("route", case, "--json").stdout.splitlines()]
    assert first["recipients"] == ["pharos"]


def test_what_waits_is_listed_then_drafted_and_taken_back(desk):
    case, run = desk
    assert json.loads(run("list", "--json").stdout)["case"] == case
    drafted = run("draft", case, "--to", "pharos", "--part", "assessments", "--language", "fr")
    assert "drafted, with locations, assessments" in drafted.stdout
    referral = drafted.stdout.partition(":")[0]
    assert referral in run("list").stdout
    shown = run("show", referral).stdout
    assert '"address": "https://forum.example/p/1"' in shown
    assert "kite" not in shown
    assert run("ask", referral).stdout.startswith("Confirmed")
    assert run("withdraw", referral, "--why", "they came for it").stdout == "Taken back.\n"
    assert f"{referral}" in run("list", "--state", "withdrawn").stdout
    assert "no case" not in run("list", "--state", "draft").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("draft", "case_none", "--to", "pharos"), "no such case"),
        (("draft", "CASE", "--to", "nobody"), "There is no such recipient"),
        (("draft", "CASE", "--to", "pharos", "--part", "gold"), "is no part"),
        (("show", "referral_none"), "There is no such referral"),
        (("confirm", "referral_none", "--reason", "x"), "Nobody asked for this"),
        (("counted", "CASE"), "No report that was made already counts"),
        (("pack", "referral_none", "-o", "x.age"), "There is no such referral"),
    ],
    ids=lambda one: one if isinstance(one, str) else one[0],
)
def test_what_cannot_be_done_is_said_in_one_line(desk, tmp_path, monkeypatch, words, said):
    case, run = desk
    monkeypatch.chdir(tmp_path)
    done = run(*(case if word == "CASE" else word for word in words))
    assert (done.returncode, done.stderr.count("\n") <= 2) == (2, True)
    assert said.lower() in done.stderr.lower()
    assert not (tmp_path / "x.age").exists()


def test_an_item_without_an_address_is_told_when_a_hotline_is_to_be_given_it(desk, tmp_path):
    case, run = desk
    with opened_data(tmp_path / "data") as folder, folder.store.write() as conn:
        items.change(conn, 1, url=None)
    police, hotline = (run("draft", case, "--to", to) for to in ("pharos", "line"))
    assert "address" not in police.stderr
    assert "1 of its items has no address" in hotline.stderr
    assert "`url` with the check, or write in --note" in hotline.stderr
    referral = hotline.stdout.partition(":")[0]
    assert "1 of its items has no address" in run("show", referral).stderr
    assert json.loads(run("show", referral, "--json").stdout)["without_address"] == 1


def test_what_is_no_package_is_refused_by_verify(tmp_path):
    file, identity = tmp_path / "file", tmp_path / "identity"
    for content in (b"", b"PK\x03\x04 no zip", b"age-encryption.org/v1\n-> X25519 nothing\n", b"\x00" * 100):
        file.write_bytes(content)
        identity.write_text(str(POLICE.identity))
        done = command("referral", "verify", file, "--key", LEDGER.key.line, "--identity", identity)
        assert done.returncode == 2, content
        assert "Traceback" not in done.stderr
    identity.write_text("AGE-SECRET-KEY-1NONE")
    done = command("referral", "verify", file, "--key", LEDGER.key.line, "--identity", identity)
    assert done.returncode == 2
