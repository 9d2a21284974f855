"""Who is limited and who is not: people, those with a rate of their own, application services; and approval."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.config.accounts import Registration
from homeserver.config.rate_limits import Bucket, RateLimits
from tests.admin.conftest import ADMIN, SECRET, made_by_secret
from tests.support.appservice import Appservice
from tests.support.client import Refused, User

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

LIMITS = RateLimits(message=Bucket(0.001, 3), login=Bucket(0.001, 2))


async def n_said(user: User, room: str, n: int = 6) -> int:
    """How many of `n` messages the server takes."""
    statuses = [
        (await user.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/{i}", {"body": str(i)}))[0] for i in range(n)
    ]
    assert set(statuses) <= {200, 429}
    return statuses.count(200)


async def test_application_services_and_the_admins_choice_are_not_limited(cluster: "Cluster", tmp_path: Path) -> None:
    from tests.support.running import running_app

    free = Appservice(tmp_path, "free", "_free_", more={"url": None})
    limited = Appservice(tmp_path, "limited", "_limited_", more={"url": None, "rate_limited": True})
    registration = Registration(enabled=True, without_verification=True, shared_secret=SECRET)
    async with running_app(
        cluster,
        tmp_path,
        rate_limits=LIMITS,
        registration=registration,
        app_service_config_files=(free.file, limited.file),
    ) as (_, server):
        made = await made_by_secret(server, "admin", is_admin=True)
        admin = User(server, made["user_id"], made["access_token"], made["device_id"])
        alice = await server.register("alice")
        room = await alice.creates_public_room()
        login = {"type": "m.login.application_service", "identifier": {"type": "m.id.user", "user": free.sender}}
        tries = [await server.ask("POST", "/v3/login", login, token=free.as_token) for _ in range(5)]
        assert {status for status, _ in tries} == {200}
        ghosts = [await free.ghost(server, "a"), await limited.ghost(server, "b"), limited.acts(server)]
        for user in ghosts:
            await user.joins(room)
        assert [await n_said(user, room) for user in (alice, *ghosts)] == [3, 6, 3, 6]
        path = f"{ADMIN}/v1/users/{alice.user_id}/override_ratelimit"
        await admin.call("POST", path, {"messages_per_second": 0, "burst_count": 0})
        assert await n_said(alice, room, 10) == 10, "0 and 0: no limits at all"
        await admin.call("DELETE", path)
        assert await n_said(alice, room) == 0, "as everybody, who has used theirs up"


async def test_a_new_account_waits_for_approval_where_that_is_asked_for(cluster: "Cluster", tmp_path: Path) -> None:
    from tests.support.running import running_app

    registration = Registration(enabled=True, without_verification=True, approval_required=True, shared_secret=SECRET)
    async with running_app(cluster, tmp_path, registration=registration) as (_, server):
        made = await made_by_secret(server, "admin", is_admin=True)
        admin = User(server, made["user_id"], made["access_token"], made["device_id"])
        for attempt in (server.register, server.login):
            with pytest.raises(Refused) as refused:
                await attempt("alice")
            assert refused.value.errcode == "ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL"
        path = f"{ADMIN}/v2/users/@alice:hearth.test"
        assert (await admin.call("GET", path))["approved"] is False
        await admin.call("PUT", path, {"approved": True})
        await server.login("alice")
