"""Notices of the admin: messages in a room of its own for each user, which they may mute but not leave.

Spec: Client-Server API, Server Notices.
"""

from collections.abc import Mapping
from typing import Any

from homeserver.clock import Clock
from homeserver.config.network import ServerNotices
from homeserver.errors import CannotLeaveServerNoticeRoom, InvalidParam, MatrixError, StorageFull, Unavailable
from homeserver.protocol.identifiers import EventId, UserId
from homeserver.services.account_data import AccountData
from homeserver.services.admin.accounts import Accounts
from homeserver.services.creation import Creation, NewRoom, StateDraft
from homeserver.services.heads import Room
from homeserver.services.intents import Draft
from homeserver.services.inviting import Inviting
from homeserver.services.profiles import Profiles
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.services.turns import Turns
from homeserver.storage.admin import AdminReads
from homeserver.storage.rows import TxnKey
from homeserver.storage.users import Users

TAG = "m.server_notice"


class Notices:
    """Sends notices."""

    def __init__(
        self,
        *,
        server: str,
        config: ServerNotices,
        users: Users,
        reads: AdminReads,
        accounts: Accounts,
        rooms: Rooms,
        creation: Creation,
        inviting: Inviting,
        sending: Sending,
        profiles: Profiles,
        account_data: AccountData,
        clock: Clock,
    ) -> None:
        self.user_id = UserId(f"@{config.localpart}:{server}")
        self._display_name = config.display_name
        self._users = users
        self._reads = reads
        self._accounts = accounts
        self._rooms = rooms
        self._creation = creation
        self._inviting = inviting
        self._sending = sending
        self._profiles = profiles
        self._account_data = account_data
        self._clock = clock
        self._turns = Turns()

    def is_notice_room(self, room: Room) -> bool:
        """Whether the room is one of notices."""
        return bool(room.state) and room.create.sender == self.user_id

    def check_leaving(self, user_id: UserId, room: Room) -> None:
        """Raise CannotLeaveServerNoticeRoom for a user in the room of their notices."""
        if user_id != self.user_id and self.is_notice_room(room):
            raise CannotLeaveServerNoticeRoom

    async def tell_admins(self, text: str) -> None:
        """Send a text to every admin. Raises MatrixError."""
        for user_id in await self._accounts.admins():
            if user_id != self.user_id:
                await self.tell(user_id, text)

    async def tell(self, user_id: str, text: str) -> None:
        """Send a text to a user here. Raises MatrixError."""
        content = {"msgtype": "m.text", "body": text}
        await self.send(user_id, content, event_type="m.room.message", state_key=None, txn=None)

    async def send(
        self,
        user_id: str,
        content: Mapping[str, Any],
        *,
        event_type: str,
        state_key: str | None,
        txn: tuple[int, str] | None,
    ) -> EventId:
        """Send a notice to a user here; the event's id. The same `txn` again sends nothing. Raises NotFound."""
        user = await self._accounts.state_of(user_id)
        if user.user_id == self.user_id:
            raise InvalidParam("The account of notices gets none.")
        requester = await self._requester()
        async with self._turns.of(user.user_id):
            room_id = await self._room_of(requester, user.user_id)
        key = TxnKey(requester.user_nid, 0, *txn) if txn is not None else None
        return await self._sending.send(requester, room_id, Draft(event_type, content, state_key=state_key), txn=key)

    async def _requester(self) -> Requester:
        """The account of notices, made when it is first needed."""
        user = await self._users.read(self.user_id)
        if user is None:
            await self._users.create(self.user_id, password_hash=None, now_ms=self._clock.now_ms())
            user = await self._users.read(self.user_id)
        assert user is not None
        requester = Requester(self.user_id, None, user.user_nid, None, 0)
        profile = await self._profiles.member_content(self.user_id)
        if profile.get("displayname") != self._display_name:
            await self._profiles.set(requester, self.user_id, "displayname", self._display_name)
        return requester

    async def _room_of(self, requester: Requester, user_id: str) -> str:
        """The user's room of notices, with the user in it or invited."""
        room_id = await self._reads.notice_room(user_id)
        room = await self._rooms.find(room_id) if room_id is not None else None
        if room_id is None or room is None or not room.is_joined(self.user_id):
            room_id = await self._creation.create(
                requester,
                NewRoom(
                    preset="private_chat",
                    name=self._display_name,
                    initial_state=[StateDraft("m.room.guest_access", {"guest_access": "forbidden"})],
                    power_levels={"users_default": -10, "invite": 100},
                ),
            )
            await self._reads.set_notice_room(user_id, room_id)
            room = await self._rooms.room(room_id)
        if room.membership(user_id) not in {"join", "invite"}:
            await self._account_data.set_tag(user_id, room_id, TAG, {})
            try:
                await self._inviting.invite(requester, room_id, user_id)
            except (Unavailable, StorageFull):
                raise
            except MatrixError as refused:
                raise InvalidParam(f"The user cannot be invited: {refused.message}") from refused
        return room_id
