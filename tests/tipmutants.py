"""Documents of reports with one thing done to them that a careless program, or a stranger, might do.

Each kind of change gives the altered bytes and whether they are *surely* wrong: by what the service's documentation
says, written down here by hand and not taken from the rule table.
"""

import random
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

Element = etree._Element
Mutant = tuple[bytes, bool]
Change = Callable[[Element, random.Random], Mutant | None]

# Without one of these, what stands around them is refused: (around, needed).
NEEDED = {
    ("report", "incidentSummary"), ("report", "reporter"), ("incidentSummary", "incidentType"),
    ("incidentSummary", "incidentDateTime"), ("reporter", "reportingPerson"), ("lawEnforcement", "agencyName"),
    ("victim", "victimPerson"), ("ipCaptureEvent", "ipAddress"), ("deviceId", "idType"), ("deviceId", "idValue"),
    ("details", "nameValuePair"), ("nameValuePair", "name"), ("nameValuePair", "value"), ("fileDetails", "reportId"),
    ("fileDetails", "fileId"),
}  # fmt: skip
# What may stand several times; everything else may not.
REPEATED = {
    "internetDetails", "personOrUserReported", "intendedRecipient", "victim", "phone", "email", "address",
    "emailAddress", "url", "incidentAddress", "ipCaptureEvent", "displayName", "profileUrl", "deviceId",
    "priorCTReports", "priorCTReport", "associatedAccount", "originalFileHash", "details", "nameValuePair",
    "additionalInfo",
}  # fmt: skip
ANY_ORDER = {"reportAnnotations", "fileAnnotations"}
TAGS = {
    "sextortion", "csamSolicitation", "minorToMinorInteraction", "spam", "sadisticOnlineExploitation", "generativeAi",
    "animeDrawingVirtualHentai", "viral", "possibleSelfProduction", "physicalHarm", "violenceGore", "bestiality",
    "liveStreaming", "infant",
}  # fmt: skip
FLAGS = {
    "compromisedAccount", "thirdPartyUserReported", "allEmailsReported", "accountTemporarilyDisabled", "possibleProxy",
    "accountPermanentlyDisabled", "reportedToLe", "servedLegalProcessDomestic", "servedLegalProcessInternational",
    "fileViewedByEsp", "exifViewedByEsp", "publiclyAvailable",
}  # fmt: skip
TIMES = {"incidentDateTime", "dateTime", "uploadedToEspTimestamp"}
NOT_TIMES = ["", "yesterday", "2025-13-01T00:00:00Z", "2025-01-01", "2025-01-01 00:00:00Z", "2025-02-30T00:00:00Z"]
NUMBERS = {"age", "approximateAge", "port", "priorCTReports", "priorCTReport", "reportId"}
NOT_NUMBERS = ["", "many", "1.5", "1e3", "0x1f", "99999999999999999999"]
WORDS = {"incidentType", "eventName", "fileRelevance", "industryClassification", "countryCode", "state", "country"}
LIMITS = {
    "platform": 256, "escalateToHighPriority": 3000, "incidentDateTimeDescription": 3000, "legalURL": 2083, "url": 2083,
    "screenName": 256, "originalFileName": 2056, "locationOfFile": 2083,
}  # fmt: skip
ATTRIBUTES_NEEDED = {("batchedReport", "reason"), ("originalFileHash", "hashType"), ("associatedAccount", "type")}
FREE_ATTRIBUTES = {"hashType"}


def changed(data: bytes, name: str, rng: random.Random) -> Mutant | None:
    """A document with one change of a kind, None where it holds nothing that could be changed so."""
    if name in BYTES:
        return BYTES[name](data, rng), True
    return CHANGES[name](etree.fromstring(data), rng)


def _written(root: Element, sure: bool) -> Mutant:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True), sure


def _one(root: Element, rng: random.Random, fits: Callable[[Element], bool]) -> Element | None:
    found = [one for one in root.iter() if one is not root and fits(one)]
    return rng.choice(found) if found else None


def _leaf(one: Element) -> bool:
    return len(one) == 0 and one.tag not in TAGS | {"batchedReport"} | ANY_ORDER


def drop(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda _: True)
    if found is None:
        return None
    around = found.getparent()
    around.remove(found)
    return _written(root, (around.tag, found.tag) in NEEDED and around.find(found.tag) is None)


def drop_needed(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: (one.getparent().tag, one.tag) in NEEDED)
    if found is None:
        return None
    around = found.getparent()
    for one in around.findall(found.tag):
        around.remove(one)
    return _written(root, True)


def double(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda _: True)
    if found is None:
        return None
    around = found.getparent()
    found.addnext(deepcopy(found))
    several = found.tag in REPEATED and (around.tag, found.tag) not in (
        ("address", "address"), ("fileDetails", "ipCaptureEvent"), ("incidentAddress", "address"),
    )  # fmt: skip
    return _written(root, not several)


def reorder(root: Element, rng: random.Random) -> Mutant | None:
    def fits(one: Element) -> bool:
        after = one.getnext()
        return after is not None and after.tag != one.tag and one.getparent().tag not in ANY_ORDER

    found = _one(root, rng, fits)
    if found is None:
        return None
    found.getnext().addnext(found)
    return _written(root, True)


def rename(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda _: True)
    if found is None:
        return None
    found.tag = rng.choice([found.tag[:-1], found.tag + "s", found.tag.swapcase(), "unheardOf"])
    return _written(root, found.tag in ("unheardOf",) or found.tag.swapcase()[0].islower())


def rename_to_known(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda _: True)
    if found is None:
        return None
    found.tag = rng.choice(sorted({one.tag for one in root.iter()} | {"additionalInfo", "age", "email", "url"}))
    return _written(root, False)


def move(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda _: True)
    inside = [one for one in root.iter() if found is not None and one is not found and found not in one.iterancestors()]
    if found is None or not inside:
        return None
    to = rng.choice([one for one in inside if found is not one and one not in found.iter()] or [root])
    to.insert(rng.randint(0, len(to)), found)
    return _written(root, False)


def graft(root: Element, rng: random.Random) -> Mutant | None:
    found, to = _one(root, rng, lambda _: True), _one(root, rng, lambda one: len(one) > 0)
    if found is None or to is None:
        return None
    to.insert(rng.randint(0, len(to)), deepcopy(found))
    return _written(root, False)


def empty(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: len(one) > 0)
    if found is None:
        return None
    needed = {need for around, need in NEEDED if around == found.tag}
    for one in list(found):
        found.remove(one)
    found.text = None
    return _written(root, bool(needed) or found.tag == "internetDetails")


def second_kind(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: one.tag == "internetDetails")
    if found is None:
        return None
    kinds = {"webPageIncident", "emailIncident", "chatImIncident", "onlineGamingIncident"} - {one.tag for one in found}
    found.insert(rng.randint(0, len(found)), etree.Element(rng.choice(sorted(kinds))))
    return _written(root, True)


def blank(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: _leaf(one) and one.tag != "value" and bool(one.text))
    if found is None:
        return None
    found.text = rng.choice([None, " ", "\n\t"])
    return _written(root, True)


def overlong(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: one.tag in LIMITS)
    if found is None:
        return None
    start = "https://a.example/" if found.tag in ("legalURL", "url", "locationOfFile") else ""
    found.text = start.ljust(LIMITS[found.tag] + 1, "x")
    return _written(root, True)


def wrong_word(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: one.tag in WORDS)
    if found is None:
        return None
    text = found.text or ""
    found.text = rng.choice(
        [text.lower(), text + ".", text[:-1] + "!", "None of these", f"{text} {text}", f" {text}\n"]
    )
    return _written(root, True)


def wrong_flag(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: one.tag in FLAGS)
    if found is None:
        return None
    found.text = rng.choice(["yes", "True", "FALSE", "2", "", "truefalse"])
    return _written(root, True)


def wrong_tag(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: one.tag in TAGS)
    if found is None:
        return None
    found.text = rng.choice(["false", "0", "no", "maybe"])
    return _written(root, True)


def wrong_time(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: one.tag in TIMES)
    if found is None:
        return None
    found.text = rng.choice([*NOT_TIMES, "2025-01-01T00:00:00", "2999-01-01T00:00:00Z", "2025-01-01T00:00:00+25:00"])
    return _written(root, True)


def wrong_number(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: one.tag in NUMBERS)
    if found is None:
        return None
    found.text = rng.choice([*NOT_NUMBERS, "-1"])
    return _written(root, True)


def wrong_text(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, _leaf)
    if found is None:
        return None
    found.text = rng.choice(["", "0", "true", "x" * 5000, "-1", "2025-01-01", "é\U0001f600", " true ", "NaN", "INF"])
    return _written(root, False)


def child_in_text(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, _leaf)
    if found is None:
        return None
    etree.SubElement(found, rng.choice(["b", "additionalInfo", found.tag]))
    return _written(root, found.tag != "batchedReport")


def text_between(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda _: True)
    if found is None:
        return None
    found.tail = rng.choice(["and", "0", "\u00a0"])
    return _written(root, True)


def stranger(root: Element, rng: random.Random) -> Mutant | None:
    inside = rng.choice([one for one in root.iter() if not _leaf(one)])
    inside.insert(rng.randint(0, len(inside)), etree.Element(rng.choice(["note", "uploads", "Report", "report"])))
    return _written(root, True)


def namespace(root: Element, rng: random.Random) -> Mutant | None:
    found = rng.choice(list(root.iter()))
    found.tag = f"{{urn:example}}{found.tag}"
    return _written(root, True)


def more_attributes(root: Element, rng: random.Random) -> Mutant | None:
    found = rng.choice(list(root.iter()))
    found.set(rng.choice(["id", "lang", "verifyed", "nil"]), "true")
    return _written(root, True)


def without_attribute(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: len(one.attrib) > 0)
    if found is None:
        return None
    name = rng.choice(sorted(found.attrib))
    del found.attrib[name]
    return _written(root, (found.tag, name) in ATTRIBUTES_NEEDED)


def wrong_attribute(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: bool(set(one.attrib) - FREE_ATTRIBUTES))
    if found is None:
        return None
    name = rng.choice(sorted(set(found.attrib) - FREE_ATTRIBUTES))
    found.set(name, rng.choice(["", "nonsense", "yes", "2025-01-01", "HOME", "+1234", "-"]))
    return _written(root, True)


def renamed_attribute(root: Element, rng: random.Random) -> Mutant | None:
    found = _one(root, rng, lambda one: len(one.attrib) > 0)
    if found is None:
        return None
    name = rng.choice(sorted(found.attrib))
    value = found.attrib.pop(name)
    found.set(name + "s", value)
    return _written(root, True)


def cut_short(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data.rstrip()) - 1)]


def doctype(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b"?>\n", b'?>\n<!DOCTYPE report [<!ENTITY a "aaaa">]>\n', 1)


def bad_character(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(60, len(data) - 1)
    return data[:at] + rng.choice([b"\x00", b"\x0b", b"\xff", b"\xed\xa0\x80"]) + data[at:]


CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (
        drop, drop_needed, double, reorder, rename, rename_to_known, move, graft, empty, second_kind, blank, overlong,
        wrong_word, wrong_flag, wrong_tag, wrong_time, wrong_number, wrong_text, child_in_text, text_between, stranger,
        namespace, more_attributes, without_attribute, wrong_attribute, renamed_attribute,
    )
}  # fmt: skip
BYTES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    change.__name__: change for change in (cut_short, doctype, bad_character)
}
