"""A report from the command line, published, and checked by somebody who has an export and nothing else."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from commands import command
from rempart.evidence.ledger import append_many
from rempart.store.engine import Store
from serving import make_data
from tallying import some_leaves

YEAR = ("--from", "2026-01-01", "--to", "2026-12-31")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data folder with a year's leaves, its key, and an export for outsiders."""
    found = tmp_path_factory.mktemp("stats")
    data = found / "data"
    settings = make_data(data)
    with Store.open(settings.database_url) as store:
        for month in (2, 5, 11):
            with store.write() as conn:
                append_many(conn, some_leaves(month, 200), at=datetime(2026, month, 5, 12, tzinfo=UTC))
    done = command("stats", "report", "--data", data, *YEAR, "--out", found / "report")
    assert done.returncode == 0, done.stderr
    assert command("ledger", "export", "--data", data, "--outsider", found / "log.jsonl").returncode == 0
    (found / "key").write_text(command("ledger", "key", "--data", data).stdout)
    (found / "kept").write_text(command("ledger", "checkpoint", "--data", data).stdout)
    return found


def verified(home, folder=None, *more):
    usual = ("--ledger", home / "log.jsonl", "--key", home / "key")
    return command("stats", "verify", folder or home / "report", *usual, *more)


def test_a_report_is_made_and_made_again_without_the_database(home):
    done = verified(home)
    assert done.returncode == 0
    assert "outcome: the same" in done.stdout
    assert "ledger: internally consistent, rewriting not excluded" in done.stdout
    done = verified(home, None, "--checkpoint", home / "kept", "--json")
    told = json.loads(done.stdout)
    assert (told["outcome"], told["differences"], told["template"]) == ("the same", [], "built in")
    assert "are those signed before" in told["ledger"]


def test_a_number_that_was_changed_is_told_with_its_line_and_exit_code(home, tmp_path):
    folder = tmp_path / "changed"
    folder.mkdir()
    for one in (home / "report").iterdir():
        (folder / one.name).write_bytes(one.read_bytes())
    path = folder / "8_automated_means.csv"
    path.write_text(path.read_text().replace("checks,", "cheques,", 1))
    done = verified(home, folder)
    assert done.returncode == 15
    assert "8_automated_means.csv, line 2" in done.stderr
    assert verified(home, folder, "--json").returncode == 15


def test_what_was_done_to_the_ledger_is_told_as_the_ledger_tells_it(home, tmp_path):
    text = (home / "log.jsonl").read_text().replace('"verdict":"hold"', '"verdict":"allow"', 1)
    (tmp_path / "log").write_text(text)
    usual = ("stats", "verify", home / "report", "--key", home / "key")
    done = command(*usual, "--ledger", tmp_path / "log")
    assert done.returncode == 10
    assert done.stderr.startswith("changed: ")
    told = json.loads(command(*usual, "--ledger", tmp_path / "log", "--json").stdout)
    assert told["outcome"] == "changed"


def test_own_headings_and_own_words_are_in_the_report(home, tmp_path):
    template = json.loads(command("stats", "template").stdout)
    template["columns"][9] = ["value", "Wert"]
    (tmp_path / "template.json").write_text(json.dumps(template))
    (tmp_path / "written.toml").write_text("[AMAR]\naverage_monthly_active_recipients = 912\n")
    for name, more in (("template.json", ()), ("written.toml", ("--written",))):
        done = command("stats", "template", "--check", tmp_path / name, *more)
        assert (done.returncode, done.stdout[:8]) == (0, "Nothing ")
    done = command("stats", "report", "--data", home / "data", *YEAR, "--out", tmp_path / "report", "--json",
                   "--template", tmp_path / "template.json", "--written", tmp_path / "written.toml")  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["time_zone"], len(told["files"]), told["early"]) == ("UTC", 15, True)
    (row,) = csv.DictReader(io.StringIO((tmp_path / "report" / "10_AMAR.csv").read_text()))
    assert (row["Wert"], row["source"]) == ("912", "operator")


def test_a_blank_file_for_people_can_be_used_as_it_is(tmp_path):
    (tmp_path / "w.toml").write_text(command("stats", "template", "--written").stdout)
    done = command("stats", "template", "--written", "--check", tmp_path / "w.toml")
    assert "0 rows" in done.stdout


@pytest.mark.parametrize(("more", "told"), [
    (("--from", "2026-01-01"), "belong together"), (("--from", "2026-06-01", "--to", "2026-01-01"), "ends after"),
    (("--from", "2999-01-01", "--to", "2999-12-31"), "not begun"), (("--from", "soon", "--to", "later"), "soon"),
    (("--template", __file__), "template"), (("--written", __file__), "written"),
])  # fmt: skip
def test_what_cannot_be_is_refused_and_leaves_nothing(home, tmp_path, more, told):
    done = command("stats", "report", "--data", home / "data", "--out", tmp_path / "report", *more)
    assert done.returncode == 2
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_never_written_to(home, tmp_path):
    done = command("stats", "report", "--data", home / "data", *YEAR, "--out", tmp_path)
    assert done.returncode == 2
    assert "is there already" in done.stderr
    done = command("stats", "report", "--data", home / "data", *YEAR, "--out", tmp_path / "no" / "such")
    assert done.returncode == 2
    assert "cannot be made" in done.stderr


def test_without_days_the_last_period_is_meant_and_other_days_are_warned_of(home, tmp_path):
    done = command("stats", "report", "--data", home / "data", "--out", tmp_path / "last", "--json")
    assert json.loads(done.stdout)["from"].endswith("-01-01")
    assert json.loads(done.stdout)["declared_period"]
    odd = ("--from", "2026-02-03", "--to", "2026-03-04")
    done = command("stats", "report", "--data", home / "data", *odd, "--out", tmp_path / "odd")
    assert done.returncode == 0
    assert "cut across" in done.stderr


def test_without_days_it_says_which_it_took_and_that_the_ledger_begins_after_them(home, tmp_path):
    done = command("stats", "report", "--data", home / "data", "--out", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    assert "No days were given: these are the last reporting period that is over." in done.stdout
    assert "The ledger begins on 2026-" in done.stderr
    assert "after these days: nothing was counted." in done.stderr
    days = ("--from", "2026-01-01", "--to", "2026-12-31")
    asked = command("stats", "report", "--data", home / "data", "--out", tmp_path / "other", *days)
    assert "No days were given" not in asked.stdout
    assert "what happened before that day is in no figure" in asked.stderr
