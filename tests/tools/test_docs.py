"""The documents: what they show can be used, what they point to is there."""

import re
from pathlib import Path
from textwrap import dedent

import click
import msgspec
import pytest

from homeserver import cli
from homeserver.config import Config
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


SHOWN = [
    pytest.param(block, id=f"{document.stem} {number}")
    for document in sorted((ROOT / "docs" / "operate").glob("*.md"))
    for number, block in enumerate(
        re.findall(r"```yaml\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL), start=1
    )
]


@pytest.mark.parametrize("block", SHOWN)
def test_what_the_documents_show_of_a_configuration_is_accepted(block: str, tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", tmp_path / "homeserver.yaml"
    secret.write_text("s" * 43, encoding="utf-8")
    text = re.sub(r"_file: [^\s,}]+", f"_file: {secret}", block)
    file.write_text(f"server_name: example.org\n{text}", encoding="utf-8")
    assert load(file, {}).server_name == "example.org"


def _keys(section: object, at: str = "") -> set[str]:
    """Every key of the configuration with those above it, as `database.url`."""
    if not isinstance(section, msgspec.Struct):
        return set()
    names = {field.encode_name: getattr(section, field.name) for field in msgspec.structs.fields(section)}
    return {f"{at}{name}" for name in names}.union(*(_keys(inner, f"{at}{name}.") for name, inner in names.items()))


def test_every_key_that_the_guides_name_is_one() -> None:
    known = _keys(Config())
    closed = {key for key in known if not any(other.startswith(f"{key}.") for other in known)}
    for document in sorted((ROOT / "docs" / "operate").glob("*.md")):
        for key in re.findall(r"`([a-z_]+(?:\.[a-z_0-9]+)+)", document.read_text(encoding="utf-8")):
            if key.split(".")[0] in known and key.split(".")[0] not in closed:
                assert key in known or key.rpartition(".")[0] in closed, f"{document.name}: {key}"


def test_every_command_that_the_guides_name_is_one() -> None:
    for document in DOCUMENTS:
        for words in re.findall(r"`homeserver ((?:[a-z-]+ ?)+)", document.read_text(encoding="utf-8")):
            command: click.Command | None = cli.main
            for word in words.split():
                if isinstance(command, click.Group):
                    command = command.commands.get(word)
                    assert command is not None, f"{document.name}: homeserver {words}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_a_link_inside_the_documents_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
