"""Who is asking, and as which device: what the auth gate finds out once and every service takes."""

from dataclasses import dataclass

from homeserver.protocol.identifiers import DeviceId, UserId


@dataclass(frozen=True, slots=True)
class Requester:
    """An authenticated user. `device_id` is None for a session without a device (application services)."""

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
