"""Answers that hold a whole room's state: read item by item as they arrive, never as one object.

Cutting a part apart takes a millisecond or two; a whole answer of 20,000 members, parsed at once, would hold everything
else up for a second and take ten times its size.
"""

import asyncio
from collections.abc import Collection
from typing import Any, Final

from homeserver.federation.client.errors import BadResponse, NoAnswer
from homeserver.net.errors import NetError
from homeserver.net.http import Streamed
from homeserver.protocol.errors import BadJson
from homeserver.protocol.json_items import ItemSplitter

PIECE_BYTES: Final = 16 * 1024
"""Of an answer, cut apart in one turn of the loop."""


async def read_lists(
    server: str, answer: Streamed, fields: Collection[str]
) -> tuple[dict[str, list[bytes]], dict[str, Any]]:
    """The objects in these lists as JSON, and what else is in the answer. Raises BadResponse, NoAnswer."""
    splitter = ItemSplitter(fields)
    lists: dict[str, list[bytes]] = {field: [] for field in fields}
    try:
        async for part in answer.parts:
            for start in range(0, len(part), PIECE_BYTES):
                for field, text in splitter.feed(part[start : start + PIECE_BYTES]):
                    lists[field].append(text)
                await asyncio.sleep(0)  # what has arrived already comes without a wait
        rest = splitter.rest()
    except BadJson as error:
        raise BadResponse(server, f"the answer cannot be read: {error}") from error
    except NetError as error:
        raise NoAnswer(server, str(error)) from error
    if not all(isinstance(rest.get(field), list) for field in fields):
        raise BadResponse(server, f"the answer lacks one of {', '.join(fields)}")
    return lists, rest
