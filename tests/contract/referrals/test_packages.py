"""Packages opened by their recipients: what is in them, what is not, and that a stranger can check them."""

import io
import json
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from listfiles import read
from pictures import jpeg
from referring import ADA, HOTLINE, LEDGER, NEIGHBOUR, OFFICERS, POLICE, SECOND, Bureau, texts_of
from rempart.clock import utc_now
from rempart.errors import (
    ConflictError,
    ForeignFileError,
    IncompleteError,
    LedgerChangedError,
    LedgerKeyError,
    ObjectDestroyedError,
    RefusedError,
    TamperedError,
)
from rempart.evidence.ledger.notes import Signer
from rempart.items.records import items
from rempart.provenance.carried import packed
from rempart.provenance.origin.values import Declaration, Origin
from rempart.reports.referrals import packing, verify, writing
from rempart.reports.referrals.values import MAY_RECEIVE, Part

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "verify_referral.py"
_TOUCHES = ["sealed", "kept", "let_go", "opened"]


def by_script(folder, data, *keys):
    """What the script from the docs says of a ZIP, run as a stranger would."""
    path = folder / "package.zip"
    path.write_bytes(data)
    command = [sys.executable, "-I", SCRIPT, path, *(keys or (LEDGER.key.line,))]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def rewritten(data, change, *, more=()):
    """A ZIP with other parts: `change` gives the bytes of a part by its name, None to leave it out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.infolist():
            if (found := change(one.filename, old.read(one))) is not None:
                new.writestr(one.filename, found)
        for name, found in more:
            new.writestr(name, found)
    return out.getvalue()


@pytest.fixture
def bureau(sqlite_store):
    """What a package holds is the same on every database; that it is read from each is held below, by `store`."""
    return Bureau(sqlite_store)


def test_the_police_open_a_package_with_content_and_a_stranger_verifies_it(store, tmp_path):
    bureau = Bureau(store)
    contents = [jpeg(1, 64, 48), jpeg(2, 64, 48)]
    case = bureau.case(*contents)
    sealed = bureau.pack(bureau.confirmed(case, "yard", "lab", content=True))
    assert sealed.startswith(b"age-encryption.org/v1\n")
    parts = POLICE.open(sealed)
    assert parts == SECOND.open(sealed)
    assert [parts[f"content/000{n}.jpg"] for n in (1, 2)] == contents
    custody = json.loads(parts["custody.json"])["objects"]
    assert [[line["action"] for line in lines] for lines in custody.values()] == [_TOUCHES, _TOUCHES]
    assert all(lines[-1]["why"].startswith("referral: referral_") for lines in custody.values())
    done = by_script(tmp_path, POLICE.zip(sealed))
    assert (done.returncode, done.stderr) == (0, "")
    assert "proofs from the ledger of forum.example/ledger" in done.stdout
    found = verify.verify(io.BytesIO(POLICE.zip(sealed)), keys=[LEDGER.key])
    assert (found.contents, set(found.sealed)) == (2, {"content/0001.jpg", "content/0002.jpg"})
    steps = json.loads(parts["ledger/steps.json"])["steps"]
    proven = [one for one in steps if one["proof"]]
    assert found.proofs == len(proven) > 10
    assert {"case.opened", "case.assessed", "case.decided", "referral.confirmed", "vault.sealed"} <= {
        one["action"] for one in proven
    }


def test_parts_stand_in_a_fixed_order_and_the_same_parts_give_the_same_bytes(bureau):
    case = bureau.case(jpeg(1, 64, 48), jpeg(2, 64, 48))
    parts = list(POLICE.open(bureau.pack(bureau.confirmed(case, content=True))))
    small = [one for one in parts if not one.startswith("ledger/")]
    assert small == [
        "README.txt", "cover.pdf", "referral.json", "locations.json", "assessments.json", "signals.json",
        "accounts.json", "content/0001.jpg", "content/0002.jpg", "vics.json", "custody.json", "manifest.json",
        "manifest.txt",
    ]  # fmt: skip
    referral = bureau.confirmed(bureau.case(), content=True)

    @contextmanager
    def from_vault(one):
        with bureau.vault.opened(one, purpose="a test", by=ADA) as view:
            yield (view[:100], view[100:])

    made = []
    with bureau.store.read() as conn:
        _, frozen = packing._held(conn, bureau.vault, referral, ADA, bureau.sender)
    for _ in range(2):
        out = io.BytesIO()
        writing.write_plain(
            frozen, out, source=from_vault, more=list, signer=LEDGER, made=bureau.store.clock()
        )  # fmt: skip
        made.append(out.getvalue())
    assert made[0] == made[1]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_a_file_says_of_its_making_goes_along_with_the_answers_and_a_prompt_never_does(bureau, lang):
    case = bureau.case(jpeg(1, 64, 48), jpeg(2, 64, 48))
    origin = Origin(declaration=Declaration.AI_MADE, generator="ComfyUI", has_prompt=True)
    with bureau.store.write() as conn:
        items.change(conn, 1, origin=packed(origin))
        items.change(conn, 2, origin="")
    parts = HOTLINE.open(bureau.pack(bureau.confirmed(case, "line", language=lang)))
    assert json.loads(parts["assessments.json"])["origins"] == [
        {"place": 1, "declaration": "ai_made", "credentials": None, "generator": "ComfyUI", "source_types": []}
    ]
    assert "prompt" not in texts_of(parts)


def test_a_hotline_gets_locations_and_assessments_and_no_digest_of_anything(store, tmp_path):
    bureau = Bureau(store)
    content = jpeg(1, 64, 48)
    case = bureau.case(content)
    parts = HOTLINE.open(bureau.pack(bureau.confirmed(case, "line")))
    names = {one for one in parts if not one.startswith("ledger/")}
    assert names == {
        "README.txt", "cover.pdf", "referral.json", "locations.json", "assessments.json", "manifest.json",
        "manifest.txt",
    }  # fmt: skip
    (place,) = json.loads(parts["locations.json"])["locations"]
    assert place["address"] == "https://forum.example/p/1"
    assert [one["code"] for one in json.loads(parts["assessments.json"])["assessments"]] == ["B", "B"]
    told = texts_of(parts)
    with bureau.store.read() as conn:
        from rempart.items.records import signals

        plain = [str(one.signal) for one in signals.of(conn, 1)]
    assert len(plain) == 3
    assert [one for one in (*plain, "kite_7", "kite@mail.example", "photo-1", "seen it") if one in told] == []
    assert [one for one in json.loads(parts["ledger/steps.json"])["steps"] if one["action"].startswith("vault.")] == []
    sealed = bureau.pack(bureau.confirmed(case, "line"))
    assert by_script(tmp_path, HOTLINE.zip(sealed)).returncode == 0


def test_anybody_else_gets_the_locations_alone(bureau, tmp_path):
    sealed = bureau.package("neighbour")
    parts = NEIGHBOUR.open(sealed)
    assert set(parts) == {
        "README.txt", "cover.pdf", "referral.json", "locations.json", "manifest.json", "manifest.txt",
    }  # fmt: skip
    assert by_script(tmp_path, NEIGHBOUR.zip(sealed)).returncode == 0


def test_content_is_refused_to_whoever_may_not_be_given_it_before_anything_is_frozen(bureau):
    case = bureau.case()
    for to in (("line",), ("neighbour",), ("yard", "line")):
        with pytest.raises(RefusedError, match="to the police, to NCMEC or under legal process"):
            bureau.draft(case, *to, content=True)
        with pytest.raises(RefusedError, match="to the police, to NCMEC or under legal process"):
            bureau.draft(case, *to, parts=[Part.SIGNALS])


@pytest.mark.parametrize("officer", OFFICERS, ids=lambda one: one.recipient.id)
def test_packing_itself_refuses_a_part_that_a_class_may_not_be_given(officer):
    """However the document came to say so: as if somebody had changed it in the database, digest and all."""
    opened = []
    for part in Part:
        keys = list(officer.recipient.keys)
        frozen = {"parts": [part.value], "to": [{"class": officer.recipient.kind.value, "keys": keys}]}
        expected = KeyError if part in MAY_RECEIVE[officer.recipient.kind] else RefusedError  # it goes on, or it stops
        with pytest.raises(expected):
            writing.write_sealed(
                frozen, io.BytesIO(), source=opened.append, more=list, signer=LEDGER, made=utc_now()
            )  # fmt: skip
    assert opened == []


def test_nothing_is_packed_that_is_not_confirmed(bureau):
    referral = bureau.draft(bureau.case(), content=True)
    for step in (lambda: None, lambda: bureau.ask(referral)):
        step()
        with pytest.raises(ConflictError, match="not confirmed"):
            bureau.pack(referral)


def test_what_was_altered_in_the_database_since_is_not_packed(bureau):
    from rempart.reports.referrals import sealing
    from rempart.reports.referrals.records import referrals as records

    referral = bureau.confirmed(bureau.case())
    keyring = bureau.vault.keyring
    with bureau.store.write() as conn:
        frozen = sealing.opened(records.find(conn, referral).frozen, owner=f"{referral}:frozen", keyring=keyring)
        frozen["to"][0]["keys"] = list(SECOND.recipient.keys)
        records.change(
            conn, referral, frozen=sealing.sealed(frozen, owner=f"{referral}:frozen", keyring=keyring)
        )  # fmt: skip
    with pytest.raises(TamperedError, match="not what was confirmed"):
        bureau.pack(referral)


def test_content_that_was_destroyed_since_fails_and_no_package_is_noted(bureau):
    case = bureau.case()
    referral = bureau.confirmed(case, content=True)
    with bureau.store.write() as conn:
        from rempart.items.records import items

        bureau.vault.destroy(conn, items.hosted(conn, 1).object, reason="an order", by=ADA)
    with pytest.raises(ObjectDestroyedError):
        bureau.pack(referral)
    with bureau.store.read() as conn:
        from rempart.reports.referrals.records import referrals as records

        assert records.packages_of(conn, referral) == ()


def test_the_vics_case_names_the_files_beside_it_and_reads_back(bureau):
    content = jpeg(1, 64, 48)
    parts = POLICE.open(bureau.pack(bureau.confirmed(bureau.case(content), content=True)))
    case = json.loads(parts["vics.json"])["value"][0]
    (media,) = case["Media"]
    assert media["RelativeFilePath"] == "content\\0001.jpg"
    assert media["Category"] is None  # uk-abc is no scheme whose numbers a profile tells
    assert media["MediaMetadata"][0]["PropertyValue"] == "uk-abc:B"
    assert [one["FilePath"] for one in media["MediaFiles"]] == ["https://forum.example/p/1"]
    assert (case["ContactOrganization"], case["TotalMediaFiles"]) == ("A small forum", 1)
    ((entry,), refused) = read("vics", parts["vics.json"], scheme="uk-abc")
    assert refused == []
    from rempart.signals.digests import digest_bytes

    assert bytes(entry.signals[0].signal) == bytes(digest_bytes(content).md5)
    assert (entry.category.scheme, entry.category.code) == ("uk-abc", "B")


def test_without_content_the_vics_case_names_no_file(bureau):
    parts = POLICE.open(bureau.package("yard"))
    (media,) = json.loads(parts["vics.json"])["value"][0]["Media"]
    assert "RelativeFilePath" not in media
    assert [one for one in parts if one.startswith("content/")] == []


def _other(name, data):
    return data + b" " if name == "locations.json" else data


ALTERED = {
    "a part changed": (_other, (), TamperedError),
    "a part gone": (lambda name, data: None if name == "cover.pdf" else data, (), IncompleteError),
    "a part added": (lambda name, data: data, [("content/9999.jpg", b"more")], TamperedError),
    "the manifest changed": (
        lambda name, data: data.replace(b"referral_", b"referral-") if name == "manifest.json" else data, (),
        TamperedError,
    ),
    "the statement changed": (
        lambda name, data: data.replace(b"referral_", b"referral-") if name == "manifest.txt" else data, (),
        TamperedError,
    ),
}  # fmt: skip


def test_whatever_is_altered_is_noticed_by_the_command_and_by_the_script(bureau, tmp_path):
    data = POLICE.zip(bureau.package("yard", content=True))
    for how, (change, more, error) in ALTERED.items():
        altered = rewritten(data, change, more=more)
        with pytest.raises(error):
            verify.verify(io.BytesIO(altered), keys=[LEDGER.key])
        assert by_script(tmp_path, altered).returncode != 0, how


def test_what_is_put_before_between_or_behind_its_parts_is_noticed(bureau, tmp_path):
    data = POLICE.zip(bureau.package("yard"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.start_dir
    moved = bytearray(data[:start] + b"m" * 40 + data[start:])
    moved[-6:-2] = (start + 40).to_bytes(4, "little")  # where the directory is, as it says itself
    remarked = data[:-2] + b"\4\0more"
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, old.read(one))
    behind = (b"m" * 40 + data, data + b"m", data + b"m" * 40, data + b"m" * 70_000, data + data[-22:], remarked)
    for altered in (*behind, bytes(moved), packed.getvalue()):
        with pytest.raises((TamperedError, ForeignFileError)):
            verify.verify(io.BytesIO(altered), keys=[LEDGER.key])
    for altered in behind:
        assert by_script(tmp_path, altered).returncode != 0


def test_a_zip_of_another_kind_is_said_to_be_none(bureau):
    data = POLICE.zip(bureau.package("yard"))
    start = data.index(b"PK\1\2")
    for place, value in ((6, 200), (8, 1), (8, 32), (10, 99)):  # version, encrypted, patched, way of compressing
        odd = bytearray(data)
        odd[start + place] = value
        with pytest.raises(ForeignFileError):
            verify.verify(io.BytesIO(bytes(odd)), keys=[LEDGER.key])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_is_noticed(bureau, tmp_path):
    data = POLICE.zip(bureau.package("yard"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        same = archive.read("locations.json")
    for again in (same, b"other"):
        altered = rewritten(data, lambda name, found: found, more=[("locations.json", again)])
        with pytest.raises(TamperedError):
            verify.verify(io.BytesIO(altered), keys=[LEDGER.key])
        assert by_script(tmp_path, altered).returncode != 0


def test_a_proof_that_was_forged_is_noticed_though_the_whole_was_signed(bureau, tmp_path):
    """By whoever has the key for packages but signs a leaf that no checkpoint covers."""
    referral = bureau.confirmed(bureau.case())
    bureau.sign()
    with bureau.store.read() as conn:
        _, frozen = packing._held(conn, bureau.vault, referral, ADA, bureau.sender)
        from rempart.reports.referrals import proving

        found = list(proving.proofs(conn, frozen))
    forged = [(name, data.replace(b'"case.opened"', b'"case.closed"')) for name, data in found]
    assert forged != found
    out = io.BytesIO()
    writing.write_plain(
        frozen, out, source=lambda one: None, more=lambda: forged, signer=LEDGER, made=bureau.store.clock()
    )  # fmt: skip
    with pytest.raises(LedgerChangedError):
        verify.verify(io.BytesIO(out.getvalue()), keys=[LEDGER.key])
    done = by_script(tmp_path, out.getvalue())
    assert done.returncode != 0
    assert "NOT VERIFIED: ledger/" in done.stderr


def test_another_key_does_not_vouch_for_it(bureau, tmp_path):
    data = POLICE.zip(bureau.package("yard"))
    other = Signer.generate("forum.example/ledger").key
    with pytest.raises(LedgerKeyError):
        verify.verify(io.BytesIO(data), keys=[other])
    done = by_script(tmp_path, data, other.line)
    assert (done.returncode, "NOT VERIFIED" in done.stderr) == (1, True)
    assert by_script(tmp_path, data, other.line, LEDGER.key.line).returncode == 0


def test_the_script_is_short_enough_to_be_read(tmp_path):
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 50
    assert "rempart." not in text.replace("rempart/commitment", "").replace("rempart-referral", "")
