"""The error rates: that the docs tell those that findings carry, and that bounds are what statistics books say."""

from __future__ import annotations

from pathlib import Path

import pytest

from rempart.provenance.derivation.calibration import BANDS, band, calibration, upper_bound
from rempart.provenance.derivation.comparing import LEAST_SHARE, Comparison, Finding, Reason
from rempart.provenance.derivation.document import method

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "derivation.md").read_text(encoding="utf-8")


def test_the_docs_tell_the_figures_that_findings_carry():
    found = calibration()
    for one in found["copies"]:
        assert f"| {one['name']} | {one['comparisons']} | {one['found']} |" in DOCS
    for one in (*found["unrelated"], *found["decoys"]):
        assert f"| {one['name']} | {one['comparisons']:,} | {one['found']} | {one['bound']:.3%} |" in DOCS
    for one in found["bands"]:
        assert f"| {one['copy']:,} | {one['unrelated']:,} | {one['decoy']} |" in DOCS


def test_nothing_unrelated_and_no_decoy_was_found_in_ten_thousand_comparisons():
    found = calibration()
    assert sum(one["comparisons"] for one in found["unrelated"]) >= 10_000
    assert all(one["found"] == 0 for one in (*found["unrelated"], *found["decoys"]))


def test_the_figures_were_made_by_the_rules_that_are_in_force():
    made = calibration()["method"]
    assert made["rules"] == method()["rules"]
    assert made["features"] == method()["features"]


def test_a_finding_carries_the_row_in_which_its_agreement_lies():
    for share in (LEAST_SHARE, 0.5, 0.6, 0.79, 0.8, 1.0):
        one = Comparison(finding=Finding.SHARED_CONTENT, reason=Reason.AGREES, agreement=share)
        row = band(one)
        assert row is not None
        assert row["from"] <= share <= row["to"]
    assert band(Comparison(finding=Finding.NOT_SHOWN, reason=Reason.FEW_POINTS)) is None
    assert LEAST_SHARE in {low for low, _ in BANDS}


@pytest.mark.parametrize(
    ("found", "of", "rate"),
    [(0, 100, 0.02951), (0, 10_000, 0.0002995), (1, 100, 0.04656), (5, 50, 0.19883), (7, 7, 1.0)],
)
def test_the_bound_is_that_of_clopper_and_pearson(found, of, rate):
    assert upper_bound(found, of) == pytest.approx(rate, rel=2e-3)
