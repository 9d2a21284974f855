"""Accounts at `/_synapse/admin`, as tools made for Synapse ask for them.

Longer than others because it is a list: one function for each endpoint.
"""

from typing import Annotated, Any

import msgspec
import orjson

from homeserver.asgi.responses import Answer, Raw, encode
from homeserver.client_api.admin.paging import MAX_PAGE, one_of
from homeserver.client_api.http import ADMIN, Call, EndpointTable
from homeserver.errors import InvalidParam, NotFound
from homeserver.services.admin.accounts import Accounts, Change
from homeserver.services.memberships import Memberships
from homeserver.storage.admin import USER_ORDERS, ListedUser, UserFilter
from homeserver.storage.devices import Device
from homeserver.storage.rows import AccountRow
from homeserver.storage.users import User

ROOT = "/_synapse/admin"
CREATED = 201


class Address(msgspec.Struct):
    """One of `threepids`."""

    medium: str
    address: str


class PutUser(msgspec.Struct):
    """Body of PUT v2/users/{user_id}. A text that is null is taken away."""

    password: str | None = None
    logout_devices: bool = True
    displayname: str | msgspec.UnsetType | None = msgspec.UNSET
    avatar_url: str | msgspec.UnsetType | None = msgspec.UNSET
    admin: bool | None = None
    deactivated: bool | None = None
    locked: bool | None = None
    suspended: bool | None = None
    approved: bool | None = None
    user_type: str | msgspec.UnsetType | None = msgspec.UNSET
    threepids: list[Address] | None = None
    external_ids: list[dict[str, Any]] | None = None


class Deactivate(msgspec.Struct):
    """Body of POST v1/deactivate/{user_id}."""

    erase: bool = False


class ResetPassword(msgspec.Struct):
    """Body of POST v1/reset_password/{user_id}."""

    new_password: str
    logout_devices: bool = True


class SetAdmin(msgspec.Struct):
    """Body of PUT v1/users/{user_id}/admin."""

    admin: bool


class SetSuspend(msgspec.Struct):
    """Body of PUT v1/suspend/{user_id}."""

    suspend: bool


class Rename(msgspec.Struct):
    """Body of PUT v2/users/{user_id}/devices/{device_id}."""

    display_name: str | None = None


class DeleteDevices(msgspec.Struct):
    """Body of POST v2/users/{user_id}/delete_devices."""

    devices: Annotated[list[str], msgspec.Meta(max_length=1_000)]


class Rate(msgspec.Struct):
    """Body of POST v1/users/{user_id}/override_ratelimit."""

    messages_per_second: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    burst_count: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


def endpoints(endpoint: EndpointTable, accounts: Accounts, memberships: Memberships) -> None:  # noqa: PLR0915 - a list
    """Register the endpoints."""

    async def listed(call: Call[None], *, is_deactivated: bool | None) -> Answer:
        query = call.query
        start, limit = query.int("from", 0), query.int("limit", 100, high=MAX_PAGE)
        wanted = UserFilter(
            name=query.text("name"),
            user_id=query.text("user_id"),
            is_guest=None if query.flag("guests", default=True) else False,
            is_admin=query.flag("admins") if query.text("admins") is not None else None,
            is_deactivated=is_deactivated,
            is_locked=None if query.flag("locked") else False,
            order_by=one_of(query, "order_by", USER_ORDERS, "name"),
            backwards=one_of(query, "dir", ("f", "b"), "f") == "b",
        )
        users, total = await accounts.page(wanted, start, limit)
        answer: dict[str, Any] = {"users": [_in_list(user) for user in users], "total": total}
        if start + limit < total:
            answer["next_token"] = str(start + len(users))
        return answer

    @endpoint("GET", f"{ROOT}/v2/users", auth=ADMIN, limit="admin", resource="admin")
    async def admin_users(call: Call[None]) -> Answer:
        """List accounts, closed ones only with `deactivated=true`."""
        return await listed(call, is_deactivated=None if call.query.flag("deactivated") else False)

    @endpoint("GET", f"{ROOT}/v3/users", auth=ADMIN, limit="admin", resource="admin")
    async def admin_users_v3(call: Call[None]) -> Answer:
        """List accounts: open ones, closed ones, or all."""
        given = call.query.text("deactivated")
        return await listed(call, is_deactivated=call.query.flag("deactivated") if given is not None else None)

    async def shown(user_id: str) -> dict[str, Any]:
        user = await accounts.read(user_id)
        threepids, devices = await accounts.threepids(user_id), await accounts.devices(user_id)
        return _whole(user) | {
            "displayname": None,
            "avatar_url": None,
            **await accounts.profile(user_id),
            "threepids": [
                {
                    "medium": one.medium,
                    "address": one.address,
                    "added_at": one.added_ts,
                    "validated_at": one.validated_ts,
                }
                for one in threepids
            ],
            "last_seen_ts": max((one.last_seen_ts or 0 for one in devices), default=0) or None,
        }

    @endpoint("GET", f"{ROOT}/v2/users/<user_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_user(_call: Call[None], user_id: str) -> Answer:
        """Tell all of an account."""
        return await shown(user_id)

    @endpoint("PUT", f"{ROOT}/v2/users/<user_id>", auth=ADMIN, limit="admin", body=PutUser, resource="admin")
    async def admin_put_user(call: Call[PutUser], user_id: str) -> Answer:
        """Make or change an account."""
        body = call.body
        if user_id == call.requester.user_id and (body.deactivated or body.admin is False or body.locked):
            raise InvalidParam("You cannot take this from your own account.")
        is_new = await accounts.put(
            user_id,
            Change(
                password=body.password,
                log_out=body.logout_devices,
                display_name=_or_gone(body.displayname),
                avatar_url=_or_gone(body.avatar_url),
                is_admin=body.admin,
                is_locked=body.locked,
                is_suspended=body.suspended,
                is_approved=body.approved,
                is_deactivated=body.deactivated,
                user_type=_or_gone(body.user_type),
                threepids=None if body.threepids is None else [(one.medium, one.address) for one in body.threepids],
            ),
        )
        return Raw(encode(await shown(user_id)), status=CREATED if is_new else 200)

    @endpoint("POST", f"{ROOT}/v1/deactivate/<user_id>", auth=ADMIN, limit="admin", body=Deactivate, resource="admin")
    async def admin_deactivate(call: Call[Deactivate], user_id: str) -> Answer:
        """Close an account for good."""
        if user_id == call.requester.user_id:
            raise InvalidParam("You cannot close your own account here.")
        await accounts.close(user_id, erase=call.body.erase)
        return {"id_server_unbind_result": "no-support"}

    @endpoint(
        "POST", f"{ROOT}/v1/reset_password/<user_id>", auth=ADMIN, limit="admin", body=ResetPassword, resource="admin"
    )
    async def admin_reset_password(call: Call[ResetPassword], user_id: str) -> Answer:
        """Give an account another password."""
        await accounts.reset_password(user_id, call.body.new_password, log_out=call.body.logout_devices)
        return {}

    @endpoint("GET", f"{ROOT}/v1/users/<user_id>/admin", auth=ADMIN, limit="admin", resource="admin")
    async def admin_is_admin(_call: Call[None], user_id: str) -> Answer:
        """Whether the user is an admin."""
        return {"admin": (await accounts.read(user_id)).is_admin}

    @endpoint("PUT", f"{ROOT}/v1/users/<user_id>/admin", auth=ADMIN, limit="admin", body=SetAdmin, resource="admin")
    async def admin_set_admin(call: Call[SetAdmin], user_id: str) -> Answer:
        """Give or take admin rights."""
        user = await accounts.read(user_id)
        if user_id == call.requester.user_id and not call.body.admin:
            raise InvalidParam("You cannot take this from your own account.")
        await accounts.set_state(AccountRow(user_id=user.user_id, is_admin=call.body.admin))
        return {}

    @endpoint("GET", f"{ROOT}/v1/users/<user_id>/joined_rooms", auth=ADMIN, limit="admin", resource="admin")
    async def admin_joined_rooms(_call: Call[None], user_id: str) -> Answer:
        """List the rooms a user is joined to, of another server too."""
        rooms = await memberships.joined_rooms(user_id)
        return {"joined_rooms": rooms, "total": len(rooms)}

    @endpoint("GET", f"{ROOT}/v1/whois/<user_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_whois(call: Call[None], user_id: str) -> Answer:
        """Tell from where a user's devices were last seen."""
        return await accounts.whois(call.requester, user_id)

    # -- what they may do ------------------------------------------------------------------------------------------

    async def set_shadow_ban(user_id: str, *, is_banned: bool) -> Answer:
        user = await accounts.read(user_id)
        await accounts.set_state(AccountRow(user_id=user.user_id, is_shadow_banned=is_banned))
        return {}

    @endpoint("POST", f"{ROOT}/v1/users/<user_id>/shadow_ban", auth=ADMIN, limit="admin", resource="admin")
    async def admin_shadow_ban(_call: Call[None], user_id: str) -> Answer:
        """Let what the user sends seem to be sent."""
        return await set_shadow_ban(user_id, is_banned=True)

    @endpoint("DELETE", f"{ROOT}/v1/users/<user_id>/shadow_ban", auth=ADMIN, limit="admin", resource="admin")
    async def admin_end_shadow_ban(_call: Call[None], user_id: str) -> Answer:
        """Let what the user sends be sent."""
        return await set_shadow_ban(user_id, is_banned=False)

    @endpoint("PUT", f"{ROOT}/v1/suspend/<user_id>", auth=ADMIN, limit="admin", body=SetSuspend, resource="admin")
    async def admin_suspend(call: Call[SetSuspend], user_id: str) -> Answer:
        """Suspend an account, or end that."""
        await accounts.moderate(call.requester, user_id, is_suspended=call.body.suspend)
        return {f"user_{user_id}_suspended": call.body.suspend}

    @endpoint("GET", f"{ROOT}/v1/users/<user_id>/override_ratelimit", auth=ADMIN, limit="admin", resource="admin")
    async def admin_rate(_call: Call[None], user_id: str) -> Answer:
        """Tell the account's own rate of messages."""
        user = await accounts.read(user_id)
        if user.messages_per_second is None:
            return {}
        return {"messages_per_second": int(user.messages_per_second), "burst_count": user.message_burst}

    @endpoint(
        "POST", f"{ROOT}/v1/users/<user_id>/override_ratelimit", auth=ADMIN, limit="admin", body=Rate, resource="admin"
    )
    async def admin_set_rate(call: Call[Rate], user_id: str) -> Answer:
        """Give the account its own rate of messages; 0 and 0: no limits at all."""
        body = call.body
        await accounts.set_rate(user_id, (body.messages_per_second, body.burst_count))
        return {"messages_per_second": body.messages_per_second, "burst_count": body.burst_count}

    @endpoint("DELETE", f"{ROOT}/v1/users/<user_id>/override_ratelimit", auth=ADMIN, limit="admin", resource="admin")
    async def admin_end_rate(_call: Call[None], user_id: str) -> Answer:
        """Limit the account as everybody."""
        await accounts.set_rate(user_id, None)
        return {}

    @endpoint("POST", f"{ROOT}/v1/users/<user_id>/login", auth=ADMIN, limit="admin", resource="admin")
    async def admin_log_in_as(call: Call[None], user_id: str) -> Answer:
        """Log in as the user, on a device that they see."""
        return {"access_token": await accounts.log_in_as(call.requester, user_id)}

    # -- devices ---------------------------------------------------------------------------------------------------

    @endpoint("GET", f"{ROOT}/v2/users/<user_id>/devices", auth=ADMIN, limit="admin", resource="admin")
    async def admin_devices(_call: Call[None], user_id: str) -> Answer:
        """List devices."""
        devices = [_device(one) for one in await accounts.devices(user_id)]
        return {"devices": devices, "total": len(devices)}

    @endpoint("GET", f"{ROOT}/v2/users/<user_id>/devices/<device_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_device(_call: Call[None], user_id: str, device_id: str) -> Answer:
        """Tell of one device."""
        return _device(await accounts.device(user_id, device_id))

    @endpoint(
        "PUT",
        f"{ROOT}/v2/users/<user_id>/devices/<device_id>",
        auth=ADMIN,
        limit="admin",
        body=Rename,
        resource="admin",
    )
    async def admin_rename_device(call: Call[Rename], user_id: str, device_id: str) -> Answer:
        """Give a device another name."""
        await accounts.rename_device(user_id, device_id, call.body.display_name)
        return {}

    @endpoint("DELETE", f"{ROOT}/v2/users/<user_id>/devices/<device_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_device(_call: Call[None], user_id: str, device_id: str) -> Answer:
        """Delete a device."""
        await accounts.end_devices(user_id, [device_id])
        return {}

    @endpoint(
        "POST",
        f"{ROOT}/v2/users/<user_id>/delete_devices",
        auth=ADMIN,
        limit="admin",
        body=DeleteDevices,
        resource="admin",
    )
    async def admin_delete_devices(call: Call[DeleteDevices], user_id: str) -> Answer:
        """Delete devices."""
        await accounts.end_devices(user_id, call.body.devices)
        return {}

    @endpoint("GET", f"{ROOT}/v1/username_available", auth=ADMIN, limit="admin", resource="admin")
    async def admin_username_available(call: Call[None]) -> Answer:
        """Whether nobody has the name."""
        await accounts.check_free(call.query.required("username"))
        return {"available": True}

    @endpoint("GET", f"{ROOT}/v1/threepid/<medium>/users/<address>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_user_of_address(_call: Call[None], medium: str, address: str) -> Answer:
        """Tell who has an address."""
        owner = await accounts.owner_of(medium, address)
        if owner is None:
            raise NotFound("User not found")
        return {"user_id": owner}


def _or_gone(text: str | msgspec.UnsetType | None) -> str | None:
    """A text that is not given stays as it is (None), one that is null goes (an empty one)."""
    return None if isinstance(text, msgspec.UnsetType) else text or ""


def _in_list(user: ListedUser) -> dict[str, Any]:
    return {
        "name": user.user_id,
        "user_type": user.user_type,
        "is_guest": user.is_guest,
        "admin": user.is_admin,
        "deactivated": user.is_deactivated,
        "erased": user.is_erased,
        "shadow_banned": user.is_shadow_banned,
        "locked": user.is_locked,
        "suspended": user.is_suspended,
        "approved": user.is_approved,
        "displayname": orjson.loads(user.displayname) if user.displayname is not None else None,
        "avatar_url": orjson.loads(user.avatar_url) if user.avatar_url is not None else None,
        "creation_ts": user.created_ts,
        "last_seen_ts": user.last_seen_ts,
    }


def _whole(user: User) -> dict[str, Any]:
    return {
        "name": user.user_id,
        "is_guest": user.is_guest,
        "admin": user.is_admin,
        "deactivated": user.is_deactivated,
        "erased": user.is_erased,
        "shadow_banned": user.is_shadow_banned,
        "locked": user.is_locked,
        "suspended": user.is_suspended,
        "approved": user.is_approved,
        "creation_ts": user.created_ts // 1000,
        "appservice_id": user.appservice_id,
        "consent_server_notice_sent": None,
        "consent_version": None,
        "consent_ts": None,
        "external_ids": [],
        "user_type": user.user_type,
    }


def _device(device: Device) -> dict[str, Any]:
    return {
        "device_id": device.device_id,
        "display_name": device.display_name,
        "last_seen_ip": device.last_seen_ip,
        "last_seen_user_agent": device.user_agent,
        "last_seen_ts": device.last_seen_ts,
        "user_id": device.user_id,
    }
