"""Rules that hold between parts of a document, which no schema says. They follow the service's documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rempart.reports.cybertip.document.nodes import Node
from rempart.reports.cybertip.document.problems import Fault, Reason
from rempart.reports.cybertip.document.vocabulary import FileAnnotation, Relevance

_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")
_LONGEST = 255
_NOT_IN_A_BATCH = (
    ("internetDetails", "internet"),
    ("lawEnforcement", "law_enforcement"),
    ("intendedRecipient", "recipients"),
    ("victim", "victims"),
    ("additionalInfo", "additional_info"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that does not hold: its fault, and the place below the root, in the records and in the XML."""

    field: str
    where: str
    fault: Fault


def of_report(report: Node) -> Iterator[Broken]:
    """Rules of a report: persons, batches, and who reports."""
    persons = _named(report, "personOrUserReported")
    if _named(report, "batchedReport"):
        yield from _batched(report, persons)
    elif len(persons) > 1:
        yield Broken(field="persons[2]", where="personOrUserReported[2]", fault=Fault(Reason.PERSONS))
    people = [person for one in _named(report, "reporter") for person in _named(one, "reportingPerson")]
    emails = [email.text.strip()[:_LONGEST] for person in people for email in _named(person, "email")]
    if people and not any(map(_EMAIL.fullmatch, emails)):
        yield Broken(
            field="reporter.person.emails", where="reporter/reportingPerson/email", fault=Fault(Reason.REPORTER_EMAIL)
        )


def _batched(report: Node, persons: list[Node]) -> Iterator[Broken]:
    if not persons:
        yield Broken(field="persons", where="personOrUserReported", fault=Fault(Reason.BATCH_EMPTY))
    for number, person in enumerate(persons, 1):
        if [one.name for one in person.children] != ["espIdentifier"]:
            place = {"field": f"persons[{number}]", "where": f"personOrUserReported[{number}]"}
            yield Broken(**place, fault=Fault(Reason.BATCH_PERSON))
    for name, field in _NOT_IN_A_BATCH:
        if _named(report, name):
            yield Broken(field=field, where=name, fault=Fault(Reason.BATCH_LEFT_OUT))
    if any(_named(one, "escalateToHighPriority") for one in _named(report, "incidentSummary")):
        yield Broken(
            field="incident.escalate",
            where="incidentSummary/escalateToHighPriority",
            fault=Fault(Reason.BATCH_LEFT_OUT),
        )


def of_file(file: Node, *, may_classify: bool) -> Iterator[Broken]:
    """Rules of one file: what was viewed, and what a supplemental one may carry."""
    if _says(file, "exifViewedByEsp") and not _says(file, "fileViewedByEsp"):
        yield Broken(field="exif_viewed", where="exifViewedByEsp", fault=Fault(Reason.VIEWED))
    classified = _named(file, "industryClassification")
    if classified and not may_classify:
        yield Broken(field="classification", where="industryClassification", fault=Fault(Reason.MAY_CLASSIFY))
    if [one.text for one in _named(file, "fileRelevance")] != [Relevance.SUPPLEMENTAL]:
        return
    if classified:
        yield Broken(field="classification", where="industryClassification", fault=Fault(Reason.SUPPLEMENTAL))
    if _named(file, "potentialMeme"):
        yield Broken(field="potential_meme", where="potentialMeme", fault=Fault(Reason.SUPPLEMENTAL))
    meme = FileAnnotation.POTENTIAL_MEME.value
    if any(_named(one, meme) for one in _named(file, "fileAnnotations")):
        yield Broken(field="annotations", where=f"fileAnnotations/{meme}", fault=Fault(Reason.SUPPLEMENTAL))


def _named(node: Node, name: str) -> list[Node]:
    return [child for child in node.children if child.name == name]


def _says(node: Node, name: str) -> bool:
    return any(child.text in ("true", "1") for child in _named(node, name))
