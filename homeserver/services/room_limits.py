"""How many rooms one user may be in, and how many invites may wait for one: what else nothing bounds.

Not for: how fast rooms are made and joined (`ratelimit`).
"""

from homeserver.errors import Forbidden
from homeserver.services.requester import Requester
from homeserver.storage.members import Members


class TooManyRooms(Forbidden):
    """The user has to leave rooms before they enter others."""

    default_message = "You are in as many rooms as one may be in: leave some before you enter others"


class RoomLimits:
    """Counts memberships. Application services, admins and this server itself may have as many as they like."""

    def __init__(self, members: Members, *, max_joined: int, max_invites: int, notices: str) -> None:
        """`notices`: the account of the server's notices, which come to everybody."""
        self._members = members
        self._notices = notices
        self._max_joined = max_joined
        self._max_invites = max_invites

    async def check_joins(self, requester: Requester) -> None:
        """Raise TooManyRooms for who may come into no other room [1 trip]."""
        if await self.is_full(requester):
            raise TooManyRooms

    async def is_full(self, requester: Requester) -> bool:
        """Whether the user is in as many rooms as one may be in [1 trip]."""
        is_people = requester.session_nid and requester.appservice_id is None
        if not is_people or requester.is_admin or requester.is_unlimited:
            return False
        return await self._members.count_of(requester.user_id, "join", self._max_joined) >= self._max_joined

    async def check_invites(self, user_id: str, inviter: str) -> None:
        """Raise Forbidden for one whom too many invites wait for already [1 trip]."""
        if inviter == self._notices:
            return
        if await self._members.count_of(user_id, "invite", self._max_invites) >= self._max_invites:
            raise Forbidden(f"{user_id} has too many invites that wait for an answer.")
