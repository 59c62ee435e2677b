"""Packages opened by their recipients: what is in them, what is not, and that a stranger can check them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import jpeg
from referring import LEDGER, POLICE, SECOND, Bureau

_TOUCHES = ["sealed", "kept", "let_go", "opened"]
SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "verify_referral.py"


def checked(folder, data, *keys):
    """What the script from the docs says of a ZIP."""
    path = folder / "package.zip"
    path.write_bytes(data)
    return subprocess.run(
        [sys.executable, SCRIPT, path, *(keys or (LEDGER.key.line,))], capture_output=True, text=True, cwd=folder
    )


@pytest.fixture
def bureau(store):
    return Bureau(store)


def test_the_police_open_a_package_with_content_and_a_stranger_verifies_it(bureau, tmp_path):
    contents = [jpeg(1, 64, 48), jpeg(2, 64, 48)]
    case = bureau.case(*contents)
    sealed = bureau.pack(bureau.confirmed(case, "yard", "lab", content=True))
    assert sealed.startswith(b"age-encryption.org/v1\n")
    parts = POLICE.open(sealed)
    assert parts == SECOND.open(sealed)
    assert [parts[f"content/000{n}.jpg"] for n in (1, 2)] == contents
    custody = json.loads(parts["custody.json"])["objects"]
    assert [[line["action"] for line in lines] for lines in custody.values()] == [_TOUCHES, _TOUCHES]
    done = checked(tmp_path, POLICE.zip(sealed))
    assert (done.returncode, done.stderr) == (0, "")
    assert "proofs from the ledger of forum.example/ledger" in done.stdout
