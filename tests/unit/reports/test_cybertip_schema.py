"""The service's schema: fetched, pinned, asked, and never believed blindly."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from rempart.errors import IncompleteError, RefusedError, TamperedError, TiplineUnavailableError
from rempart.reports.cybertip.document.shapes import Variant
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.service.rehearsal import RehearsalServer, running
from rempart.reports.cybertip.service.schema import compiled, fetch, keep, load

# A schema of our own, of the same form and as small as it can be.
OWN = b"""<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">
<xs:element name="report"><xs:complexType><xs:sequence>
<xs:element name="age" type="xs:int" minOccurs="0"/><xs:element name="additionalInfo" type="xs:string"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="fileDetails"><xs:complexType><xs:sequence>
<xs:element name="fileId" type="xs:string"/><xs:element name="fileName" type="xs:string" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""
GOOD = b"<report><additionalInfo>text</additionalInfo></report>"


def test_a_schema_is_fetched_kept_and_loaded_by_its_digest(tmp_path):
    with running(RehearsalServer(schema=OWN)) as server, Connection(server.url, server.user, server.password) as line:
        schema = fetch(line)
    place = keep(tmp_path / "cybertip", schema)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    again = load(tmp_path / "cybertip", pinned=hashlib.sha256(OWN).hexdigest())
    assert again.sha256 == schema.sha256
    assert again.edition.has == {Variant.FILE_NAME}
    assert again.problems(GOOD) == ()
    assert load(tmp_path, pinned="") is None


def test_what_is_refused_is_told_by_place_and_never_with_what_it_says():
    told = compiled(OWN).problems(b"<report><age>Anna Secret</age><additionalInfo/></report>")
    assert told == ("/report/age: datatype valid 1 2 1",)
    assert compiled(OWN).problems(b"<report>") == ("This is no XML that can be read.",)
    assert compiled(OWN).problems(b"<nothing/>")


def test_a_pinned_schema_that_is_gone_or_another_is_told(tmp_path):
    schema = compiled(OWN)
    with pytest.raises(IncompleteError):
        load(tmp_path, pinned=schema.sha256)
    keep(tmp_path, schema).write_bytes(OWN.replace(b"xs:int", b"xs:string"))
    with pytest.raises(TamperedError):
        load(tmp_path, pinned=schema.sha256)


BEGIN = b'<xs:element name="report">'
BAD = {
    "a page": b"<!DOCTYPE html><html></html>",
    "nothing": b"",
    "an answer": b"<reportResponse><responseCode>0</responseCode></reportResponse>",
    "entities": OWN.replace(b"?>\n", b'?>\n<!DOCTYPE s [<!ENTITY a "b">]>\n', 1),
    "an include": OWN.replace(BEGIN, b"<xs:include schemaLocation='http://127.0.0.1:9/x'/>" + BEGIN, 1),
    "an import": OWN.replace(BEGIN, b"<xs:import namespace='u:x' schemaLocation='/etc/passwd'/>" + BEGIN, 1),
    "very many": OWN.replace(b'minOccurs="0"/>', b'minOccurs="0" maxOccurs="99999999"/>', 1),
    "a contradiction": OWN.replace(b"xs:int", b"xs:nothing", 1),
    "cut short": OWN[:-20],
}  # fmt: skip


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_no_schema_of_this_service_is_refused(data):
    with pytest.raises(RefusedError):
        compiled(data)


@pytest.mark.parametrize(
    ("plan", "error"),
    [("xsd:page", TiplineUnavailableError), ("xsd:unauthorized", RefusedError), ("xsd:empty", TiplineUnavailableError),
     ("xsd:error", TiplineUnavailableError), ("xsd:redirect", TiplineUnavailableError)],
)  # fmt: skip
def test_a_bad_answer_in_place_of_the_schema_is_told(plan, error):
    server = RehearsalServer(schema=OWN, plan=[plan])
    with running(server), Connection(server.url, server.user, server.password) as line, pytest.raises(error):
        fetch(line)


def test_a_service_without_a_schema_says_so():
    with running(RehearsalServer()) as server, Connection(server.url, server.user, server.password) as line:
        with pytest.raises(TiplineUnavailableError, match="no schema"):
            fetch(line)


def test_the_services_own_schema_compiles():
    place = os.environ.get("REMPART_CYBERTIP_XSD", "")
    if not place:
        pytest.skip("REMPART_CYBERTIP_XSD names no copy of the service's schema")
    schema = compiled(Path(place).read_bytes())
    assert schema.problems(b"<report/>")
