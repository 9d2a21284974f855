"""Writes docs/features.md: what the web client can do, and the story that shows it.

Usage: python -m tools.features
"""

import ast
from itertools import groupby
from pathlib import Path

from tests.browser.features import ROWS, Row
from tools.environment import ROOT

DOCUMENT = ROOT / "docs" / "features.md"
STORIES = ROOT / "tests" / "browser"


def stories() -> frozenset[str]:
    """Every test of the browser stories, as "file::test"."""
    return frozenset(
        f"{path.stem}::{node.name}"
        for path in sorted(STORIES.glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def document() -> str:
    """The text of docs/features.md."""
    shown = sum(1 for row in ROWS if row.story)
    lines = [
        "# Features of the web client",
        "",
        "Written by `tools/features.py` from `tests/browser/features.py`; do not edit. Each row names the browser",
        f"story that shows it on a real server: {shown} of {len(ROWS)} rows have one.",
    ]
    for area, rows in groupby(ROWS, key=lambda row: row.area):
        lines += ["", f"## {area}", "", "| feature | story | shown by |", "|---|---|---|"]
        lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    file, _, test = row.story.partition("::")
    story = f"[{test.removeprefix('test_').replace('_', ' ')}](../tests/browser/{file}.py)" if row.story else "none yet"
    return f"| {row.name} | {story} | {row.shown} |"


def write(path: Path = DOCUMENT) -> None:
    """Write the document."""
    path.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    write()
