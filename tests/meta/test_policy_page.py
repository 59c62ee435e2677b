"""The page on policies says what the reader of policies knows, and its example is one."""

import re
from pathlib import Path

from rempart.policy import reading
from rempart.policy.reading import parse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "policy.md").read_text(encoding="utf-8")


def test_the_example_is_a_policy():
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    assert [rule.ruling.rule for rule in parse(example).rules] == ["exact-match", "avatars"]


def test_every_key_is_explained_and_no_other():
    explained = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.M))))
    assert explained == {*reading._ON_MATCH, *reading._ON_ITEM, *reading._THEN}
