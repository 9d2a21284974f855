"""The documents: what they show can be used, what they point to is there."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from homeserver.config.loader import load
from tools.environment import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_configuration_in_the_readme_is_accepted(tmp_path: Path) -> None:
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(shown) == 1
    file = tmp_path / "homeserver.yaml"
    file.write_text(dedent(shown[0]), encoding="utf-8")
    config = load(file, {})
    assert config.server_name == "example.org"
    assert config.federates
    assert [listener.port for listener in config.listeners] == [443, 8448]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_a_link_inside_the_documents_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
