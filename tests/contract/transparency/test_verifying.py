"""A report is made again from an export alone, and whatever was done to either of them shows."""

import csv
import io
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ledgers import Log
from rempart.errors import (
    ForeignFileError,
    LedgerChangedError,
    LedgerForkedError,
    LedgerIncompleteError,
    RefusedError,
)
from rempart.evidence.ledger import append_many
from rempart.evidence.ledger.notes import Signer, VerifierKey
from rempart.reports.transparency.periods import Period
from rempart.reports.transparency.reporting import report
from rempart.reports.transparency.template import built_in_text, read_template
from rempart.reports.transparency.verifying import verify
from tallying import leaf, some_leaves

YEAR = Period(first=date(2026, 1, 1), last=date(2026, 12, 31))
WRITTEN = "[human_resources]\nmoderators = 7\n"
SIGNER = Signer.generate("example.org/ledger")


@pytest.fixture
def log(tmp_path):
    made = Log(tmp_path / "log", signer=SIGNER)
    yield made
    made.close()


@dataclass
class Kept:
    """A year's ledger and its report, made once; what is done to them is done to copies."""

    key: VerifierKey
    note: str
    text: bytes
    folder: Path

    def report(self, path):
        shutil.copytree(self.folder, path)
        return path

    def export(self, path):
        path.write_bytes(self.text)
        return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    home = tmp_path_factory.mktemp("year")
    log = Log(home / "log", signer=SIGNER)
    note = a_year(log).note
    yield Kept(key=log.key, note=note, text=log.export(outsider=True), folder=made(log, home / "report"))
    log.close()


def grow(log, leaves, at):
    with log.store.write() as conn:
        append_many(conn, leaves, at=at)
    return log.sequencer.checkpoint()


def a_year(log, seed=1):
    for month in range(1, 13):
        signed = grow(log, some_leaves(seed * 100 + month, 25), datetime(2026, month, 9, 12, tzinfo=UTC))
    return signed


def made(log, folder, *, written=WRITTEN, template=None, period=YEAR):
    signed = log.sequencer.checkpoint()
    done = report(
        log.store, period, signed=signed, origin=log.key.name, template=read_template(template or built_in_text()),
        written=written,
    )  # fmt: skip
    folder.mkdir()
    for name, data in done.files.items():
        (folder / name).write_bytes(data)
    return folder


def exported(log, path, *, outsider=True):
    path.write_bytes(log.export(outsider=outsider))
    return path


def checked(folder, export, log, **more):
    return verify(folder, export, keys=[log.key], **more)


@pytest.mark.parametrize("outsider", [True, False], ids=["outsider", "full"])
def test_a_report_is_the_same_from_an_export_alone(log, tmp_path, outsider):
    note = a_year(log).note
    folder = made(log, tmp_path / "report")
    export = exported(log, tmp_path / "export", outsider=outsider)
    found = checked(folder, export, log)
    assert found.differences == ()
    assert (found.late, found.written, found.template_built_in) == (0, 1, True)
    assert found.ledger.unaltered_since is None
    assert checked(folder, export, log, checkpoints=[note]).ledger.unaltered_since == 300


def test_an_export_that_has_grown_since_gives_the_same_and_tells_what_came_late(log, tmp_path):
    a_year(log)
    folder = made(log, tmp_path / "report")
    grow(
        log, [leaf("notice.received", regimes=["own"]), leaf("session.started")], datetime(2026, 12, 31, 23, tzinfo=UTC)
    )
    grow(log, [leaf("notice.received", regimes=["own"])], datetime(2027, 1, 1, tzinfo=UTC))
    found = checked(folder, exported(log, tmp_path / "export"), log)
    assert found.differences == ()
    assert found.late == 1


def test_only_days_of_the_period_count(log, tmp_path):
    for day in (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
                datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)):  # fmt: skip
        grow(log, [leaf("complaint.received", places=[1], others=True)] * 5, day)
    folder = made(log, tmp_path / "report")
    rows = list(csv.DictReader(io.StringIO((folder / "7_appeals_and_recidivism.csv").read_text())))
    assert next(one["value"] for one in rows if one["indicator"] == "complaints") == "10"
    assert checked(folder, exported(log, tmp_path / "export"), log).differences == ()


@pytest.mark.parametrize("name", ["4_notices.csv", "8_automated_means.csv", "9_human_resources.csv", "written.toml"])
def test_a_number_that_was_changed_shows_with_its_line(kept, tmp_path, name):
    folder = kept.report(tmp_path / "report")
    path = folder / name
    text = path.read_text()
    digits = next(one for one in range(len(text) - 1, 0, -1) if text[one].isdigit())
    path.write_text(text[:digits] + str((int(text[digits]) + 1) % 10) + text[digits + 1 :])
    found = checked(folder, kept.export(tmp_path / "export"), kept)
    assert found.differences
    if name.endswith(".csv"):
        (one,) = found.differences
        assert one.file == name
        assert len(one.lines) == 1


def test_a_file_that_is_missing_and_a_row_that_was_added_show(kept, tmp_path):
    folder = kept.report(tmp_path / "report")
    (folder / "10_AMAR.csv").unlink()
    with (folder / "12_further_figures.csv").open("a") as stream:
        stream.write("more\r\n")
    assert [one.file for one in checked(folder, kept.export(tmp_path / "export"), kept).differences] == [
        "10_AMAR.csv", "12_further_figures.csv",
    ]  # fmt: skip


def test_a_table_that_was_laid_beside_a_report_shows(kept, tmp_path):
    folder = kept.report(tmp_path / "report")
    (folder / "13_more.csv").write_text("indicator,value\nchecks,9\n")
    [found] = checked(folder, kept.export(tmp_path / "export"), kept).differences
    assert (found.file, found.lines[0]) == ("13_more.csv", (1, "indicator,value", ""))


def test_a_report_of_other_days_or_other_leaves_than_it_says_shows(kept, tmp_path):
    folder, export = kept.report(tmp_path / "report"), kept.export(tmp_path / "export")
    manifest = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps(manifest | {"to": "2026-06-30"}))
    assert checked(folder, export, kept).differences
    (folder / "report.json").write_text(json.dumps(manifest | {"leaves": 290}))
    with pytest.raises(LedgerForkedError, match="290"):
        checked(folder, export, kept)


def test_another_checkpoint_in_a_report_than_was_signed_of_this_ledger_shows(kept, tmp_path):
    folder, export = kept.report(tmp_path / "report"), kept.export(tmp_path / "export")
    manifest = json.loads((folder / "report.json").read_text())
    other = Log(tmp_path / "other", signer=SIGNER)
    try:
        elsewhere = a_year(other, seed=2).note
    finally:
        other.close()
    altered = kept.note.replace("\n300\n", "\n299\n")
    for note, error in (("", ForeignFileError), (altered, LedgerChangedError), (elsewhere, LedgerForkedError)):
        (folder / "report.json").write_text(json.dumps(manifest | {"checkpoint": note}, indent=2) + "\n")
        with pytest.raises(error):
            checked(folder, export, kept)


def test_a_ledger_that_was_changed_shortened_or_rewritten_does_not_verify(kept, tmp_path):
    folder, export = kept.report(tmp_path / "report"), kept.export(tmp_path / "export")
    text = export.read_text()
    changed = text.replace('"verdict":"hold"', '"verdict":"allow"', 1)
    (tmp_path / "changed").write_text(changed)
    with pytest.raises(LedgerChangedError):
        checked(folder, tmp_path / "changed", kept)
    other = Log(tmp_path / "other", signer=SIGNER)
    try:
        a_year(other, seed=2)
        forged = made(other, tmp_path / "forged")
        again = exported(other, tmp_path / "again")
        with pytest.raises(LedgerForkedError):  # the published report, another history
            checked(folder, again, kept)
        assert checked(forged, again, kept).differences == ()  # all of it rewritten: only a kept checkpoint tells
        with pytest.raises(LedgerForkedError):
            checked(forged, again, kept, checkpoints=[kept.note])
    finally:
        other.close()


def test_an_export_that_is_older_than_the_report_is_incomplete(log, tmp_path):
    a_year(log)
    export = exported(log, tmp_path / "export")
    grow(log, [leaf("session.started")], datetime(2026, 12, 30, tzinfo=UTC))
    with pytest.raises(LedgerIncompleteError, match="301"):
        checked(made(log, tmp_path / "report"), export, log)


def test_a_report_of_another_ledger_is_told(kept, tmp_path):
    folder = kept.report(tmp_path / "report")
    other = Log(tmp_path / "other", name="another.example/ledger")
    try:
        grow(other, some_leaves(1, 310), datetime(2026, 5, 1, tzinfo=UTC))
        with pytest.raises(LedgerForkedError, match="another"):
            verify(folder, exported(other, tmp_path / "export"), keys=[other.key])
    finally:
        other.close()


@pytest.mark.parametrize(("name", "text", "error"), [
    ("report.json", "{}", ForeignFileError), ("report.json", "\x00", ForeignFileError),
    ("report.json", None, ForeignFileError), ("template.json", "{}", RefusedError),
    ("written.toml", "[x", RefusedError), ("template.json", None, ForeignFileError),
])  # fmt: skip
def test_a_folder_that_holds_no_report_is_refused(kept, tmp_path, name, text, error):
    folder = kept.report(tmp_path / "report")
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text)
    with pytest.raises(error):
        checked(folder, kept.export(tmp_path / "export"), kept)


def test_a_report_with_another_template_says_so_and_verifies(log, tmp_path):
    a_year(log)
    document = json.loads(built_in_text()) | {"name": "ours"}
    folder = made(log, tmp_path / "report", template=json.dumps(document))
    found = checked(folder, exported(log, tmp_path / "export"), log)
    assert found.differences == ()
    assert not found.template_built_in


def test_a_period_that_has_not_begun_is_refused_and_one_that_runs_is_early(log, tmp_path):
    grow(log, some_leaves(1, 20), datetime(2026, 3, 1, tzinfo=UTC))
    log.store.clock = lambda: datetime(2026, 7, 1, tzinfo=UTC)
    signed = log.sequencer.checkpoint()
    usual = {"signed": signed, "origin": log.key.name, "template": read_template(built_in_text()), "written": ""}
    assert report(log.store, YEAR, **usual).early
    assert not report(log.store, Period(first=YEAR.first, last=date(2026, 6, 30)), **usual).early
    with pytest.raises(RefusedError, match="not begun"):
        report(log.store, Period(first=date(2027, 1, 1), last=date(2027, 12, 31)), **usual)
    with pytest.raises(RefusedError, match="ends after"):
        Period(first=YEAR.last, last=YEAR.first)
    assert YEAR.over_at - timedelta(seconds=1) < datetime(2027, 1, 1, tzinfo=UTC)
