"""Every key and element of a TOML text is found at its line."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from rempart.policy.places import places

TEXT = '''# comment with [brackets] and "quotes"
top = 1
"quoted key" = "a # no comment" # a comment

[table]
text = """
[not.a.table]
still = "text" \\""" more
"""
after = \'\'\'
x = [
\'\'\'
dotted.name.deep = 1.5

[[rows]]
many = [
  "one",
  [2, 3], # with a comment ]
  { a = 1, "b c" = [
     4 ] },
]
[rows.inner]
key = { x = 1, y = { z = true } }
[[rows]]
last = 1979-05-27T07:32:00Z
[[rows.deep]]
v = +1e5
[[rows.deep]]
v = inf
'''


def test_keys_tables_and_elements_have_their_lines():
    tomllib.loads(TEXT)
    lines = places(TEXT)
    expected = {
        ("top",): 2,
        ("quoted key",): 3,
        ("table",): 5,
        ("table", "text"): 6,
        ("table", "after"): 10,
        ("table", "dotted", "name", "deep"): 13,
        ("rows", 0): 15,
        ("rows", 0, "many"): 16,
        ("rows", 0, "many", 0): 17,
        ("rows", 0, "many", 1, 1): 18,
        ("rows", 0, "many", 2, "b c", 0): 20,
        ("rows", 0, "inner", "key", "y", "z"): 23,
        ("rows", 1): 24,
        ("rows", 1, "last"): 25,
        ("rows", 1, "deep", 1, "v"): 29,
    }
    assert {path: lines.get(path) for path in expected} == expected


def paths(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield (*path, at)
            yield from paths(inner, (*path, at))


def test_every_path_of_the_text_is_there_and_no_other():
    wanted = {("rows",), *paths(tomllib.loads(TEXT))}
    assert set(places(TEXT)) - wanted == set()
    missing = wanted - set(places(TEXT))
    assert missing == set()


KEY = st.text("ab", min_size=1, max_size=2)
SCALAR = st.sampled_from(['"x"', "1", "1.5", "true", "'#'", '"""\n"]"""', "1979-05-27"])
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + ",\n".join(items) + "]"),
    max_leaves=6,
)
LINE = st.one_of(
    st.tuples(KEY, VALUE).map(" = ".join),
    KEY.map("[{}]".format),
    KEY.map("[[{}]]".format),
    st.tuples(KEY, KEY).map(lambda two: f"[{two[0]}.{two[1]}]"),
    st.just("# [x] = '"),
)


@given(st.lists(LINE, max_size=8).map("\n".join))
def test_whatever_toml_is_accepted_its_paths_are_found(text):
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = places(text)
    assert set(paths(data)) - set(found) == set()
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())
