"""One leaf at a time into counts: what each says, and that nothing that a leaf may say breaks it."""

import json
import random
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.reports.transparency.folding import fold, measures
from tallying import body, leaf, some_leaves, tallied

DAY = "2026-03-04"


def changes(action, **facts):
    return {(one.measure, *one.labels): one.amount for one in fold(body(leaf(action, **facts)))}


def test_a_check_counts_by_verdict_and_by_what_found_something():
    pairs = [{"list": "list_1", "probe": "exact"}, {"list": "list_1", "probe": "canonical"}]
    assert changes("check.answered", verdict="hold", outcome="ok", rule="similar", matches=pairs) == {
        ("checks", "hold", "rule"): 1, ("checks.outcome", "ok"): 1, ("checks.matched",): 1,
        ("checks.matched.by", "technique", "digest"): 1, ("checks.matched.by", "technique", "likeness"): 1,
        ("checks.matched.by", "probe", "exact"): 1, ("checks.matched.by", "probe", "canonical"): 1,
        ("checks.matched.by", "list", "list_1"): 1,
    }  # fmt: skip


def test_a_first_decision_judges_what_was_found_and_a_later_one_turns_it_round():
    pairs = [{"list": "list_1", "probe": "canonical"}]
    found = changes("case.decided", decision="remove", round=1, people=2, single=False, took=35, detectors=pairs)
    assert found["judged", "probe", "canonical", "confirmed"] == 1
    assert found["cases.took", "35"] == 1
    found = changes("case.decided", decision="release", round=2, people=1, single=False, before="remove",
                    detectors=pairs)  # fmt: skip
    assert found["cases.turned", "restored"] == found["cases.turned.by", "restored", "list", "list_1"] == 1
    assert not any(key[0] == "judged" for key in found)
    same = changes("case.decided", decision="restrict", round=2, people=2, before="remove", detectors=pairs)
    assert ("cases.turned", "restored") not in same


def test_a_merged_case_judges_nothing():
    found = changes("case.decided", decision="merged", round=1, kind="match", queue="similar")
    assert ("cases.decided", "merged") in found
    assert not any(key[0] in ("judged", "cases.without_detectors") for key in found)


def test_only_reports_that_were_filed_for_real_count():
    assert changes("report.filed", environment="production", kind="images") == {("reports", "ncmec", "images"): 1}
    assert changes("report.filed", environment="rehearsal", kind="images") == {}
    assert changes("report.filed", environment="test", kind="images") == {}
    assert changes("report.filed") == {}


def test_what_a_leaf_of_an_earlier_version_does_not_tell_is_counted_as_not_recorded():
    assert changes("reason.stated", kind="restriction", what="removed", state="out") == {
        ("statements", "?", "?", "?"): 1, ("statements.restriction", "?", "?", "removed"): 1,
        ("statements.decided", "?", "?", "?"): 1, ("statements.detected", "?", "?"): 1,
    }  # fmt: skip
    assert changes("case.decided", decision="remove", round=1, people=2)["cases.without_detectors", "remove"] == 1
    assert ("notices.took", "all", "all", "35") not in changes("notice.decided", outcome="kept", late=False, first=True)


def test_leaves_are_counted_each_by_itself_in_any_order():
    some = some_leaves(7, 400)
    other = random.Random(1).sample(some, len(some))
    assert tallied(some) == tallied(other) == tallied(some[:100]) + tallied(some[100:])


def test_the_plain_count_says_the_same():
    """The same leaves, counted without the fold: by hand, for figures that need no more than one look."""
    some = some_leaves(11, 2_000)
    found = tallied(some)
    of = Counter(one.action for one in some)
    received = [one.facts for one in some if one.action == "notice.received"]
    assert sum(v for (m, _), v in found.items() if m == "notices") == of["notice.received"]
    assert found["notices", "flagger"] == sum(one.get("role") == "flagger" for one in received)
    assert found["notices.regime", "eu-dsa"] == sum("eu-dsa" in one["regimes"] for one in received)
    firsts = [one.facts for one in some if one.action == "case.decided" and one.facts["round"] == 1]
    right = [one for one in firsts if one["decision"] in ("remove", "restrict", "acted")]
    wrong = [one for one in firsts if one["decision"] == "release"]
    for probe in ("exact", "canonical"):
        for word, some_facts in (("confirmed", right), ("rejected", wrong)):
            assert found["judged", f"probe|{probe}|{word}"] == sum(
                any(pair["probe"] == probe for pair in one["detectors"]) for one in some_facts
            )
    assert found["complaints.decided", "upheld"] == sum(
        one.action == "complaint.decided" and one.facts["upheld"] for one in some
    )
    assert sum(v for (m, _), v in found.items() if m == "reports") == sum(
        one.action == "report.filed" and one.facts["environment"] == "production" for one in some
    )


VALUES = st.sampled_from(
    [None, True, 0, -1, 7, 2**53, "", "remove", "?", "a|b", "=1+1", "x" * 90, "not_recorded", "é\n"]
)
JSON = VALUES | st.lists(VALUES, max_size=2) | st.lists(st.dictionaries(st.sampled_from(["list", "probe"]), VALUES))
NAMES = ["verdict", "matches", "detectors", "role", "regimes", "took", "round", "decision", "before", "first", "source",
         "category", "environment", "kind", "country", "list", "probe", "people"]  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(measures()), st.dictionaries(st.sampled_from(NAMES), JSON), JSON)
def test_whatever_a_leaf_says_labels_are_plain_words(action, facts, day):
    for one in (*fold({"action": action, "day": DAY, "facts": facts}), *fold({"action": action, "day": day})):
        assert one.day == DAY or re.fullmatch(r"\d{4}-\d\d-\d\d", one.day)
        assert all(label == "?" or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.:/-]*", label) for label in one.labels)
        assert "|" not in json.dumps(one.labels)
        assert len("|".join(one.labels)) <= 500


@pytest.mark.parametrize("broken", [{}, {"action": 7}, {"action": "check.answered"}, {"action": "x.y", "day": DAY}])
def test_what_is_no_leaf_of_ours_counts_nothing(broken):
    assert fold(broken) == ()
