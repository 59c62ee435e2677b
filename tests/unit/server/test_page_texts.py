"""What the pages say is said in every language, with the same values, and errors say what to do."""

import ast
import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest

from rempart.cases.assessing.values import Ending
from rempart.errors import RefusedError, RempartError
from rempart.people.permissions import APPROVED_WITH, Role, Scope
from rempart.server.pages import rendering, seconding
from rempart.server.pages.contexts import Context
from rempart.server.pages.navigation import ENTRIES, GROUPS
from rempart.server.pages.routes import PARTS, routes
from rempart.server.pages.texts import LANGUAGES, preferred, texts

SOURCE = Path(rendering.__file__).resolve().parents[2]
PAGES = SOURCE / "server" / "pages"
TEMPLATES = sorted((PAGES / "templates").rglob("*.html"))
# Where a key is put together from two parts; packages of pages have theirs in a module `families_<package>`, which also
# names (`SAME`) the sentences that are the same in every language.
FAMILIES: dict[str, list[str]] = {
    "role.": [f"{role.value}{end}" for role in Role for end in ("", ".does")],
    "scope.": [scope.value for scope in Scope],
    "kind.": list(APPROVED_WITH),
    "key_state.": ["usable", "ending", "expired", "revoked"],
    "mode.": ["observing", "blocking"],
    "fact.": sorted(seconding.LABELLED),
    "refusal.": ["401", "403", "404", "405", "409", "422", "429", "500", "503"],
    "state.": [f"{key}{end}" for key in ("lacking", "people", "keys", "queued", "dead") for end in ("", ".look")],
}
SAME = {"nav.webhooks"}
PARTIAL = {"layout", "parts", "picture", "precision", "flags"}
"""Templates that stand in others."""
SAYING: set[str] = set()
"""Files of other rooms whose errors these pages show."""
for part in PARTS:
    if (there := Path(__file__).parent / f"families_{part}.py").exists():
        spec = importlib.util.spec_from_file_location(there.stem, there)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        FAMILIES |= module.FAMILIES
        SAME |= module.SAME
        SAYING |= getattr(module, "SAYING", set())
ERRORS = {
    "RefusedError", "NotPermittedError", "NotSignedInError", "TooManyRequestsError", "UnavailableError",
    "TamperedError", "NotFoundError", "ConflictError", "RempartError", "IncompleteError", "_untrusted", "_broken",
    "BudgetReachedError", "LookOverError", "LegalHoldError",
}  # fmt: skip
ASKING = {"why_second", "_must_ask", "abnormal"}
"""Functions that say why a change waits for a second person."""
# What only services meet, who read English: keys and quotas.
FOR_SERVICES = re.compile(r"Authorization|This key|quota|There is no key|Send a key|scope|No key may|midnight")


def keys_in(text: str) -> set[str]:
    found = set(re.findall(r'(?:say|count|message=)\(?\s*"([a-z_]+\.[a-z_.0-9]+)"', text))
    found |= set(re.findall(r"say\('([a-z_.]+)'", text))
    for both in re.findall(r"say\(\"([a-z_.]+)\" if [^)]*? else \"([a-z_.]+)\"\)", text):
        found |= set(both)
    return {key for key in found if not key.endswith((".", "_"))}  # a family, whose ends are put together elsewhere


def used() -> set[str]:
    found = {f"{family}{end}" for family, ends in FAMILIES.items() for end in ends}
    for path in [*TEMPLATES, *PAGES.rglob("*.py")]:
        found |= keys_in(path.read_text())
    for path in PAGES.rglob("*.py"):
        text = path.read_text()
        found |= {key for key in texts("en").words if f'"{key}"' in text}
        for names in re.findall(r"_DONE = frozenset\((.*?)\)\n", text, re.S):
            found |= {f"done.{name}" for name in re.findall(r'"(\w+)"', names)}
    return found | {f"nav.{name}" for _, name, _ in ENTRIES} | {f"group.{group}" for group in GROUPS}


def values(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w*)}", sentence))


def test_every_key_that_pages_use_is_there():
    words = texts("en").words
    missing = {key for key in used() if key not in words and f"{key}.one" not in words}
    assert missing == set()


def test_no_sentence_is_kept_that_no_page_says():
    counted = {key.rsplit(".", 1)[0] for key in texts("en").words if key.endswith((".one", ".other"))}
    known = used() | {f"{key}.{form}" for key in counted & used() for form in ("one", "other")}
    known |= {"done.approved", "done.refused", "done.key_revoked"}
    assert set(texts("en").words) - known == set()


@pytest.mark.parametrize("lang", sorted(set(LANGUAGES) - {"en"}))
def test_every_sentence_is_translated_with_the_same_values(lang):
    english, other = texts("en").words, texts(lang).words
    assert set(english) == set(other)
    assert [key for key in english if values(english[key]) != values(other[key])] == []
    same = {key for key in english if english[key] == other[key]}
    assert same == SAME


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates_hold_no_words_of_their_own(template):
    text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", template.read_text(), flags=re.S)
    text = re.sub(r"<[^>]*>", "", text)
    words = set(re.findall(r"[A-Za-zÀ-ÿ]{2,}", text)) - {"Rempart", "rempart", "list", "import"}
    assert words == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates_hold_no_script_and_no_style_of_their_own(template):
    text = template.read_text()
    assert not re.search(r"<style|\bstyle=|\bon[a-z]+=|<script(?! type=\"module\" src=)|javascript:|\|safe", text)


def test_every_template_has_its_declared_context():
    routes()  # imports every package of pages
    declared = {context.template for context in Context.__subclasses__()}
    whole = [path for path in TEMPLATES if "{% extends" in path.read_text()]  # the others are parts of these
    assert declared == {str(path.relative_to(PAGES / "templates").with_suffix("")) for path in whole}


def said() -> list[tuple[str, str]]:
    """Every message and hint of the errors that people may see, and where it stands."""
    found = []
    work = [*(SOURCE / "cases" / "work").rglob("*.py"), *(SOURCE / "cases" / "assessing").rglob("*.py")]
    files = [*(SOURCE / "people").rglob("*.py"), *work, *PAGES.rglob("*.py"), SOURCE / "server" / "access.py",
             SOURCE / "server" / "oidc.py", *(SOURCE / "cases" / "sight").rglob("*.py"),
             *(SOURCE / "cases" / "care").rglob("*.py"), *(SOURCE / name for name in sorted(SAYING))]  # fmt: skip
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                parts = [*node.args, *(one.value for one in node.keywords if one.arg == "hint")]
                found += [(text, path.name) for part in parts if (text := _text(part))]
    for path in (SOURCE / "lists" / name for name in ("curation_settings.py", "ingest.py", "growth.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and function.name in ASKING:
                found += [(text, path.name) for node in ast.walk(function) if (text := _said(node))]
    return found


def _said(node: ast.AST) -> str:
    """A whole sentence that a function gives, and not a name in it."""
    text = _text(node) if isinstance(node, ast.JoinedStr | ast.Constant) else ""
    return text if text.endswith(".") and text[0].isupper() and len(text) > 8 and " a second person" not in text else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""


def test_every_error_that_people_may_see_is_translated():
    french = texts("fr").errors
    missing = [(text, place) for text, place in said() if text not in french and not FOR_SERVICES.search(text)]
    assert missing == []


def test_every_error_says_what_to_do():
    silent = []
    for path in [*(SOURCE / "people").rglob("*.py"), *PAGES.rglob("*.py"), SOURCE / "server" / "access.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS and node.args:
                hinted = any(one.arg == "hint" for one in node.keywords)
                if (
                    not hinted
                    and _text(node.args[0])
                    and not re.search(r" has to | needs |too long", _text(node.args[0]))
                ):
                    silent.append(_text(node.args[0]))
    assert silent == []


def test_no_translation_is_kept_of_what_nobody_says():
    shared = {
        "Your roles do not allow this.",
        "Ask an administrator for a role that may, or a colleague who has it.",
        "The database could not be used now ({}).",
        "The database could not be used now.",
        "This needs a fresh proof of who you are; sign in again.",
        "You are not signed in.",
        "Sign in.",
        "adds",
        "changes",
        "withdraws",
        *(ending.value for ending in Ending),
    }
    kept = set(texts("fr").errors) - {text for text, _ in said()} - shared
    told = PAGES / "texts" / "errors.fr"
    of_files = set().union(*(json.loads((told / f"{name}.json").read_text()) for name in ("work", "policy", "imports")))
    assert kept - of_files == set()
    whole = _constants()
    unsaid = {one for one in kept if not all(part.strip(" .").casefold() in whole for part in one.split("{}"))}
    assert unsaid == set()


def _constants() -> str:
    """All that the readers of settings, policies and lists say, of which mistakes are put together."""
    rooms = (SOURCE / "cases" / "work", SOURCE / "policy", SOURCE / "lists", SOURCE / "signals")
    files = [Path(tomllib.loads.__code__.co_filename), *(file for room in rooms for file in room.rglob("*.py"))]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    return "\n".join(_text(node) for node in nodes if isinstance(node, ast.Constant | ast.JoinedStr)).casefold()


def test_an_error_with_a_figure_in_it_is_told_in_french():
    french = texts("fr")
    assert french.told(RefusedError("Too many requests.", hint="Wait 12 s, then try again more slowly.")) == (
        "Trop de requêtes.",
        "Attendez 12 s, puis réessayez plus lentement.",
    )
    lie = RefusedError("The identity provider's answer is not to be trusted: it has expired.")
    assert french.told(lie)[0].endswith("elle a expiré.")


def test_an_error_that_nobody_translated_is_told_in_english_and_not_hidden():
    assert texts("fr").told(RempartError("Something new."))[0] == "Something new."


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("", "en"), ("fr", "fr"), ("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("de,en;q=0.5", "en"), ("de", "en"),
        ("en;q=0.1,fr;q=0.9", "fr"), ("fr;q=x", "en"), ("," * 500, "en"),
    ],
)  # fmt: skip
def test_the_browsers_language_is_taken_where_it_is_there(header, lang):
    assert preferred(header) == lang


def test_numbers_are_written_as_the_language_does():
    assert texts("en").say("keys.limit_minute", count=12345) == "12,345 requests a minute"
    assert texts("fr").say("keys.limit_minute", count=12345) == "12\u202f345 requêtes par minute"


def test_counted_sentences_follow_the_language():
    assert texts("fr").count("people.sessions_open", 0) == "0 session ouverte"
    assert texts("en").count("people.sessions_open", 0) == "0 sessions"


def test_no_french_line_begins_with_a_sign_that_has_a_space_before_it():
    french = texts("fr")
    broken = [text for text in (*french.words.values(), *french.errors.values()) if re.search(r" [:;?!»]|« ", text)]
    assert broken == []
    assert french.say("changes.why").endswith("\u00a0:")
