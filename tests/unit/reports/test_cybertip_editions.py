"""What differs between editions of the schema is data: the schema that was fetched says which edition is in use."""

from dataclasses import replace

import pytest

from rempart.errors import RefusedError
from rempart.reports.cybertip.document.checking import Root, problems, problems_of_xml
from rempart.reports.cybertip.document.editions import DEFAULT, EDITIONS, MID_2026, PLACES, Edition, edition_of
from rempart.reports.cybertip.document.problems import Reason
from rempart.reports.cybertip.document.records import (
    AccountType,
    AssociatedAccount,
    FileDetails,
    LawEnforcement,
    LegalProcess,
    Metadata,
    MetadataKind,
    NameValue,
    Person,
    PersonReported,
    Platform,
    ReportAnnotation,
    TemporarilyDisabled,
)
from rempart.reports.cybertip.document.shapes import Variant
from rempart.reports.cybertip.document.writing import file_xml, report_xml
from tips import NOW, small
from tipschema import NO_SCHEMA, held

ACCOUNT = AssociatedAccount(type=AccountType.CREATOR, platform=Platform(name="Elsewhere", third_party=True))
TIP = small(
    law_enforcement=LawEnforcement(agency="Police", served_international=LegalProcess(country="FR")),
    persons=(PersonReported(associated=(ACCOUNT,)),),
)
FILE = FileDetails(metadata=(Metadata(kind=MetadataKind.HASH, pairs=(NameValue(name="PDQ", value="0"),)),))
OTHERWISE = Edition(
    name="otherwise",
    has=frozenset(
        {
            Variant.ASSOCIATED_ACCOUNT_TYPE, Variant.ASSOCIATED_THIRD_PARTY, Variant.AGENCY_COUNTRY, Variant.PAIR_TYPE,
        }
    ),
)  # fmt: skip


def test_without_a_fetched_schema_the_reading_of_november_2025_is_used():
    assert EDITIONS["2025-11"] is DEFAULT
    assert Variant.INFORMATIONAL not in DEFAULT.has


def test_what_an_edition_has_in_another_place_is_written_there_and_nowhere_else():
    data, file = report_xml(TIP.report), file_xml(FILE, report_id=1, file_id="a")
    assert b'<associatedAccount type="Creator">' in data
    assert b'<platform thirdPartyUser="true">Elsewhere</platform>' in data
    assert b'<servedLegalProcessInternational fleaCountry="FR">true<' in data
    assert b'<details type="HASH">\n    <nameValuePair>' in file
    data, file = report_xml(TIP.report, edition=OTHERWISE), file_xml(FILE, report_id=1, file_id="a", edition=OTHERWISE)
    assert b'<associatedAccount accountType="Creator" thirdPartyUser="true">' in data
    assert b"<platform>Elsewhere</platform>" in data
    assert b'<lawEnforcement fleaCountry="FR">' in data
    assert b"<servedLegalProcessInternational>true<" in data
    assert b'<details>\n    <nameValuePair type="HASH">' in file


def test_each_edition_finds_its_own_sound_and_the_others_not():
    for edition, other in ((DEFAULT, OTHERWISE), (OTHERWISE, DEFAULT)):
        data = report_xml(TIP.report, edition=edition)
        file = file_xml(FILE, report_id=1, file_id="a", edition=edition)
        assert problems_of_xml(data, Root.REPORT, now=NOW, edition=edition) == ()
        assert problems_of_xml(file, Root.FILE, now=NOW, edition=edition) == ()
        assert Reason.EDITION in {one.reason for one in problems_of_xml(data, Root.REPORT, now=NOW, edition=other)}
        assert [one.reason for one in problems_of_xml(file, Root.FILE, now=NOW, edition=other)] == [Reason.EDITION]


def test_what_an_edition_does_not_have_is_refused_and_never_left_out_silently():
    disabled = small(persons=(PersonReported(temporarily_disabled=TemporarilyDisabled()),))
    assert [one.reason for one in problems(disabled, now=NOW, edition=OTHERWISE)] == [Reason.EDITION]
    nowhere = replace(OTHERWISE, has=frozenset())
    found = problems(TIP, now=NOW, edition=nowhere)
    assert {one.reason for one in found} == {Reason.EDITION}
    assert {one.name for one in found} >= {"type", "thirdPartyUser", "fleaCountry"}


def test_the_words_of_2026_are_written_in_their_edition_alone():
    summary = replace(small().report.incident, annotations=frozenset({ReportAnnotation.INFORMATIONAL}))
    tip = small(incident=summary, persons=(PersonReported(person=Person(age=15, age_discrepancy=True)),))
    assert problems(tip, now=NOW, edition=MID_2026) == ()
    data = report_xml(tip.report, edition=MID_2026)
    assert b"<age>15</age>\n      <ageAssertionDiscrepancy>true</ageAssertionDiscrepancy>" in data
    assert [one.reason for one in problems(tip, now=NOW)] == [Reason.EDITION] * 2


def declaring(*variants):
    """A schema of our own that declares what an edition of the service's would."""
    places = [("report", "additionalInfo"), ("fileDetails", "fileId"), *(PLACES[variant] for variant in variants)]
    parts = []
    for around, name in places:
        kind = "attribute" if name[0] == "@" else "element"
        inner = f'<xs:{kind} name="{name.removeprefix("@")}"/>'
        parts.append(f'<xs:complexType name="{around}"><xs:sequence>{inner}</xs:sequence></xs:complexType>')
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{"".join(parts)}</xs:schema>'.encode()


@pytest.mark.parametrize("variant", list(Variant))
def test_the_fetched_schema_says_what_it_has(variant):
    assert edition_of(declaring(variant)).has == {variant}
    assert edition_of(declaring()).has == set()


@pytest.mark.parametrize(
    "schema",
    [
        b"", b"<xs:schema", b"<html/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>',
        declaring().replace(b"fileDetails", b"fileDetailz"),
    ],
)  # fmt: skip
def test_what_is_no_schema_of_the_service_is_refused(schema):
    with pytest.raises(RefusedError):
        edition_of(schema)


@pytest.mark.skipif(held() is None, reason=NO_SCHEMA)
def test_the_copy_at_hand_is_of_the_edition_that_is_the_default():
    assert edition_of(held()).has == DEFAULT.has
