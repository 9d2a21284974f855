"""Stored events as the JSON that peers exchange; many of them in portions, beside the loop.

Not for: who may read them (`peer_reads`, `resident`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from homeserver.protocol import canonical_json
from homeserver.protocol.events import join
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.turns import slices
from homeserver.storage.events.read import Events, StoredEvent

PORTION: Final = 200


async def pdu_texts(events: Events, event_nids: Sequence[int], rules: RoomVersion) -> list[bytes]:
    """PDUs of these events, in their order [1 trip for each 200]."""
    texts: list[bytes] = []
    async for portion in slices(event_nids, PORTION):
        found = {stored.event_nid: stored for stored in await events.by_nid(portion)}
        ordered = [found[nid] for nid in portion if nid in found]
        texts += (
            await asyncio.to_thread(_texts, ordered, rules) if len(event_nids) > PORTION else _texts(ordered, rules)
        )
    return texts


def _texts(stored: Sequence[StoredEvent], rules: RoomVersion) -> list[bytes]:
    return [_text(join(one.body, one.envelope, rules).pdu) for one in stored]


def _text(pdu: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(pdu)
    except TypeError:  # an integer beyond 64 bits, which early room versions take
        return canonical_json.encode_lenient(pdu)
