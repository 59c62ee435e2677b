"""Every mistake in team settings, in a policy and in an imported file is told in French on French pages."""

import io
import re

import pytest

from rempart.cases.work import settings
from rempart.clock import utc_now
from rempart.errors import PolicyError, RempartError, WorkSettingsError
from rempart.lists.formats import csv, jsonl, threatexchange, vics
from rempart.lists.formats import text as plain
from rempart.lists.registry import detect
from rempart.lists.report import Refusal
from rempart.lists.schemes import built_in
from rempart.lists.source import prepared
from rempart.lists.vocabulary import ReadOptions
from rempart.policy import reading
from rempart.server.pages.texts import texts

QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'|known_good|known-good|uk-abc|vic-us")
ENGLISH = frozenset(re.findall(r"\w+", """
    expected unescaped
    invalid the is are not needed and of at most from to has have no with without there this that it known
    cannot must be write does did holds line record means missing only one each which say who what
"""))  # fmt: skip


def assert_french(english: str) -> None:
    told = texts("fr").sentence(english)
    assert told != english, f"nobody said this in French: {english}"
    words = set(re.findall(r"[a-z’]+", QUOTED.sub("", told.lower())))
    assert not words & ENGLISH, f"{words & ENGLISH} in: {told}"


SETTINGS = [
    [], {"queue": []}, {"quite_strange_key": 1}, {"claim_minutes": 0}, {"claim_minutes": "a while"}, {"queues": {}},
    {"queues": [3]}, {"queues": [{}]}, {"queues": [{"name": "Not Good"}]}, {"queues": [{"name": "a"}, {"name": "a"}]},
    {"queues": [{"name": "a", "title": "x" * 81}]}, {"queues": [{"name": "a", "roles": ["king"]}]},
    {"queues": [{"name": "a", "roles": "lead"}]}, {"queues": [{"name": "a", "persons": [""]}]},
    {"two_person": ["remove", "report", "add_to_list", "block_account"]}, {"two_person": []},
    {"schemes": []}, {"schemes": ["Uk Abc"]}, {"routes": [{"when": {}, "then": {}}]},
    {"routes": [{"when": {"priority": ["danger"]}, "then": {"priority": "highest"}}]},
    {"routes": [{"then": {"queue": "Not Good"}}]}, {"routes": [{"then": {"due_minutes": -1}}]},
    {"budgets": {"reveals_per_day": 0}}, {"budgets": []}, {"emergency": {"countries": ["GB"]}},
    {"emergency": {"contacts": [{"name": "", "reach": ""}]}}, {"peer_contact": 3},
]  # fmt: skip


def test_every_mistake_in_team_settings_is_told_in_french():
    told = 0
    for document in SETTINGS:
        with pytest.raises(WorkSettingsError) as err:
            settings.parse(document)
        for problem in err.value.problems:
            place, _, what = problem.partition(": ")
            assert_french(what)
            told += 1
            if place == "the document":
                assert_french(place)
    assert told >= len(SETTINGS)


RULE = '[[rules]]\nname = "a"\nwhen = {{ {} }}\nthen = {{ {} }}\n'
END = '[otherwise]\nverdict = "allow"\n[on_failure]\nverdict = "hold"\n'
GOOD_WHEN, GOOD_THEN = "published = true", 'verdict = "hold"'
WHENS = (
    "", 'published = "yes"', 'list = ""', "list = []", 'mode = "observing"', 'mode = "fast"', 'category = "1"',
    "max_distance = 99", "min_distance = 9\nmax_distance = 3", 'opinion = "good"', 'outcome = "well"', 'lists = "a"',
    "quite_other = 1", "context = 3", "context = { a = 1.5 }", 'signal = ["crc"]',
)  # fmt: skip
THENS = (
    "", 'verdict = "delete"', 'verdict = "hold", queue = "Not Good", case = true', 'verdict = "hold", queue = "a"',
    'verdict = "hold", assessors = 9, case = true', 'verdict = "hold", keep = "30 days"',
    'verdict = "hold", case = true, keep = "always"', 'verdict = "hold", case = 1',
)  # fmt: skip
POLICIES = (
    "x", "x = ", "x = [1", 'x = "a', "[a", "x = 1\nx = 2", "x = 0xg", "[a]\n[a]", "x = {a = 1", "x = 1979-99-99",
    "x = '\\'\nb", 'x = "\\q"', "= 1", "a.b = 1\n[a.b]", "x = {a=1, a=2}", "x = 1 y = 2", "[[a]\n", "x = \x01",
    f"format = 9\nname = 'a'\n{END}", f"format = 1\n{END}", "format = 1\nname = 'a'\n",
    f"format = 'x'\nname = ''\n{END}", f"format = 1\nname = 'a'\nrules = 3\n{END}", "x = " + "[" * 3000,
    "#" * (300 << 10),
    *(f"format = 1\nname = 'a'\n{RULE.format(when.replace(chr(10), ', '), GOOD_THEN)}{END}" for when in WHENS),
    *(f"format = 1\nname = 'a'\n{RULE.format(GOOD_WHEN, then)}{END}" for then in THENS),
    f"format = 1\nname = 'a'\n{RULE.format(GOOD_WHEN, GOOD_THEN) * 2}{END}",
)  # fmt: skip


def test_every_mistake_in_a_policy_is_told_in_french():
    for text in POLICIES:
        with pytest.raises(PolicyError) as err:
            reading.parse(text)
        for _, problem in err.value.problems:
            assert_french(problem)


MD5 = "0" * 32
ROWS = (
    "hash_type,hash_value,scheme,code,opinion,updated_at,quality,deleted", f"md5,{MD5[1:]},,,,,,", "md5," + "x" * 32,
    "crc,1", f"md5,{MD5},nowhere,1", f"md5,{MD5},vic-us,99", f"md5,{MD5},,1", f"md5,{MD5},,,good",
    f"md5,{MD5},,,,soon", f"pdq,{MD5 * 2},,,,,101", f"md5,{MD5},,,,,,maybe", "md5,", ",abc", f'md5,{MD5},,"',
)  # fmt: skip
LINES = (
    "{", "3", '{"md5": 1, "md5": 2}', '{"hash_type": "md5"}',
    f'{{"hash_type": "md5", "hash_value": "{MD5}", "scheme": "vic-us", "code": true}}', "x" * (25 << 20),
)  # fmt: skip
FILES = (
    (csv, "\n".join(ROWS)), (jsonl, "\n".join(LINES) + "\n"),
    (threatexchange, "pdq 12\nvideo_tmk 12\nphoto_md5 " + "z" * 32 + "\n"), (plain, "abc\n" + "z" * 64 + "\n"),
    (vics, '{"value": [{"MediaID": 1}, 3, {"MediaID": 2, "MD5": "0"}, {"MediaID":'),
)  # fmt: skip
CONTEXT = "http://x/VICSDATAMODEL/ProjectVic/DataModels/9.9.xml/US/$metadata#Media"
WRONG = (
    (csv, "a,b\n1,2\n"), (csv, f"md5,code\n{MD5},1\n"), (vics, "[]"), (vics, '{"a": 1}'),
    (vics, f'{{"@odata.context": "{CONTEXT}", "value": []}}'),
    (None, "\x00\x01nothing"),
)  # fmt: skip


def options(**more) -> ReadOptions:
    return ReadOptions(schemes=built_in(), now=utc_now(), source="x", **more)


def test_every_line_that_is_refused_is_told_in_french():
    reasons = []
    for form, content in FILES:
        source = prepared(io.BufferedReader(io.BytesIO(content.encode())))
        readings = form.read(source.stream, options=options(scheme=None if form is not vics else built_in()["vic-us"],
                                                            force=True))  # fmt: skip
        reasons += [one.reason for one in readings if isinstance(one, Refusal)]
    assert len(set(reasons)) >= 20, reasons
    for reason in reasons:
        assert_french(reason)


def test_every_file_that_is_none_is_told_in_french_with_what_to_do():
    for form, content in WRONG:
        source = prepared(io.BufferedReader(io.BytesIO(content.encode())))
        with pytest.raises(RempartError) as err:
            list((form or detect(source.head, origin="the body")).read(source.stream, options=options()))
        assert_french(err.value.message)
        if err.value.hint:
            assert_french(err.value.hint)
