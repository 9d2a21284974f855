"""Whether an account of this server takes an invite. Spec: Client-Server API, Invite permission."""

from collections.abc import Awaitable, Callable

from homeserver.errors import Forbidden, InviteBlocked, NotFound
from homeserver.services.account_data import AccountData
from homeserver.services.room_limits import RoomLimits
from homeserver.storage.users import Users

CONFIG = "m.invite_permission_config"


class InvitePermission:
    """Asks the account, and its owner's wishes."""

    def __init__(self, users: Users, account_data: AccountData, limits: RoomLimits) -> None:
        self._users = users
        self._account_data = account_data
        self._limits = limits
        self._makes_user: Callable[[str], Awaitable[bool]] | None = None

    def ask_appservices_by(self, makes_user: Callable[[str], Awaitable[bool]]) -> None:
        """Have users made by application services when they are asked for."""
        self._makes_user = makes_user

    async def check(self, user_id: str, inviter: str) -> None:
        """Raise NotFound for nobody's name, Forbidden for closed accounts and too many invites, InviteBlocked."""
        user = await self._users.read(user_id)
        if user is None and self._makes_user is not None and await self._makes_user(user_id):
            user = await self._users.read(user_id)
        if user is None:
            raise NotFound(f"There is no user {user_id}.")
        if user.is_deactivated:
            raise Forbidden(f"The account {user_id} is closed.")
        if user.appservice_id is None:
            await self._limits.check_invites(user_id, inviter)
        try:
            config = await self._account_data.read(user_id, CONFIG)
        except NotFound:
            config = {}
        if config.get("default_action") == "block" or inviter in await self._account_data.ignored_by(user_id):
            raise InviteBlocked(f"{user_id} does not take invites.")
