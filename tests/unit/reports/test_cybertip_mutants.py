"""What the service's schema refuses, the rule table refuses too: documents with one thing done to them.

Without a copy of the schema each kind of change is held against what is surely wrong by the documentation.
"""

import os
import random
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.reports.cybertip.document.checking import Root, problems_of_xml
from rempart.reports.cybertip.document.writing import file_xml, report_xml
from tipmutants import BYTES, CHANGES, changed
from tips import NOW, tips
from tipschema import mistakes, schema

LONG = bool(os.environ.get("REMPART_CAMPAIGN"))
EXAMPLES = 400 if LONG else 7
ROUNDS = 2 if LONG else 1


def test_a_document_with_one_thing_done_to_it_is_refused_where_the_schema_refuses_it():
    told: dict[str, Counter[str]] = {name: Counter() for name in (*CHANGES, *BYTES)}

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not LONG,
        database=None,
    )  # fmt: skip
    @given(tips(), st.integers(0, 2**32))
    def run(tip, seed):
        rng = random.Random(seed)
        data = {Root.REPORT: [report_xml(tip.report)]}
        data[Root.FILE] = [file_xml(file, report_id=9, file_id="c" * 32) for file in tip.files]
        for kind, documents in data.items():
            for document in documents * ROUNDS:
                for name, count in told.items():
                    tried(kind, document, name, count, rng)

    def tried(kind, document, name, count, rng):
        made = changed(document, name, rng)
        if made is None:
            return
        mutant, sure = made
        refused = bool(problems_of_xml(mutant, kind, now=NOW))
        by_schema = schema() is not None and bool(mistakes(mutant))
        assert refused or not sure, (name, mutant.decode(errors="replace"))
        assert refused or not by_schema, (name, mutant.decode(errors="replace"))
        count["mutants"] += 1
        count["sure"] += sure
        count["table"] += refused
        count["schema"] += by_schema

    run()
    assert all(count["mutants"] for count in told.values())  # every kind of change was made
    assert all(told[name]["sure"] for name in told if name not in {"rename_to_known", "move", "graft", "wrong_text"})
    if LONG:
        publish(told)
        assert sum(count["mutants"] for count in told.values()) >= 10_000


def publish(told):
    """The figures of a long run, as `docs/decisions/0018-cybertip.md` shows them."""
    print(f"\n{'change':20}{'mutants':>10}{'schema':>10}{'table':>10}")
    for name, count in {**told, "all": sum(told.values(), Counter())}.items():
        print(f"{name:20}{count['mutants']:>10}{count['schema']:>10}{count['table']:>10}")
