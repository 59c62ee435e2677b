"""What a line names, and what it cannot be."""

import pytest

from rempart.errors import RefusedError
from rempart.reports.orders.values import Named, PartKind, named


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (" https://forum.example/p/1 ", Named(kind=PartKind.URL, name="https://forum.example/p/1", service="forum")),
        ("HTTP://forum.example", Named(kind=PartKind.URL, name="HTTP://forum.example", service="forum")),
        ("case_01abc", Named(kind=PartKind.CASE, name="case_01abc")),
        ("report_01abc", Named(kind=PartKind.REPORT, name="report_01abc")),
        ("shop/photo/17", Named(kind=PartKind.ITEM, name="photo/17", service="shop")),
        ("photo-17", Named(kind=PartKind.ITEM, name="photo-17", service="forum")),
    ],
)
def test_a_line_names_an_address_a_case_a_report_or_an_item(line, expected):
    assert named(line, service="forum") == expected


@pytest.mark.parametrize("line", ["", "  ", "https://", "https://user@host/", "https://a b/", "x" * 3_000, "/17"])
def test_a_line_that_names_nothing_is_refused(line):
    with pytest.raises(RefusedError):
        named(line, service="forum")


def test_an_item_alone_needs_a_service():
    with pytest.raises(RefusedError, match="with its service"):
        named("photo-17")
