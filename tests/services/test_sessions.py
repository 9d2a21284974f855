"""Sessions and caches that are read while the stream goes on: what ends meanwhile has ended."""

import asyncio
from typing import Any, cast

import pytest

from homeserver.clock import SystemClock, SystemRng
from homeserver.errors import UnknownToken
from homeserver.services.account_data import IGNORED, AccountData
from homeserver.services.sessions import Sessions
from homeserver.storage.rows import AccountDataRow, RevocationRow
from homeserver.storage.sessions import Session

ALICE = "@alice:hearth.test"
SESSION = Session(
    session_nid=1,
    user_nid=2,
    user_id=ALICE,
    device_nid=3,
    device_id="D",
    access_expires_ts=None,
    is_guest=False,
    is_admin=False,
    is_locked=False,
    is_deactivated=False,
    is_suspended=False,
    is_shadow_banned=False,
    messages_per_second=None,
    message_burst=None,
)


class SlowTable:
    """Answers what was true when it was asked, once it is let go."""

    def __init__(self, now: object) -> None:
        self.now = now
        self.go_on = asyncio.Event()

    async def authenticate(self, _digest: bytes) -> object:
        return await self._answer()

    async def read(self, _user_id: str, _room_id: str, _kind: str) -> object:
        return await self._answer()

    async def _answer(self) -> object:
        answer = self.now
        await self.go_on.wait()
        return answer


async def test_a_token_revoked_while_it_is_looked_up_is_not_good() -> None:
    table = SlowTable(SESSION)
    sessions = Sessions(cast("Any", table), cast("Any", None), SystemClock(), SystemRng())
    asked = asyncio.ensure_future(sessions.authenticate("hea_token"))
    await asyncio.sleep(0)
    table.now = None
    sessions.apply(RevocationRow(user_id=ALICE, kind="device", device_id="D"))
    table.go_on.set()
    with pytest.raises(UnknownToken):
        await asked


async def test_who_is_ignored_while_the_list_is_read_is_ignored() -> None:
    table = SlowTable(None)
    account_data = AccountData(cast("Any", table), cast("Any", None))
    asked = asyncio.ensure_future(account_data.ignored_by(ALICE))
    await asyncio.sleep(0)
    content = b'{"ignored_users":{"@spam:hearth.test":{}}}'
    account_data.apply(AccountDataRow(user_id=ALICE, room_id="", type=IGNORED, content=content))
    table.go_on.set()
    assert await asked == {"@spam:hearth.test"}
    assert await account_data.ignored_by(ALICE) == {"@spam:hearth.test"}
