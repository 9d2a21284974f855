"""How many rooms one may be in, and how many invites may wait for one."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.config.accounts import Registration
from homeserver.config.content import Rooms
from tests.admin.conftest import ADMIN, SECRET, made_by_secret
from tests.support.client import Refused, User
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


async def test_nobody_is_in_more_rooms_or_has_more_invites_than_the_admin_lets(
    cluster: "Cluster", tmp_path: Path
) -> None:
    limits = Rooms(max_joined=2, max_pending_invites=1)
    registration = Registration(enabled=True, without_verification=True, shared_secret=SECRET)
    async with running_app(cluster, tmp_path, rooms=limits, registration=registration) as (_, server):
        alice, bob, carol = await server.people(3)
        first, second = await alice.creates_public_room(), await alice.creates_public_room()
        third = await bob.creates_public_room()
        with pytest.raises(Refused, match=r"M_FORBIDDEN.*rooms"):
            await alice.creates_room()
        with pytest.raises(Refused, match=r"M_FORBIDDEN.*rooms"):
            await alice.joins(third)
        assert await alice.joins(first) == first
        await alice.leaves(second)
        assert await alice.joins(third) == third
        await alice.invites(carol, first)
        with pytest.raises(Refused, match=r"M_FORBIDDEN.*invites"):
            await bob.invites(carol, third)
        made = await made_by_secret(server, "admin", is_admin=True)
        admin = User(server, made["user_id"], made["access_token"], made["device_id"])
        notice = {"user_id": carol.user_id, "content": {"msgtype": "m.text", "body": "somebody signs in"}}
        await admin.call("POST", f"{ADMIN}/v1/send_server_notice", notice)
        [notices] = (await carol.syncs())["rooms"]["invite"].keys() - {first}
        await carol.joins(notices)
        await carol.leaves(first)
        await bob.invites(carol, third)
