"""`rempart list` on a data folder: a list from start to end, and what is refused."""

import json

import pytest

from commands import command
from curating import blocking, curation, ndjson
from listfiles import draw
from rempart.people.principal import CONSOLE
from rempart.store.engine import Store
from serving import make_data


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data").data


@pytest.fixture
def store(data):
    with Store.open(f"sqlite:///{data / 'rempart.db'}") as opened:
        yield opened


def run(data, *arguments, given=""):
    return command("list", *arguments, given=given, environ={"REMPART_DATA": str(data)})


def ok(data, *arguments, given=""):
    done = run(data, *arguments, given=given)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_trial_list_from_start_to_end(data, store):
    ok(data, "create", "trial")
    assert "12 added" in ok(data, "import", "trial", "-", given=ndjson(12))
    signals = draw(77)
    assert "1 added" in ok(data, "add", "trial", f"pdq:{signals.pdq()}", f"md5:{signals.md5()}", "--ref", "mine")
    assert "withdrawn" in ok(data, "withdraw", "trial", "mine", "--reason", "a mistake")
    refused = run(data, "withdraw", "trial", "mine")
    assert (refused.returncode, "already withdrawn" in refused.stderr) == (2, True)
    assert "not tripped" in run(data, "breakers", "--reset", "entry:1", "--reason", "x").stderr
    assert "waits for a second person" in ok(data, "mode", "trial", "blocking")
    assert "entries: 12" in ok(data, "ls")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("import", "none", "-"), "There is no list 'none'"),
        (("add", "trial", "pdq:zz"), "64 hexadecimal"),
        (("add", "trial", "0" * 64, "--scheme", "nobodys"), "no category scheme"),
        (("add", "trial", "0" * 64, "--ref", "x" * 10_000), "512 characters"),
        (("import", "trial", "/nowhere"), "could not be opened"),
        (("create", "trial"), "of that name already"),
        (("create", "x\ny"), "printable"),
        (("changes", "chg_none"), "no such change set"),
        (("guard", "canary", "/nowhere"), "could not be opened"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(data, store, arguments, word):
    curation(store).create(name="trial", by=CONSOLE)
    done = run(data, *arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_folder_without_settings_is_told(tmp_path):
    done = run(tmp_path / "none", "ls")
    assert (done.returncode, "rempart init" in done.stderr) == (2, True)


def test_canaries_come_from_hashed_pictures(data, store, tmp_path):
    file = tmp_path / "good.ndjson"
    good = draw(5).pdq()
    file.write_text(json.dumps({"hash_type": "pdq", "hash_value": str(good)}) + "\n")
    assert "1 signals are canaries" in ok(data, "guard", "canary", file)
    blocking(curation(store))
    assert "1 near pictures known to be good" in ok(data, "add", "police", f"pdq:{good}")
