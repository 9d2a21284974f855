"""Filters that clients upload. Spec: Client-Server API, Filtering."""

from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

from homeserver.errors import BadJson, NotFound
from homeserver.protocol.errors import BadJson as BadFilter
from homeserver.protocol.filters import SyncFilter, parse_filter
from homeserver.storage.account_data import Filters as FilterTable

CACHED = 10_000
MAX_DIGITS = 18


class Filters:
    """Stores filters, and compiles them for syncs."""

    def __init__(self, table: FilterTable) -> None:
        self._table = table
        self._compiled: OrderedDict[tuple[str, str], SyncFilter] = OrderedDict()

    async def create(self, user_id: str, definition: Mapping[str, Any]) -> str:
        """Store a filter; its id. Equal filters share one. Raises BadJson."""
        text = orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)
        compiled = _compiled(text)
        filter_id = str(await self._table.create(user_id, text, sha256(text).digest()))
        self._remember(user_id, filter_id, compiled)
        return filter_id

    async def read(self, user_id: str, filter_id: str) -> dict[str, Any]:
        """A filter of the user as they wrote it. Raises NotFound."""
        definition: dict[str, Any] = orjson.loads(await self._stored(user_id, filter_id))
        return definition

    async def for_sync(self, user_id: str, given: str) -> SyncFilter:
        """The filter that `filter` of a sync means: an id, or a definition as JSON. Raises NotFound, BadJson.

        [0 trips warm, 1 cold]
        """
        if given.startswith("{"):
            return _compiled(given)
        known = self._compiled.get((user_id, given))
        if known is None:
            known = _compiled(await self._stored(user_id, given))
            self._remember(user_id, given, known)
        return known

    async def _stored(self, user_id: str, filter_id: str) -> bytes:
        is_number = filter_id.isascii() and filter_id.isdigit() and len(filter_id) <= MAX_DIGITS
        definition = await self._table.read(user_id, int(filter_id)) if is_number else None
        if definition is None:
            raise NotFound("There is no such filter.")
        return definition

    def _remember(self, user_id: str, filter_id: str, compiled: SyncFilter) -> None:
        self._compiled[user_id, filter_id] = compiled
        if len(self._compiled) > CACHED:
            self._compiled.popitem(last=False)


@lru_cache(maxsize=CACHED)
def _compiled(text: bytes | str) -> SyncFilter:
    try:
        return SyncFilter(parse_filter(text))
    except BadFilter as bad:
        raise BadJson(str(bad)) from bad
