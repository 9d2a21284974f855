"""Account data: what clients keep for their user, global or for a room; tags; whom a user ignores.

Spec: Client-Server API, Client config; Room tagging; Ignoring users.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

import orjson

from homeserver.errors import BadJson, Forbidden, MethodNotAllowed, NotFound
from homeserver.protocol.identifiers import PREFIX
from homeserver.storage.account_data import AccountData as AccountDataTable
from homeserver.storage.rows import AccountDataRow, Row
from homeserver.storage.stream import Stream

IGNORED = "m.ignored_user_list"
TAGS = "m.tag"
SIGN_INS = f"{PREFIX}sign_ins"
MANAGED = frozenset({"m.push_rules", "m.fully_read", SIGN_INS})
"""Kinds with endpoints of their own. Spec: Client-Server API, Client config, server-managed."""
HIDDEN_PREFIX = f"{PREFIX}push_ruleset"
MAX_TYPE_BYTES = 255
MAX_TAGS = 200
CACHED_USERS = 50_000


class AccountData:
    """Reads and writes account data."""

    def __init__(self, table: AccountDataTable, stream: Stream) -> None:
        self._table = table
        self._stream = stream
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._ignored: OrderedDict[str, frozenset[str]] = OrderedDict()

    async def read(self, user_id: str, kind: str, room_id: str = "") -> dict[str, Any]:
        """One entry. Raises NotFound."""
        content = await self._table.read(user_id, room_id, kind) if not kind.startswith(HIDDEN_PREFIX) else None
        if content is None:
            raise NotFound("There is no such account data.")
        entry: dict[str, Any] = orjson.loads(content)
        return entry

    async def set(self, user_id: str, kind: str, content: Mapping[str, Any], room_id: str = "") -> None:
        """Set one entry. Raises MethodNotAllowed for kinds that the server manages."""
        if kind in MANAGED or kind.startswith(HIDDEN_PREFIX):
            raise MethodNotAllowed(f"{kind} has an endpoint of its own.", errcode="M_BAD_JSON")
        if len(kind.encode("utf-8", "surrogatepass")) > MAX_TYPE_BYTES:
            raise BadJson("The type is too long.")
        await self._write(user_id, kind, content, room_id)

    async def _write(self, user_id: str, kind: str, content: Mapping[str, Any], room_id: str) -> None:
        row = AccountDataRow(user_id=user_id, room_id=room_id, type=kind, content=orjson.dumps(content))
        await self._stream.write(row)

    async def tags(self, user_id: str, room_id: str) -> dict[str, Any]:
        """The user's tags of a room, by name."""
        content = await self._table.read(user_id, room_id, TAGS)
        tags = orjson.loads(content).get("tags") if content is not None else None
        return tags if isinstance(tags, dict) else {}

    async def set_tag(self, user_id: str, room_id: str, tag: str, content: Mapping[str, Any]) -> None:
        """Tag a room. Raises BadJson for an `order` that is no number, Forbidden for too many."""
        order = content.get("order")
        if order is not None and (isinstance(order, bool) or not isinstance(order, int | float)):
            raise BadJson("`order` is a number.")
        async with self._tagging(user_id, room_id):
            tags = await self.tags(user_id, room_id)
            if tag not in tags and len(tags) >= MAX_TAGS:
                raise Forbidden(f"A room has at most {MAX_TAGS} tags.")
            await self._write(user_id, TAGS, {"tags": {**tags, tag: content}}, room_id)

    async def remove_tag(self, user_id: str, room_id: str, tag: str) -> None:
        """Take a tag away; nothing happens if it is not there."""
        async with self._tagging(user_id, room_id):
            tags = await self.tags(user_id, room_id)
            if tags.pop(tag, None) is not None:
                await self._write(user_id, TAGS, {"tags": tags}, room_id)

    def _tagging(self, user_id: str, room_id: str) -> asyncio.Lock:
        """Held by one change of a room's tags at a time: all tags are one entry."""
        return self._locks.setdefault((user_id, room_id), asyncio.Lock())

    async def ignored_by(self, user_id: str) -> frozenset[str]:
        """Whom the user ignores [0 trips warm]."""
        known = self._ignored.get(user_id)
        if known is None:
            content = await self._table.read(user_id, "", IGNORED)
            # What the stream brought meanwhile is newer than what was read.
            known = self._ignored.get(user_id)
            if known is None:
                known = self._keep_ignored(user_id, content)
        return known

    def _keep_ignored(self, user_id: str, content: bytes | None) -> frozenset[str]:
        ignored = self._ignored[user_id] = _ignored_users(content)
        if len(self._ignored) > CACHED_USERS:
            self._ignored.popitem(last=False)
        return ignored

    def apply(self, row: Row) -> None:
        """Follow the stream."""
        if isinstance(row, AccountDataRow) and row.type == IGNORED and not row.room_id:
            self._keep_ignored(row.user_id, row.content)


def _ignored_users(content: bytes | None) -> frozenset[str]:
    users = orjson.loads(content).get("ignored_users") if content is not None else None
    return frozenset(users) if isinstance(users, dict) else frozenset()
