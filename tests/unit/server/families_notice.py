"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

from rempart.deadlines.regimes import Element
from rempart.intake.notices.letters import LetterKind
from rempart.intake.notices.values import ComplaintState, LocationState
from rempart.server.pages.notice.answers import Made, Minor, Role
from rempart.server.pages.notice.helplines import built_in
from rempart.server.pages.notice.telling import WHYS

FAMILIES: dict[str, list[str]] = {
    "notice.role.": [one.value for one in Role],
    "notice.minor.": [one.value for one in Minor],
    "notice.synthetic.": [one.value for one in Made],
    "notice.keeps.": ["nothing", "history", "private", "leave", "others", "server"],
    "notice.wrong.": [
        "role", "minor", "nowhere", "address", "many", "long_address", "long", "signals", "size",
    ],
    "notice.review.": ["role", "minor", "signals", "words", "you", "insider"],
    "notice.element.": [one.value for one in Element if one not in (Element.LOCATION, Element.ORDER)],
    "notice.place.": [one.value for one in LocationState],
    "notice.why.": sorted(WHYS),
    "notice.letter.": [one.value for one in LetterKind],
    "notice.complaint.": [one.value for one in ComplaintState],
    "notice.help.": sorted(
        {one.does.rpartition(".")[2] for some in built_in().values() for rows in some.values() for one in rows}
    ),
}  # fmt: skip
FAMILIES["notice.stray."] = ["too_long", "not_read"]  # said by server/security.py
SAME: set[str] = set()
_NOTICES = "intake/notices"
SAYING = {f"{_NOTICES}/{name}.py" for name in ("values", "hashes", "reading", "attempts", "complaints", "withdrawal")}
SAYING.add("intake/generator/protection.py")
