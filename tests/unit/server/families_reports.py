"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

from enum import Enum
from typing import Any, get_args, get_type_hints

from rempart.reports.cybertip.document import vocabulary
from rempart.reports.cybertip.document.records import CyberTip, FileDetails, FileHash, Metadata, NameValue
from rempart.reports.cybertip.document.storing import KINDS
from rempart.reports.cybertip.drafting.seconding import Why as Alone
from rempart.reports.cybertip.filing.beginning import Found
from rempart.reports.cybertip.filing.values import Outcome, Result, Step, Why
from rempart.reports.cybertip.production import SwitchState
from rempart.reports.cybertip.values import Environment, FileState, ReportState
from rempart.reports.cybertip.visibility import Show
from rempart.server.pages.reports.acting import DONE
from rempart.server.pages.reports.sections import FILE, STEPS
from rempart.server.pages.reports.shaping import Form
from rempart.server.pages.reports.wording import choice_key, label_key


def values(kind: type[Enum]) -> list[str]:
    return [one.value for one in kind]


def labels(kind: Any, seen: set[type]) -> set[str]:
    """The keys of all fields of a record and of those that are in it."""
    if kind in seen:
        return set()
    seen.add(kind)
    found = set()
    for name, hint in get_type_hints(kind).items():
        found.add(label_key(kind, name))
        for record in records_in(hint):
            found |= labels(record, seen)
    return found


def records_in(hint: Any) -> list[Any]:
    if isinstance(hint, type) and hasattr(hint, "__dataclass_fields__"):
        return [hint]
    return [record for one in get_args(hint) for record in records_in(one)]


LABELS = labels(CyberTip, set()) - {label_key(FileDetails, "ref")}
ENUMS = [one for one in vars(vocabulary).values() if isinstance(one, type) and issubclass(one, Enum) and len(one)]
WORDS = {choice_key(kind, one) for kind in ENUMS for one in kind}
assert {FileHash, Metadata, NameValue}

FAMILIES: dict[str, list[str]] = {
    "reports.field.": sorted(key.removeprefix("reports.field.") for key in LABELS),
    "reports.choice.": sorted(key.removeprefix("reports.choice.") for key in WORDS),
    "reports.where.": list(KINDS),
    "reports.show.": values(Show),
    "reports.state.": values(ReportState),
    "reports.state_text.": values(ReportState),
    "reports.only_": ["rehearsal", "test"],
    "reports.environment.": values(Environment),
    "reports.where_": ["rehearsal", "test", "production", "production_off"],
    "reports.where_text_": ["rehearsal", "test", "production", "production_off"],
    "reports.file_": ["rehearsal", "test", "production"],
    "reports.file_text_": ["rehearsal", "test", "production"],
    "reports.receipt_": values(Environment),
    "reports.switch.": values(SwitchState),
    "reports.": ["yes", "no"],
    "reports.wrong.": [*(one.value for one in Form if one.value in {"moment", "day", "whole", "decimal", "choice",
                                                                    "ternary", "lines"}), "needed"],
    "reports.step.": [*STEPS, FILE],
    "reports.step_text.": [*STEPS, FILE],
    "reports.wait.": ["people", "trouble", "alone"],
    "reports.because_of.": ["category", "image_kind", "danger"],
    "reports.alone_why.": values(Alone),
    "reports.found.": values(Found),
    "reports.file_state.": values(FileState),
    "reports.outcome.": values(Outcome),
    "reports.call.": values(Step),
    "reports.result.": values(Result),
    "reports.because.": values(Why),
    "reports.preview_": ["draft", "asked", "settled", "filed"],
    "report_done.": sorted(DONE),
}  # fmt: skip
SAME: set[str] = {
    "reports.choice.FileAnnotation.violence", "reports.choice.FileAnnotation.viral", "reports.field.latitude",
    "reports.choice.PhoneType.internet", "reports.choice.PhoneType.mobile", "reports.environment.production",
    "reports.environment.test", "reports.code", "reports.http", "reports.request_id", "reports.field.longitude",
    "reports.field.port", "reports.where_test",
}  # fmt: skip
SAYING: set[str] = {
    *(f"reports/cybertip/{name}.py" for name in ("production", "visibility")),
    *(f"reports/cybertip/drafting/{name}.py" for name in ("editing", "holding", "reading", "seconding")),
    "reports/cybertip/filing/beginning.py",
    *(f"reports/cybertip/document/{name}.py" for name in ("problems", "editions")),
}  # fmt: skip
