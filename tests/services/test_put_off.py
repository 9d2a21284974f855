"""What is due while the database is away is not given up: it stays noted, and is done later."""

import asyncio
import contextlib
from typing import Any, cast

import pytest

from homeserver.errors import Forbidden
from homeserver.services.discovery.number_invites import NumberInvites
from homeserver.services.extensions.muting import Muting
from homeserver.services.phone.approval import Approval
from homeserver.services.phone.own_numbers import OwnNumbers
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.number_invites import NumberInvite
from homeserver.storage.phone_accounts import NumberChange, PhoneAccount
from homeserver.storage.restrictions import Restriction
from homeserver.storage.sign_ins import RecoveryNews

ANN = "@ann:test"


class Now:
    """A clock that stands still."""

    def now_ms(self) -> int:
        return 1_800_000_000_000


class House:
    """Stands for every table and every room: one thing of each kind is due, and what is done with it fails."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure
        self.dropped: list[object] = []
        self.changing = lambda _room_id: asyncio.Lock()

    # -- what is due

    async def due(self, *_: object) -> list[Restriction]:
        return [Restriction("!room", ANN, 1, "@ben:test")]

    async def due_changes(self, _now_ms: int) -> list[NumberChange]:
        return [NumberChange(ANN, "old", "new", b"", 1, 1)]

    async def of_user(self, *now_ms: int) -> list[NumberInvite]:
        return [NumberInvite("token", "number", "!room", "@ben:test", 1)] if len(now_ms) > 1 else []

    async def claim_news(self, *_: object) -> RecoveryNews | None:
        return None if self.dropped else RecoveryNews(ANN, "planned", 1)

    # -- what fails

    async def room(self, _room_id: str) -> object:
        raise self.failure

    find = room

    async def replace_stored(self, *_: object) -> None:
        raise self.failure

    async def tell(self, *_: object) -> None:
        raise self.failure

    # -- what is dropped then

    async def delete(self, one: object) -> None:
        self.dropped.append(one)

    drop_change = remove = told = delete

    # -- what else is asked

    async def read(self, _user_id: str) -> PhoneAccount:
        return PhoneAccount(False, 1, invitable=True, found=False, is_signed_in=True, created_ts=1, sign_outs=0)

    async def waiting(self, *_: object) -> list[object]:
        return []

    async def recovery(self, _user_id: str) -> None:
        return None

    async def write(self, *_: object) -> None:
        return None


async def mutes(house: Any) -> None:
    await Muting(rooms=house, commits=house, roles=house, table=house, clock=cast(Any, Now())).end_due()


async def numbers(house: Any) -> None:
    own = OwnNumbers(
        verifications=house,
        addresses=house,
        accounts=house,
        users=house,
        confirmation=house,
        mail=None,
        clock=cast(Any, Now()),
    )
    await own.change_due()


async def invites(house: Any) -> None:
    bringing = NumberInvites(
        table=house,
        addresses=house,
        accounts=house,
        guard=house,
        carrier=house,
        rooms=house,
        commits=house,
        inviting=house,
        sending=house,
        profiles=house,
        check=house,
        key=house,
        base_url="",
        clock=cast(Any, Now()),
        rng=house,
    )
    await bringing.bring(ANN)


async def recoveries(house: Any) -> None:
    approval = Approval(
        table=house,
        stream=house,
        verifications=house,
        addresses=house,
        mail=None,
        page="",
        clock=cast(Any, Now()),
        rng=house,
    )
    async with asyncio.timeout(0.1):
        await approval.tell_by(house.tell)


@pytest.mark.parametrize("tries", [mutes, numbers, invites, recoveries])
@pytest.mark.parametrize(("failure", "is_dropped"), [(DatabaseDown(), False), (Forbidden(), True)])
async def test_it_is_dropped_when_it_cannot_be_and_kept_when_it_cannot_be_now(
    tries: Any, failure: Exception, is_dropped: bool
) -> None:
    house = House(failure)
    with contextlib.suppress(DatabaseDown, TimeoutError):
        await tries(house)
    assert bool(house.dropped) is is_dropped
