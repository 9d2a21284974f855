"""Locking, suspending, looking after accounts. Spec: Client-Server API, Server administration."""

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import ADMIN, USER, Call, EndpointTable
from homeserver.services.admin.accounts import Accounts

UNSTABLE = "/unstable/uk.timedout.msc4323/admin"


class Lock(msgspec.Struct):
    """Body of PUT /admin/lock/{userId}."""

    locked: bool


class Suspend(msgspec.Struct):
    """Body of PUT /admin/suspend/{userId}."""

    suspended: bool


def endpoints(endpoint: EndpointTable, accounts: Accounts) -> None:
    """Register the endpoints."""

    async def is_locked(user_id: str) -> Answer:
        return {"locked": (await accounts.state_of(user_id)).is_locked}

    async def lock(call: Call[Lock], user_id: str) -> Answer:
        await accounts.moderate(call.requester, user_id, is_locked=call.body.locked)
        return {"locked": call.body.locked}

    async def is_suspended(user_id: str) -> Answer:
        return {"suspended": (await accounts.state_of(user_id)).is_suspended}

    async def suspend(call: Call[Suspend], user_id: str) -> Answer:
        await accounts.moderate(call.requester, user_id, is_suspended=call.body.suspended)
        return {"suspended": call.body.suspended}

    @endpoint("GET", "/v1/admin/lock/<user_id>", auth=ADMIN, limit="admin", socket=True)
    async def lock_status(_call: Call[None], user_id: str) -> Answer:
        """Spec: Client-Server API, GET /admin/lock/{userId}."""
        return await is_locked(user_id)

    @endpoint("PUT", "/v1/admin/lock/<user_id>", auth=ADMIN, limit="admin", body=Lock, socket=True)
    async def set_lock(call: Call[Lock], user_id: str) -> Answer:
        """Spec: Client-Server API, PUT /admin/lock/{userId}."""
        return await lock(call, user_id)

    @endpoint("GET", "/v1/admin/suspend/<user_id>", auth=ADMIN, limit="admin", socket=True)
    async def suspend_status(_call: Call[None], user_id: str) -> Answer:
        """Spec: Client-Server API, GET /admin/suspend/{userId}."""
        return await is_suspended(user_id)

    @endpoint("PUT", "/v1/admin/suspend/<user_id>", auth=ADMIN, limit="admin", body=Suspend, socket=True)
    async def set_suspend(call: Call[Suspend], user_id: str) -> Answer:
        """Spec: Client-Server API, PUT /admin/suspend/{userId}."""
        return await suspend(call, user_id)

    @endpoint("GET", f"{UNSTABLE}/lock/<user_id>", auth=ADMIN, limit="admin", socket=True)
    async def lock_status_unstable(_call: Call[None], user_id: str) -> Answer:
        """Spec: Client-Server API, GET /admin/lock/{userId}, by its name before v1.18."""
        return await is_locked(user_id)

    @endpoint("PUT", f"{UNSTABLE}/lock/<user_id>", auth=ADMIN, limit="admin", body=Lock, socket=True)
    async def set_lock_unstable(call: Call[Lock], user_id: str) -> Answer:
        """Spec: Client-Server API, PUT /admin/lock/{userId}, by its name before v1.18."""
        return await lock(call, user_id)

    @endpoint("GET", f"{UNSTABLE}/suspend/<user_id>", auth=ADMIN, limit="admin", socket=True)
    async def suspend_status_unstable(_call: Call[None], user_id: str) -> Answer:
        """Spec: Client-Server API, GET /admin/suspend/{userId}, by its name before v1.18."""
        return await is_suspended(user_id)

    @endpoint("PUT", f"{UNSTABLE}/suspend/<user_id>", auth=ADMIN, limit="admin", body=Suspend, socket=True)
    async def set_suspend_unstable(call: Call[Suspend], user_id: str) -> Answer:
        """Spec: Client-Server API, PUT /admin/suspend/{userId}, by its name before v1.18."""
        return await suspend(call, user_id)

    @endpoint("GET", "/v3/admin/whois/<user_id>", auth=USER, limit="read", socket=True)
    async def whois(call: Call[None], user_id: str) -> Answer:
        """Spec: Client-Server API, GET /admin/whois/{userId}."""
        return await accounts.whois(call.requester, user_id)
