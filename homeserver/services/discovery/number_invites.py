"""Inviting people by number: whoever has it at once, whoever gets an account with it later.

For its own numbers this server is the identity server: it signs that a number has found its user, and the room's rules
check that. How many numbers one account may ask for a day is limited: an invite tells who has a number (S-12).
Spec: Client-Server API, Third-party invites.
"""

import asyncio
from typing import Any, Final, NamedTuple

import structlog

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden, InviteBlocked, LimitExceeded, MatrixError, StorageFull, Unavailable
from homeserver.protocol.identifiers import PREFIX, UserId
from homeserver.protocol.signing import SigningKey, sign_json
from homeserver.services.commits import Commits
from homeserver.services.intents import Draft, Intent
from homeserver.services.inviting import CheckInvite, Inviting, MemberProfiles
from homeserver.services.phone.carrier import SmsCarrier
from homeserver.services.phone.guard import SpendGuard
from homeserver.services.phone.numbers import PhoneNumber, parse
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.services.threepids.addresses import NUMBER, Addresses
from homeserver.storage.number_invites import DAY_MS, NumberInvite
from homeserver.storage.number_invites import NumberInvites as InviteTable
from homeserver.storage.phone_accounts import PhoneAccounts

log = structlog.get_logger()

ASKS_A_DAY: Final = 20
TOKEN_BYTES: Final = 24
ROUND_S: Final = 60.0
AT_ONCE: Final = 100
WAITING: Final = "m.room.third_party_invite"
IS_DIRECT: Final = f"{PREFIX}is_direct"
IS_VALID: Final = "/_matrix/identity/v2/pubkey/isvalid"


class AskedNumber(NamedTuple):
    """A number to invite: `address` in digits, or as people write it, then of `country` if it has no prefix."""

    address: str
    country: str | None
    reason: str | None
    is_direct: bool


class NumberInvites:
    """Invites by number, and brings those that waited."""

    def __init__(
        self,
        *,
        table: InviteTable,
        addresses: Addresses,
        accounts: PhoneAccounts,
        guard: SpendGuard,
        carrier: SmsCarrier,
        rooms: Rooms,
        commits: Commits,
        inviting: Inviting,
        sending: Sending,
        profiles: MemberProfiles,
        check: CheckInvite,
        key: SigningKey,
        base_url: str,
        clock: Clock,
        rng: Rng,
    ) -> None:
        """`key` signs that a number has found its user; `base_url`: where clients reach the server."""
        self._table = table
        self._addresses = addresses
        self._accounts = accounts
        self._guard = guard
        self._carrier = carrier
        self._rooms = rooms
        self._commits = commits
        self._inviting = inviting
        self._sending = sending
        self._profiles = profiles
        self._check = check
        self._key = key
        self._base_url = base_url
        self._clock = clock
        self._rng = rng
        self._texts: set[asyncio.Task[None]] = set()

    async def invite(self, requester: Requester, room_id: str, asked: AskedNumber) -> None:
        """Invite whoever has the number, now or within 30 days.

        Raises InvalidParam, ThreepidDenied, Forbidden, LimitExceeded.
        """
        room = await self._rooms.joined_by(requester.user_id, room_id)
        if room.power.of_user(requester.user_id) < room.power.invite:
            raise Forbidden("You may not invite into this room.")
        requester.must_be_active()
        is_whole = asked.address.isdigit() and asked.country is None
        number = parse("+" + asked.address if is_whole else asked.address, asked.country)
        self._guard.check_kind(number)
        index = self._addresses.index(NUMBER, number.msisdn)
        if not await self._table.ask(requester.user_id, index, self._clock.now_ms(), ASKS_A_DAY):
            raise LimitExceeded(f"{ASKS_A_DAY} numbers a day can be invited.", retry_after_ms=DAY_MS)
        owner = await self._addresses.owner(NUMBER, number.msisdn)
        if owner is not None and (await self._accounts.read(owner)).invitable:
            try:
                await self._inviting.invite(requester, room_id, owner, reason=asked.reason, is_direct=asked.is_direct)
            except InviteBlocked:
                log.debug("an invite by number waits for somebody who takes none")
            else:
                return
        content = self._told(number) | ({IS_DIRECT: True} if asked.is_direct else {})
        if await self._wait(requester, room_id, index, content) and owner is None:
            # Behind the answer's back: its time does not tell whether anybody has the number.
            task = asyncio.create_task(self._carrier.invite(number, requester.user_id, self._base_url))
            self._texts.add(task)
            task.add_done_callback(self._texts.discard)

    async def _wait(self, requester: Requester, room_id: str, index: str, content: dict[str, Any]) -> bool:
        """Leave an invite in the room, for somebody who takes none as for nobody; False where one waits already."""
        waiting = NumberInvite(self._rng.token(TOKEN_BYTES), index, room_id, requester.user_id, self._clock.now_ms())
        if not requester.is_shadow_banned and not await self._table.add(waiting):
            return False
        try:
            await self._sending.send(requester, room_id, Draft(WAITING, content, state_key=waiting.token))
        except MatrixError:
            await self._table.remove(waiting.token)
            raise
        return not requester.is_shadow_banned

    def _told(self, number: PhoneNumber) -> dict[str, Any]:
        key = {
            "public_key": self._key.verify_key_base64,
            "key_validity_url": self._base_url + IS_VALID,
        }
        return {"display_name": number.masked, **key, "public_keys": [key]}

    async def bring(self, user_id: str) -> None:
        """Make invites of those that wait for the user's numbers; what cannot be is dropped, or waits on."""
        waiting = await self._table.of_user(user_id, self._clock.now_ms())
        if not waiting or not (await self._accounts.read(user_id)).invitable:
            return
        for invite in waiting:
            try:
                await self._bring(UserId(user_id), invite)
            except (Unavailable, StorageFull) as error:
                log.warning("number_invites.put_off", error=type(error).__name__)
                return
            except MatrixError as error:
                log.info("an invite by number was dropped", room_id=invite.room_id, why=error.errcode)
            await self._table.remove(invite.token)

    async def _bring(self, user_id: UserId, invite: NumberInvite) -> None:
        room = await self._rooms.find(invite.room_id)
        if room is None or not room.is_joined(invite.sender) or room.is_joined(user_id):
            return
        await self._check(user_id, invite.sender)
        signed = sign_json({"mxid": user_id, "token": invite.token}, self._key)
        waiting = room.content(WAITING, invite.token)
        shown = waiting.get("display_name", "")
        content = {
            **({"is_direct": True} if waiting.get(IS_DIRECT) is True else {}),
            **await self._profiles.member_content(user_id),
            "third_party_invite": {"display_name": shown, "signed": signed},
        }
        await self._commits.commit(room, Intent(UserId(invite.sender), Draft.member(user_id, "invite", **content)))

    async def run(self) -> None:
        """Bring what was left when a process ended; runs as long as the process."""
        while True:
            await self._clock.sleep(ROUND_S)
            try:
                for user_id in await self._table.found_owners(AT_ONCE):
                    await self.bring(user_id)
            except (Unavailable, StorageFull) as error:
                log.warning("number_invites.put_off", error=type(error).__name__)
