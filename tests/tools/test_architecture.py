"""What import-linter cannot say: the short list of modules the pure core may use."""

import ast
from pathlib import Path

from tools.environment import ROOT

PURE = {
    "__future__",
    "base64",
    "bisect",
    "binascii",
    "collections",
    "copy",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "homeserver",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "msgspec",
    "nacl",
    "operator",
    "orjson",
    "re",
    "string",
    "types",
    "typing",
    "unicodedata",
    "zlib",  # its checksum alone
}


def imported(file: Path) -> set[str]:
    """Top-level names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.partition(".")[0])
    return names


def test_the_protocol_core_imports_nothing_but_pure_modules() -> None:
    files = sorted((ROOT / "homeserver" / "protocol").rglob("*.py"))
    assert files
    foreign = {file.name: imported(file) - PURE for file in files if imported(file) - PURE}
    assert foreign == {}
