"""`config.example.yaml` is what the Structs say."""

from homeserver.config import Config
from homeserver.config.loader import load
from tools.gen_config import TARGET, field_docs, text


def test_the_example_file_is_the_generated_one() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "run: python tools/gen_config.py"


def test_the_example_file_holds_the_defaults() -> None:
    assert load(TARGET, {}) == Config()


def test_field_docs_are_found() -> None:
    assert field_docs(Config)["processes"].startswith("* Processes on this machine")
