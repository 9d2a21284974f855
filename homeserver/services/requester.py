"""Who is asking, and as which device: what the auth gate finds out once and every service takes."""

from dataclasses import dataclass

from homeserver.errors import UserSuspended
from homeserver.protocol.identifiers import DeviceId, UserId


@dataclass(frozen=True, slots=True)
class Requester:
    """An authenticated user. `device_id` is None for an application service that names no device."""

    user_id: UserId
    device_id: DeviceId | None
    user_nid: int
    device_nid: int | None
    session_nid: int
    is_guest: bool = False
    is_admin: bool = False
    expires_at_ms: int | None = None
    is_locked: bool = False
    is_suspended: bool = False
    appservice_id: str | None = None
    is_shadow_banned: bool = False
    """What they send seems to be sent, and is not."""
    is_unlimited: bool = False
    """No limits of rate."""
    message_rate: tuple[float, float] | None = None
    """Messages a second and in a burst, in place of those of everybody."""

    def must_be_active(self) -> None:
        """Raise UserSuspended for one who may only read, and put their own affairs in order.

        Spec: Client-Server API, Account suspension.
        """
        if self.is_suspended:
            raise UserSuspended
