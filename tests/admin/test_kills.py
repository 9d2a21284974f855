"""The server is killed while it deletes: after the restart the job goes on and ends as if nothing had been."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from tests.admin.conftest import ADMIN, SECRET, made_by_secret
from tests.support.client import Server, User
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

NewServer = Callable[..., Awaitable[ServerProcess]]


@pytest.mark.full("reliability")
@pytest.mark.parametrize("nth", [2, 3, 4])
async def test_a_deletion_goes_on_after_a_kill(cluster: "Cluster", new_server: NewServer, nth: int) -> None:
    async with cluster.database() as url:
        registration = {"enabled": True, "without_verification": True, "shared_secret": SECRET}
        process = await new_server(database={"url": url}, rate_limits={"enabled": False}, registration=registration)
        async with Server(process.url, process.name) as server:
            made = await made_by_secret(server, "admin", is_admin=True)
            admin = User(server, made["user_id"], made["access_token"], made["device_id"])
            alice, bob = await server.users("alice", "bob")
            room = await alice.creates_public_room()
            await bob.joins(room)
            for n in range(10):
                await bob.says(f"line {n}", room)
            await bob.syncs()
            await process.stop()
            await process.start(HEARTH_FAULT=f"job.delete_room:{nth}")
            delete_id = (await admin.call("DELETE", f"{ADMIN}/v2/rooms/{room}", {"block": True}))["delete_id"]
            await process.wait(30)
            await process.start()

            async def is_deleted() -> bool:
                status = await admin.call("GET", f"{ADMIN}/v2/rooms/delete_status/{delete_id}")
                assert status["status"] != "failed", status
                return bool(status["status"] == "complete")

            await eventually(is_deleted)
            assert (await admin.ask("GET", f"{ADMIN}/v1/rooms/{room}"))[0] == 404
            assert room in (await bob.syncs())["rooms"]["leave"]
            assert (await bob.ask("GET", f"/v3/rooms/{room}/messages", None, dir="b"))[0] == 403
