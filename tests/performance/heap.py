"""What scripts keep in a page's memory, told apart from what the engine compiles of them by and by."""

import json
from typing import Any, Final

from playwright.async_api import CDPSession

DATA: Final = frozenset({"object", "closure", "array", "string", "concatenated string", "sliced string", "regexp"})
"""Kinds of what scripts make. Of others the engine has more for as long as it finds functions that are used often."""


async def kept_bytes(browser: CDPSession) -> int:
    """Bytes of everything that scripts hold."""
    parts: list[str] = []

    def take(event: dict[str, str]) -> None:
        parts.append(event["chunk"])

    browser.on("HeapProfiler.addHeapSnapshotChunk", take)
    await browser.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    browser.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    return _size_of_data(json.loads("".join(parts)))


def _size_of_data(snapshot: dict[str, Any]) -> int:
    """Of a snapshot as V8 writes it: a row of numbers for each node, whose columns and kinds are named beside it."""
    columns, kinds = snapshot["snapshot"]["meta"]["node_fields"], snapshot["snapshot"]["meta"]["node_types"][0]
    numbers, width = snapshot["nodes"], len(columns)
    kind_of, size_of = numbers[columns.index("type") :: width], numbers[columns.index("self_size") :: width]
    return sum(size for kind, size in zip(kind_of, size_of, strict=True) if kinds[kind] in DATA)
