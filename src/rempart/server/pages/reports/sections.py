"""The steps in which a report is filled in: each is a part of its document, saved by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rempart.errors import NotFoundError
from rempart.reports.cybertip.document.editions import Edition
from rempart.reports.cybertip.document.problems import Problem
from rempart.reports.cybertip.document.records import (
    CyberTip,
    FileDetails,
    IncidentSummary,
    LawEnforcement,
    Person,
    Report,
    ReportAnnotation,
)
from rempart.reports.cybertip.document.shapes import Variant
from rempart.server.pages.reports.forms import Field, Group, Node, Rows, Showing, group_of, node_of, rows_of
from rempart.server.pages.reports.shaping import Part, parts_of
from rempart.server.pages.reports.typed import Reader
from rempart.server.pages.reports.wording import label_key

INCIDENT, INTERNET, PERSON, VICTIMS, RECIPIENTS, POLICE, FILE = (
    "incident", "internet", "person", "victims", "recipients", "police", "file",
)  # fmt: skip
_ROWS = {INTERNET: "internet", PERSON: "persons", VICTIMS: "victims", RECIPIENTS: "recipients"}
STEPS = (INCIDENT, INTERNET, PERSON, VICTIMS, RECIPIENTS, POLICE)
"""The steps about the report itself; each of its files is one more, `file-1` and so on."""
MAY_CLASSIFY = "FileDetails.classification"
"""What is shown only where the operator declared it."""
SAID_TWICE = "FileDetails.potential_meme"
"""What an annotation says too, and excludes it: shown only where somebody else said it."""
_NUMBER = re.compile(r"\[[0-9]+\]$")
_FILE = re.compile(r"files\[([0-9]+)\]")
_AGES = frozenset({"Person.age_discrepancy", "AssociatedAccount.age_discrepancy"})
_MOST_FILES = 999
_WHERE: Mapping[str, str] = {
    **dict.fromkeys(("incident_type", "incident_time", "words"), INCIDENT), "place": INTERNET, "victim": VICTIMS,
    **dict.fromkeys(("account", "ip_event", "ip_port", "email", "phone", "name", "age", "device", "disabled"), PERSON),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its name, the number of a file, how many problems there are, and whether anything stands in it."""

    name: str
    file: int = 0
    problems: int = 0
    filled: bool = False

    @property
    def key(self) -> str:
        """Which of the families of words names it."""
        return FILE if self.file else self.name


def steps(tip: CyberTip, problems: Sequence[Problem]) -> tuple[Step, ...]:
    """All steps of a document in their order."""
    wrong: dict[str, int] = {}
    for one in problems:
        name = step_of(one.field)
        wrong[name] = wrong.get(name, 0) + 1
    report = tip.report
    filled: Mapping[str, Any] = {
        INCIDENT: report.incident != IncidentSummary(), POLICE: report.law_enforcement,
        **{step: getattr(report, name) for step, name in _ROWS.items()},
    }  # fmt: skip
    own = (Step(name=one, problems=wrong.get(one, 0), filled=bool(filled[one])) for one in STEPS)
    names = (f"{FILE}-{number}" for number in range(1, len(tip.files) + 1))
    files = (
        Step(name=name, file=number, problems=wrong.get(name, 0), filled=_is_filled(tip.files[number - 1]))
        for number, name in enumerate(names, 1)
    )
    return (*own, *files)


def step_of(field: str) -> str:
    """The step on which a place in the document is filled in; empty for what stands in the settings."""
    if (told := _FILE.match(field)) is not None:
        return f"{FILE}-{told[1]}"
    top = field.removeprefix("report").strip(".").partition(".")[0].partition("[")[0]
    known = {name: step for step, name in _ROWS.items()} | {
        "incident": INCIDENT, "additional_info": INCIDENT, "law_enforcement": POLICE,
    }  # fmt: skip
    return known.get(top, "")


def where_of(tip: CyberTip | None) -> Mapping[str, str]:
    """On which step each measure of the meter is filled in; none for what no step can add."""
    first = f"{FILE}-1" if tip is not None and tip.files else ""
    own = dict.fromkeys(("upload_time", "file_name", "public", "viewed"), first)
    return {**_WHERE, **{name: step for name, step in own.items() if step}}


def unknown_in(edition: Edition) -> tuple[frozenset[ReportAnnotation], frozenset[str]]:
    """What the service's schema does not know: annotations, and fields ("Record.field")."""
    words = frozenset(word for word in ReportAnnotation if word.name in Variant.__members__)
    left_out = frozenset(word for word in words if Variant[word.name] not in edition.has)
    return left_out, _AGES if Variant.AGE_DISCREPANCY not in edition.has else frozenset()


def file_of(tip: CyberTip, step: str) -> int:
    """The number of the file that a step is about, 0 for another step. NotFoundError for one that is not there."""
    name, _, number = step.partition("-")
    if step in STEPS:
        return 0
    if name == FILE and re.fullmatch("[1-9][0-9]{0,2}", number) and int(number) <= min(len(tip.files), _MOST_FILES):
        return int(number)
    raise NotFoundError("There is no such step.", hint="Open the report again; a file may have been left out.")


def nodes(tip: CyberTip, step: str, showing: Showing) -> tuple[Node, ...]:
    """The form of a step."""
    number = file_of(tip, step)
    if number:
        label = label_key(CyberTip, "files")
        return (group_of(FileDetails, tip.files[number - 1], f"files[{number}]", showing, label=label),)
    report = tip.report
    if step == POLICE:
        label = label_key(Report, "law_enforcement")
        found = group_of(LawEnforcement, report.law_enforcement, "report.law_enforcement", showing, label=label)
        return (replace(found, blank=False),)
    if step == INCIDENT:
        label = label_key(Report, "incident")
        own = group_of(IncidentSummary, report.incident, "report.incident", showing, label=label)
        info = node_of(Report, _part("additional_info"), report.additional_info, "report.additional_info", showing)
        return (own, info)
    name = _ROWS[step]
    rows = rows_of(Report, _part(name), getattr(report, name), f"report.{name}", showing)
    if step == PERSON and report.persons and report.batched_reason is None:
        rows = replace(rows, adds=())  # only a batch reports several
    return (rows,)


def filled(tip: CyberTip, step: str, reader: Reader) -> CyberTip:
    """The document with a step as it was typed."""
    number = file_of(tip, step)
    report = tip.report
    if number:
        was = tip.files[number - 1]
        files = list(tip.files)
        files[number - 1] = reader.record(FileDetails, f"files[{number}]", was) or _emptied(was)
        return replace(tip, files=tuple(files))
    if step == POLICE:
        found = reader.record(LawEnforcement, "report.law_enforcement", report.law_enforcement)
        return replace(tip, report=replace(report, law_enforcement=found))
    if step == INCIDENT:
        incident = reader.record(IncidentSummary, "report.incident", report.incident) or IncidentSummary()
        info = reader.value(_part("additional_info"), "report.additional_info", report.additional_info)
        return replace(tip, report=replace(report, incident=incident, additional_info=info))
    name = _ROWS[step]
    rows = reader.several(_part(name), f"report.{name}", getattr(report, name))
    if step == VICTIMS:
        rows = tuple(one if one.person is not None else replace(one, person=Person()) for one in rows)
    changed: dict[str, Any] = {name: rows}
    return replace(tip, report=replace(report, **changed))


def wrong_in(found: Sequence[Node], told: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What is wrong, by the nearest place of a form that shows it."""
    known = set(_paths(found))
    placed: dict[str, list[str]] = {}
    for field, sentences in told.items():
        path = field
        while path and path not in known:
            path = _NUMBER.sub("", path) if _NUMBER.search(path) else path.rpartition(".")[0]
        placed.setdefault(path, []).extend(sentences)
    return placed


def _paths(found: Sequence[Node]) -> Iterator[str]:
    for one in found:
        yield one.path
        if isinstance(one, Group):
            yield from _paths(one.parts)
        elif isinstance(one, Rows):
            yield from _paths(one.groups)
        elif not isinstance(one, Field):  # pragma: no cover
            raise TypeError(one)


def _part(name: str) -> Part:
    return next(one for one in parts_of(Report) if one.name == name)


def _emptied(was: FileDetails) -> FileDetails:
    """What a form cannot take away from a file."""
    return FileDetails(
        ref=was.ref, file_name=was.file_name, viewed=was.viewed, exif_viewed=was.exif_viewed, hashes=was.hashes,
        metadata=was.metadata,
    )  # fmt: skip


def _is_filled(file: FileDetails) -> bool:
    return file != _emptied(file)
