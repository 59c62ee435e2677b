"""Every setting is in the docs, with the default that it has."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from rempart.settings import Settings

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text("utf-8")
TABLES = dict(re.findall(r"^## `\[(\w+)\]`\n(.*?)(?=^## |\Z)", TEXT, re.S | re.M))
SECTIONS = {name: field.annotation for name, field in Settings.model_fields.items() if name != "data"}


def test_every_table_of_settings_is_documented_and_no_other():
    assert TABLES.keys() == SECTIONS.keys()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_documented_with_its_default(section):
    model: type[BaseModel] = SECTIONS[section]
    told = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", TABLES[section], re.M))
    assert told == {
        name: _spelled(field.get_default(call_default_factory=True)) for name, field in model.model_fields.items()
    }


def _spelled(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return json.dumps(value)
