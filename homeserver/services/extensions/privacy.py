"""Wishes that the server keeps for its users: whether others see when they are online.

The wish is the account data `app.hearth.privacy`; it is kept in memory, because presence asks often.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from homeserver.protocol.identifiers import PREFIX
from homeserver.storage.account_data import AccountData
from homeserver.storage.rows import AccountDataRow, Row

PRIVACY: Final = f"{PREFIX}privacy"


class Privacy:
    """Who hides what. Follows the feed."""

    def __init__(self, table: AccountData, changed: Callable[[str], None]) -> None:
        """`changed` hears of users whose wishes are new."""
        self._table = table
        self._changed = changed
        self._hidden: set[str] = set()

    async def load(self) -> None:
        """Read the wishes of all users, once at the start [1 trip]."""
        for user_id, content in await self._table.everyones(PRIVACY):
            self._keep(user_id, orjson.loads(content))

    def hides_presence(self, user_id: str) -> bool:
        """Whether nobody may see that the user is online."""
        return user_id in self._hidden

    def apply(self, row: Row) -> None:
        """Follow the stream."""
        if isinstance(row, AccountDataRow) and row.type == PRIVACY and not row.room_id:
            self._keep(row.user_id, orjson.loads(row.content))
            self._changed(row.user_id)

    def _keep(self, user_id: str, wishes: object) -> None:
        wish: Mapping[str, Any] = wishes if isinstance(wishes, dict) else {}
        if wish.get("presence") == "nobody":
            self._hidden.add(user_id)
        else:
            self._hidden.discard(user_id)
