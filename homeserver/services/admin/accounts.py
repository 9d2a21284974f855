"""Accounts as an admin sees and changes them: what they may do, making, closing, logging in as them.

Spec: Client-Server API, Server administration. The rest is what common admin tools ask of Synapse.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden, InvalidParam, InvalidUsername, NotFound
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import UserId, is_valid_localpart_for_new_user, parse_user_id, server_of
from homeserver.services.deactivation import Deactivation
from homeserver.services.devices import Devices
from homeserver.services.passwords import Passwords
from homeserver.services.profiles import Profiles
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.identifiers import THIRD_PARTY, address_of
from homeserver.storage.admin import AdminReads, ListedUser, UserFilter
from homeserver.storage.devices import Device
from homeserver.storage.rows import AccountRow, RevocationRow
from homeserver.storage.stream import Stream
from homeserver.storage.users import Threepid, User, Users

MAX_USER_ID_BYTES = 255
RATE_FIELDS = ("messages_per_second", "burst_count")


class Change(NamedTuple):
    """What an admin wants an account to be; None leaves a thing as it is."""

    password: str | None = None
    log_out: bool = True
    display_name: str | None = None
    avatar_url: str | None = None
    is_admin: bool | None = None
    is_locked: bool | None = None
    is_suspended: bool | None = None
    is_shadow_banned: bool | None = None
    is_approved: bool | None = None
    is_deactivated: bool | None = None
    user_type: str | None = None
    threepids: Sequence[tuple[str, str]] | None = None


class Accounts:
    """Reads and changes accounts of this server."""

    def __init__(
        self,
        *,
        server: str,
        users: Users,
        addresses: Addresses,
        reads: AdminReads,
        stream: Stream,
        sessions: Sessions,
        passwords: Passwords,
        profiles: Profiles,
        devices: Devices,
        deactivation: Deactivation,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._server = server
        self._users = users
        self._addresses = addresses
        self._reads = reads
        self._stream = stream
        self._sessions = sessions
        self._passwords = passwords
        self._profiles = profiles
        self._devices = devices
        self._deactivation = deactivation
        self._clock = clock
        self._rng = rng

    # -- reading ---------------------------------------------------------------------------------------------------

    def local(self, user_id: str) -> UserId:
        """A user id of this server. Raises InvalidParam."""
        try:
            parsed = parse_user_id(user_id)
        except BadIdentifier as bad:
            raise InvalidParam(str(bad)) from bad
        if server_of(parsed) != self._server:
            raise InvalidParam("The user is not one of this server's.")
        return parsed

    async def read(self, user_id: str) -> User:
        """An account, closed ones too. Raises InvalidParam, NotFound."""
        user = await self._users.read(self.local(user_id))
        if user is None:
            raise NotFound("User not found")
        return user

    async def page(self, wanted: UserFilter, start: int, limit: int) -> tuple[list[ListedUser], int]:
        """A page of the accounts, and how many there are."""
        return await self._reads.users(wanted, start, limit)

    async def profile(self, user_id: str) -> Mapping[str, Any]:
        """Name and picture of a user here."""
        return await self._profiles.member_content(user_id)

    async def threepids(self, user_id: str) -> list[Threepid]:
        """Addresses of an account."""
        return await self._addresses.of_user(user_id)

    async def devices(self, user_id: str) -> Sequence[Device]:
        """Devices of an account."""
        return await self._devices.of((await self.read(user_id)).user_id)

    async def whois(self, requester: Requester, user_id: str) -> dict[str, Any]:
        """From where a user's devices were last seen, for themselves and for admins.

        Spec: Client-Server API, GET /admin/whois/{userId}.
        """
        if requester.user_id != user_id and not requester.is_admin:
            raise Forbidden("Only for admins of this server")
        found = {
            device.device_id: {
                "sessions": [
                    {
                        "connections": [
                            {
                                "ip": device.last_seen_ip,
                                "last_seen": device.last_seen_ts,
                                "user_agent": device.user_agent,
                            }
                        ]
                    }
                ]
            }
            for device in await self.devices(user_id)
            if device.last_seen_ts is not None
        }
        return {"user_id": user_id, "devices": found}

    # -- what they may do ------------------------------------------------------------------------------------------

    async def state_of(self, user_id: str) -> User:
        """An open account. Raises InvalidParam, NotFound (closed ones too)."""
        user = await self.read(user_id)
        if user.is_deactivated:
            raise NotFound("User not found")
        return user

    async def moderate(
        self, requester: Requester, user_id: str, *, is_locked: bool | None = None, is_suspended: bool | None = None
    ) -> None:
        """Lock or suspend an account that is neither one's own nor an admin's. Raises Forbidden, NotFound.

        Spec: Client-Server API, PUT /admin/lock/{userId}, PUT /admin/suspend/{userId}.
        """
        user = await self.state_of(user_id)
        if user.user_id == requester.user_id:
            raise Forbidden("You cannot do this to your own account.")
        if user.is_admin:
            raise Forbidden("The user is an admin, too.")
        await self.set_state(AccountRow(user_id=user.user_id, is_locked=is_locked, is_suspended=is_suspended))

    async def set_state(self, row: AccountRow) -> None:
        """Change what an account may do, in every process at once."""
        await self._stream.write(row, RevocationRow(user_id=row.user_id, kind="account"))

    async def set_rate(self, user_id: str, rate: tuple[float, int] | None) -> None:
        """Give an account its own rate of messages (both 0: no limits at all), or everybody's."""
        user = await self.read(user_id)
        await self._users.set_rate(user.user_id, rate)
        await self.set_state(AccountRow(user_id=user.user_id))

    # -- making and changing ---------------------------------------------------------------------------------------

    async def put(self, user_id: str, change: Change) -> bool:
        """Have the account as `change` says; whether it was made for that.

        Raises InvalidParam, InvalidUsername, WeakPassword, Forbidden (opening a closed one).
        """
        name = self.local(user_id)
        user = await self._users.read(name)
        is_new = user is None
        if user is None:
            user = await self.create(name, change.password, is_admin=change.is_admin is True)
        elif change.password is not None:
            await self.reset_password(name, change.password, log_out=change.log_out)
        if change.is_deactivated is False and user.is_deactivated:
            raise Forbidden("A closed account cannot be opened again.")
        if change.user_type is not None:
            await self._users.set_type(name, change.user_type or None)
        await self._set_profile(user, change)
        if change.threepids is not None:
            await self._set_threepids(name, change.threepids)
        await self.set_state(
            AccountRow(
                user_id=name,
                is_admin=change.is_admin,
                is_locked=change.is_locked,
                is_suspended=change.is_suspended,
                is_shadow_banned=change.is_shadow_banned,
                is_approved=change.is_approved,
            )
        )
        if change.is_deactivated and not user.is_deactivated:
            await self._deactivation.close(name, erase=False)
        return is_new

    async def create(self, user_id: UserId, password: str | None, *, is_admin: bool) -> User:
        """A new account. Raises InvalidUsername, WeakPassword, InvalidParam (the name was taken meanwhile)."""
        localpart = user_id[1:].partition(":")[0]
        if not is_valid_localpart_for_new_user(localpart) or len(user_id) > MAX_USER_ID_BYTES:
            raise InvalidUsername("A user name has small letters a to z, digits, and . _ = - / + only.")
        hashed = await self._passwords.hash(password) if password is not None else None
        made = await self._users.create(user_id, password_hash=hashed, now_ms=self._clock.now_ms(), is_admin=is_admin)
        if made is None:
            raise InvalidParam("The name is taken.", errcode="M_USER_IN_USE")
        return made

    async def check_free(self, localpart: str) -> None:
        """Raise InvalidUsername for no name, InvalidParam (M_USER_IN_USE) for one that was ever taken."""
        if not is_valid_localpart_for_new_user(localpart):
            raise InvalidUsername("A user name has small letters a to z, digits, and . _ = - / + only.")
        if await self._users.read(f"@{localpart}:{self._server}") is not None:
            raise InvalidParam("The name is taken.", errcode="M_USER_IN_USE")

    async def owner_of(self, medium: str, address: str) -> str | None:
        """The account that has the address. Raises InvalidParam for what is no address of the medium."""
        return await self._addresses.owner(*_in_one_form(medium, address))

    async def admins(self) -> list[str]:
        """Those who are told what admins should know."""
        return await self._users.admins()

    async def reset_password(self, user_id: str, password: str, *, log_out: bool) -> None:
        """Give an account another password; `log_out` ends its sessions. Raises NotFound, WeakPassword."""
        user = await self.read(user_id)
        if user.is_deactivated:
            raise Forbidden("The account is closed.")
        await self._users.set_password(user.user_id, await self._passwords.hash(password))
        if log_out:
            await self._sessions.end_all(user.user_id)

    async def _set_profile(self, user: User, change: Change) -> None:
        requester = Requester(UserId(user.user_id), None, user.user_nid, None, 0)
        for field, value in (("displayname", change.display_name), ("avatar_url", change.avatar_url)):
            if value:
                await self._profiles.set(requester, user.user_id, field, value)
            elif value is not None:
                await self._profiles.delete(requester, user.user_id, field)

    async def _set_threepids(self, user_id: str, wanted: Sequence[tuple[str, str]]) -> None:
        known = {(one.medium, one.address) for one in await self._addresses.of_user(user_id)}
        asked = [_in_one_form(medium, address) for medium, address in wanted]
        for medium, address in known - set(asked):
            await self._addresses.remove(user_id, medium, address)
        now = self._clock.now_ms()
        for medium, address in asked:
            if (medium, address) not in known:
                await self._addresses.add(Threepid(medium, address, user_id, now, now))

    async def close(self, user_id: str, *, erase: bool) -> None:
        """Close an account for good. Raises NotFound."""
        await self._deactivation.close(UserId((await self.read(user_id)).user_id), erase=erase)

    async def log_in_as(self, requester: Requester, user_id: str) -> str:
        """An access token of the user on a new device, which they see in their list. Raises Forbidden, NotFound."""
        user = await self.state_of(user_id)
        if user.user_id == requester.user_id:
            raise InvalidParam("You are logged in already.")
        tokens = await self._sessions.begin(
            user.user_id, device_id=None, display_name=f"Admin {requester.user_id}", wants_refresh=False
        )
        return tokens.access_token

    async def end_devices(self, user_id: str, device_ids: Sequence[str]) -> None:
        """Delete devices of an account with their sessions."""
        known = {device.device_id for device in await self.devices(user_id)}
        await self._sessions.end_devices(user_id, sorted(known & set(device_ids)))

    async def rename_device(self, user_id: str, device_id: str, name: str | None) -> None:
        """Give a device another name. Raises NotFound."""
        await self._devices.rename((await self.read(user_id)).user_id, device_id, name)

    async def device(self, user_id: str, device_id: str) -> Device:
        """One device. Raises NotFound."""
        return await self._devices.one((await self.read(user_id)).user_id, device_id)


def _in_one_form(medium: str, address: str) -> tuple[str, str]:
    """An address as it is kept. Raises InvalidParam."""
    return address_of({"type": THIRD_PARTY, "medium": medium, "address": address})
