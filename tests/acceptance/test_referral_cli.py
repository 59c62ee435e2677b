"""A package made by commands, opened with the standard `age` program, and checked by a stranger without Rempart."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import command
from consoling import enrol
from judging import REFER, REMOVE, answered, no_window, settler
from pictures import jpeg
from referring import HOTLINE, POLICE
from rempart.cases.records import cases
from rempart.cli.datafolder import opened_data
from rempart.clock import utc_now
from rempart.people.permissions import Role
from rempart.people.principal import SYSTEM
from rempart.signals.digests import digest_bytes
from serving import make_data, rempart

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_referral.py"
SETTINGS = f"""
[referrals]
operator = "A small forum"
contact = "trust@forum.example"
country = "GB"
registrations = ["uk-nca"]

[[referrals.recipients]]
id = "nca"
name = "National Crime Agency, intake"
class = "police"
country = "GB"
keys = ["{POLICE.recipient.keys[0]}"]
authority = "uk-nca"

[[referrals.recipients]]
id = "line"
name = "A hotline"
class = "hotline"
keys = ["{HOTLINE.recipient.keys[0]}"]
"""


def decided(data, content):
    """A case about one sealed picture that two people decided to refer."""
    from actors import person
    from desks import join_team, opened

    people = [person(name, Role.REVIEWER) for name in ("rui", "eve")]
    with opened_data(data) as folder:
        vault, store = folder.vault(), folder.store
        sealed, digests = vault.seal(content), digest_bytes(content)
        with store.write() as conn:
            join_team(conn, *people)
            case = opened(conn, 1, sha256=bytes(digests.sha256), at=utc_now(), uploader="kite")
            object_id = vault.record(
                conn, sealed, item="item:1", basis="case", reference=case, media_type="image/jpeg", by=SYSTEM
            )  # fmt: skip
            from rempart.items.records import items

            items.change(conn, 1, object=object_id, media_type="image/jpeg", url="https://forum.example/p/1")
        no_window(store)
        for one in people:
            answered(store, case, REMOVE, REFER, by=one)
            with settler(store, vault) as run:
                run()
        with store.read() as conn:
            assert cases.find(conn, case).state == "decided"
    return case


def test_commands_make_a_package_that_age_opens_and_a_stranger_verifies(tmp_path):
    data, content = make_data(tmp_path / "data", more=SETTINGS).data, jpeg(1, 64, 48)
    case, (ada, zoe) = decided(data, content), enrol(data, ("ada", Role.REVIEWER), ("zoe", Role.LEAD))
    here = ("--data", data)
    route = command("referral", "route", case, *here)
    assert "uk-nca  due" in route.stdout
    assert "no legal advice" in route.stdout
    refused = command("referral", "draft", case, "--to", "line", "--content", *here)
    assert refused.returncode == 2
    assert "to the police, to NCMEC or under legal process alone" in refused.stderr
    drafted = command("referral", "draft", case, "--to", "nca", "--content", "--ground", "duty", "--as", "ada", *here,
                      given=ada())  # fmt: skip
    assert drafted.returncode == 0, drafted.stderr
    referral = drafted.stdout.partition(":")[0]
    package = tmp_path / "package.age"
    assert command("referral", "pack", referral, "-o", package, *here).returncode == 2
    assert not package.exists()
    assert command("referral", "ask", referral, "--as", "ada", *here, given=ada()).returncode == 0
    own = command("referral", "confirm", referral, "--reason", "mine", "--as", "ada", *here, given=ada())
    assert (own.returncode, "Who asked cannot approve" in own.stderr) == (2, True)
    done = command("referral", "confirm", referral, "--reason", "read", "--as", "zoe", *here, given=zoe())
    assert done.returncode == 0, done.stderr
    made = rempart("referral", "pack", referral, "-o", package, *here)
    assert made.returncode == 0, made.stderr
    identity, key = tmp_path / "identity.txt", tmp_path / "key.txt"
    identity.write_text(f"# an officer's\n{POLICE.identity}\n")
    key.write_text(command("ledger", "key", *here).stdout)
    sealed = command("referral", "verify", package, "--key", key, "--identity", identity, "--json")
    assert sealed.returncode == 0, sealed.stderr
    told = json.loads(sealed.stdout)
    assert (told["outcome"], told["contents"], list(told["sealed"])) == ("verified", 1, ["content/0001.jpg"])
    assert told["proofs"] > 10
    assert command("referral", "verify", package, "--key", key).returncode == 2
    handed = command("referral", "hand-over", referral, "--how", "their portal", "--reference", "R-1", *here)
    assert handed.returncode == 0, handed.stderr
    shown = json.loads(command("referral", "show", referral, "--json", *here).stdout)
    assert (shown["state"], shown["outcome"]["reference"]) == ("handed_over", "R-1")
    _as_a_stranger(tmp_path, package, identity, key.read_text().split()[0], content)


def _as_a_stranger(folder, package, identity, key, content):
    """With the standard program and the script of the docs, in a process that finds no Rempart."""
    if shutil.which("age") is None:
        pytest.skip("the standard age program is not installed (Debian package age); the rest held")
    opened = folder / "package.zip"
    with opened.open("wb") as stream:
        subprocess.run(["age", "-d", "-i", identity, package], stdout=stream, check=True)
    found = subprocess.run(
        [sys.executable, "-I", SCRIPT, opened, key], capture_output=True, text=True, cwd=folder, check=False
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("verified: referral_")
    unpacked = folder / "unpacked"
    shutil.unpack_archive(opened, unpacked)
    assert (unpacked / "content" / "0001.jpg").read_bytes() == content
    assert (unpacked / "cover.pdf").read_bytes().startswith(b"%PDF")
    altered = opened.read_bytes().replace(b"https://forum.example/p/1", b"https://forum.example/p/2")
    opened.write_bytes(altered)
    assert subprocess.run([sys.executable, "-I", SCRIPT, opened, key], capture_output=True, check=False).returncode == 1
