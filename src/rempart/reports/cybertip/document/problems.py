"""What can be wrong with a report: a reason for each, and the sentence that people read, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rempart.errors import RefusedError


class Reason(StrEnum):
    """Why something is refused."""

    # of one value
    BLANK = "blank"
    LONG = "long"
    AMONG = "among"
    PATTERN = "pattern"
    CHARACTERS = "characters"
    FLAG = "flag"
    TAG = "tag"
    TIME = "time"
    ZONE = "zone"
    FUTURE = "future"
    DATE = "date"
    WHOLE = "whole"
    NUMBER = "number"
    RANGE = "range"
    ADDRESS = "address"
    URL = "url"
    # of the order of parts
    MISSING = "missing"
    MANY = "many"
    UNEXPECTED = "unexpected"
    ORDER = "order"
    STRAY = "stray"
    EITHER = "either"
    ONE_KIND = "one_kind"
    EDITION = "edition"
    # of parts together
    PERSONS = "persons"
    BATCH_PERSON = "batch_person"
    BATCH_EMPTY = "batch_empty"
    BATCH_LEFT_OUT = "batch_left_out"
    BATCH_FILES = "batch_files"
    REPORTER_EMAIL = "reporter_email"
    VIEWED = "viewed"
    SUPPLEMENTAL = "supplemental"
    MAY_CLASSIFY = "may_classify"
    SAME_FILE = "same_file"
    # of the whole
    MALFORMED = "malformed"
    DOCTYPE = "doctype"
    ENCODING = "encoding"
    SIZE = "size"
    ROOT = "root"
    SCHEMA = "schema"  # the service's own schema refuses what the rule table does not


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason, and up to two figures that its sentence says."""

    reason: Reason
    first: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    `field` is the place in the records (`report.persons[1].ip_events[2].at`, counted from 1), empty for the whole;
    `where` the same place in the XML; `name` the element or attribute alone.
    """

    field: str
    where: str
    name: str
    fault: Fault

    @property
    def reason(self) -> Reason:
        """Why it is refused."""
        return self.fault.reason

    @property
    def error(self) -> RefusedError:
        """The same as a sentence, with what to do."""
        return said(self.fault)

    def __str__(self) -> str:
        return f"{self.where}: {self.error}" if self.where else str(self.error)


def said(fault: Fault) -> RefusedError:
    """The sentence of a fault, and what to do."""
    return _of_value(fault) or _of_order(fault) or _of_parts(fault) or _of_whole(fault)


def _of_value(fault: Fault) -> RefusedError | None:
    match fault.reason:
        case Reason.BLANK:
            return RefusedError("This is blank.", hint="Fill it in, or leave it out.")
        case Reason.LONG:
            return RefusedError(f"This is longer than {fault.first} characters.", hint="Make it shorter.")
        case Reason.AMONG:
            return RefusedError("This is none of the values that the service knows.", hint="Choose one of the values.")
        case Reason.PATTERN:
            return RefusedError("This is not written as the service wants it.", hint="Write it as the example does.")
        case Reason.CHARACTERS:
            return RefusedError("A character here cannot be sent.", hint="Take the invisible characters out.")
        case Reason.FLAG:
            return RefusedError("This is neither true nor false.", hint="Say one of them.")
        case Reason.TAG:
            return RefusedError("This can be said, but not denied.", hint="Leave it out where it is not so.")
        case Reason.TIME:
            return RefusedError("This is no time.", hint="Write it as 2026-02-01T14:30:00Z.")
        case Reason.ZONE:
            return RefusedError("This time has no zone.", hint="Say which zone it is of: Z, or +01:00.")
        case Reason.FUTURE:
            return RefusedError("This time is still to come.", hint="Correct it; look also at the clock of the server.")
        case Reason.DATE:
            return RefusedError("This is no date.", hint="Write it as 2026-02-01.")
        case Reason.WHOLE:
            return RefusedError("This is no whole number.", hint="Write digits alone.")
        case Reason.NUMBER:
            return RefusedError("This is no number.", hint="Write it as 48.8566.")
        case Reason.RANGE:
            return RefusedError(f"This is not between {fault.first} and {fault.second}.", hint="Correct it.")
        case Reason.ADDRESS:
            return RefusedError("This is no IP address.", hint="Write an IPv4 or IPv6 address alone.")
        case Reason.URL:
            return RefusedError("This is no whole web address.", hint="Write it with its beginning, such as https://.")
    return None


def _of_order(fault: Fault) -> RefusedError | None:
    match fault.reason:
        case Reason.MISSING:
            return RefusedError("This is needed.", hint="Fill it in; the report is refused without it.")
        case Reason.MANY:
            return RefusedError(f"There may be {fault.first} of these at most.", hint="Leave the others out.")
        case Reason.UNEXPECTED:
            return RefusedError("This does not belong here.", hint="Leave this out.")
        case Reason.ORDER:
            return RefusedError("This stands in the wrong order.", hint="Put it where the service expects it.")
        case Reason.STRAY:
            return RefusedError("There is text between the parts.", hint="Take it out.")
        case Reason.EITHER:
            return RefusedError("This and another field say the same and exclude each other.", hint="Keep one of them.")
        case Reason.ONE_KIND:
            return RefusedError("An incident is of exactly one kind.", hint="Add another incident for another kind.")
        case Reason.EDITION:
            return RefusedError(
                "The service's schema that is in use here does not know this.",
                hint="Leave it out, or fetch the schema again.",
            )
    return None


def _of_parts(fault: Fault) -> RefusedError | None:
    match fault.reason:
        case Reason.PERSONS:
            return RefusedError(
                "Only a batch reports more than one person.", hint="Make a report for each, and link them by number."
            )
        case Reason.BATCH_PERSON:
            return RefusedError(
                "In a batch each person is named by the service's own identifier alone.",
                hint="Give the identifier and leave everything else out, or report alone.",
            )
        case Reason.BATCH_EMPTY:
            return RefusedError("A batch names the persons whom it reports.", hint="Add them, or do not batch.")
        case Reason.BATCH_LEFT_OUT:
            return RefusedError("This does not go into a batch.", hint="Leave it out, or do not batch.")
        case Reason.BATCH_FILES:
            return RefusedError("A batch has exactly one file.", hint="Keep the one file, or do not batch.")
        case Reason.REPORTER_EMAIL:
            return RefusedError(
                "An e-mail address of whoever reports is needed.", hint="Set it in the settings of reports."
            )
        case Reason.VIEWED:
            return RefusedError(
                "The file's metadata cannot have been viewed where the file was not.",
                hint="Have somebody of this case look at the whole file, or say that neither was viewed.",
            )
        case Reason.SUPPLEMENTAL:
            return RefusedError(
                "A file that only adds to what is reported carries neither a class nor the mark of a meme.",
                hint="Leave them out, or report the file itself.",
            )
        case Reason.MAY_CLASSIFY:
            return RefusedError(
                "The industry's classes are only for those who signed its memorandum.",
                hint="Leave the class out, or have it declared in the settings.",
            )
        case Reason.SAME_FILE:
            return RefusedError("This file is in the report twice.", hint="Keep it once.")
    return None


def _of_whole(fault: Fault) -> RefusedError:
    match fault.reason:
        case Reason.DOCTYPE:
            return RefusedError("A document type is not accepted here.", hint="Send the elements alone.")
        case Reason.ENCODING:
            return RefusedError("Only XML 1.0 in UTF-8 is accepted.", hint="Write the document in UTF-8.")
        case Reason.SIZE:
            return RefusedError("The document is too large.", hint="Send what is long as a file of its own.")
        case Reason.ROOT:
            return RefusedError("This is another kind of document.", hint="Send the kind that belongs here.")
        case Reason.SCHEMA:
            return RefusedError(
                f"The service's schema refuses this: {fault.first}.",
                hint="Correct it, or leave it out; fetch the schema again if it is an old one.",
            )
        case _:
            return RefusedError("This is no well-formed XML.", hint="Look at it with an XML editor.")
