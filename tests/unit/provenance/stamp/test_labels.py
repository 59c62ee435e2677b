"""The XMP packet: what is said, what of an earlier one is kept, and when it is replaced instead."""

from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.provenance.origin.packet import read_xmp
from rempart.provenance.stamp.labels import EDITED, MADE, MOST_BYTES, Label, merged

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
PIECES = (
    "<rdf:Description>", "</rdf:Description>", "<rdf:Description/>", "<", ">", "'", '"', "<?", "?>", "&", "&amp;", "a",
    "=", " ", "</rdf:RDF>", f"<rdf:RDF {RDF}>", "<x:xmpmeta>", "</x:xmpmeta>", "<rdf:li>", "</rdf:li>", "<b c='",
    "'/>", "\n",
)  # fmt: skip


def packet(inside: str) -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>{inside}</rdf:RDF></x:xmpmeta>'.encode()


def said(made: bytes, name: str = "DigitalSourceType") -> list[str]:
    document = minidom.parseString(made.replace(b"\xef\xbb\xbf", b""))
    return [
        value
        for element in document.getElementsByTagName("rdf:Description")
        if (value := element.getAttributeNS(EXT, name))
    ]


def test_a_picture_without_words_gets_a_packet_that_an_xml_reader_reads():
    made, replaced = merged(None, Label(source_type=MADE, system='A <"b"> & c\n', system_version="2"))
    assert (said(made), said(made, "AISystemUsed"), said(made, "AISystemVersionUsed"), replaced) == (
        [MADE], ['A <"b"> & c '], ["2"], (),
    )  # fmt: skip


def test_what_was_said_of_other_things_is_kept():
    earlier = packet(
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:rights>Ana</dc:rights></rdf:Description>'
    )
    made, replaced = merged(earlier, Label(source_type=EDITED))
    assert (b"<dc:rights>Ana</dc:rights>" in made, said(made), replaced) == (True, [EDITED], ())


@pytest.mark.parametrize(
    "inside",
    [
        f'<rdf:Description rdf:about="" xmlns:i="{EXT}" i:DigitalSourceType="http://x/camera"/>',
        f"<rdf:Description rdf:about='' xmlns:i='{EXT}' i:DigitalSourceType='camera'></rdf:Description>",
        f'<rdf:Description xmlns:i="{EXT}"><i:DigitalSourceType>camera</i:DigitalSourceType></rdf:Description>',
    ],
)
def test_a_source_type_that_was_there_gives_way(inside: str):
    made, replaced = merged(packet(inside), Label(source_type=MADE))
    assert (said(made), b"camera" in made, replaced) == ([MADE], False, ("xmp.source_type",))


@pytest.mark.parametrize(
    "earlier",
    [
        b"not XML at all",
        b"\xff\xfe" + packet("").decode().encode("utf-16-le"),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + packet(""),
        packet("") + packet(""),
        packet("<!-- </rdf:RDF> -->"),
        packet('<a:DigitalSourceType rdf:resource="http://x"/>'),
        packet("<a:DigitalSourceType><b/></a:DigitalSourceType>"),
        packet("x" * MOST_BYTES),
        packet("<rdf:Description><xmpGImg:image>AAAA</xmpGImg:image></rdf:Description>"),
        b"<x:xmpmeta>",
        b"",
    ],
)
def test_what_cannot_be_added_to_for_certain_is_replaced_and_that_is_told(earlier: bytes):
    made, replaced = merged(earlier, Label(source_type=MADE))
    assert (said(made), replaced) == ([MADE], ("xmp",))
    assert len(made) < 2000


@pytest.mark.parametrize(
    "earlier",
    [
        packet("<?note "),
        b"<?note </rdf:RDF> ?>" + packet("").replace(b"</rdf:RDF>", b""),
        packet("").replace(b"</rdf:RDF>", b"<rdf:Description rdf:about='</rdf:RDF>'/>"),
        packet("")[: -len("</rdf:RDF></x:xmpmeta>")] + b"<rdf:Description a='</rdf:RDF>'/>",
        packet('<rdf:Description rdf:about="'),
        packet("<rdf:Description>"),
        packet("<b></a>"),
        packet('<rdf:Description DigitalSourceType="http://x/digitalCapture"/>'),
        packet('<rdf:Description a="1" a="2"/>'),
        packet('<dc:rights xmlns:other="x">Ana</dc:rights>'),
        packet("&own;") + b"",
        packet("&#0;"),
        packet("fish & chips"),
        packet("\x01"),
        packet("<rdf:Description/>") + b"<more/>",
        packet("<a>" * 20_000),
    ],
)
def test_a_packet_that_would_swallow_the_label_is_replaced(earlier: bytes):
    made, replaced = merged(earlier, Label(source_type=MADE))
    assert (said(made), read_xmp(made).source_types, replaced[:1]) == ([MADE], (MADE,), ("xmp",))


@given(st.lists(st.sampled_from(PIECES), max_size=9))
def test_whatever_a_packet_is_put_together_from_both_readers_read_the_label(pieces: list[str]):
    made, _ = merged(packet("".join(pieces)), Label(source_type=MADE))
    assert (said(made), read_xmp(made).source_types) == ([MADE], (MADE,))
