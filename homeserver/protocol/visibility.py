"""Who may see an event, by the room's history visibility and memberships at the event.

Only the decision: finding the state before an event, erased users and ignored senders are the services' part.
Spec: Client-Server API, Room History Visibility; Server-Server API, Backfilling and retrieving missing events.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, cast

from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import server_of

HistoryVisibility = Literal["world_readable", "shared", "invited", "joined"]
DEFAULT: Final[HistoryVisibility] = "shared"

_KNOWN: Final = frozenset({"world_readable", "shared", "invited", "joined"})


def history_visibility(content: Mapping[str, Any] | None) -> HistoryVisibility:
    """The visibility that a `m.room.history_visibility` event sets; `shared` if there is none that we know."""
    value = None if content is None else content.get("history_visibility")
    # The set holds exactly the literals of the type.
    return cast("HistoryVisibility", value) if isinstance(value, str) and value in _KNOWN else DEFAULT


def user_may_see(
    event: Event, user_id: str, *, visibility: HistoryVisibility, membership: str | None, joined_since: bool
) -> bool:
    """Whether a user may see an event.

    `visibility` and `membership` (the user's; None if there never was one) are those in the state *before* the event.
    `joined_since`: the user was joined at some time after the event, be it only for a while.
    """
    visibilities = _around(event, visibility)
    memberships = {membership, event.membership} if _is_membership_of(event, user_id) else {membership}
    if "world_readable" in visibilities or "join" in memberships:
        return True
    if joined_since and "shared" in visibilities:
        return True
    return "invite" in memberships and "invited" in visibilities


def server_may_see(event: Event, server: str, *, visibility: HistoryVisibility, memberships: Iterable[str]) -> bool:
    """Whether a server in the room may see an event, or only its redacted form.

    `memberships`: those of the server's users in the state before the event. What is shared with later members is open
    to every server in the room: it may have such a member at any time.
    """
    visibilities = _around(event, visibility)
    if not visibilities.isdisjoint(("world_readable", "shared")):
        return True
    present = set(memberships)
    if event.type == "m.room.member" and event.state_key is not None and server_of(event.state_key) == server:
        present.add(event.membership or "")
    return "join" in present or ("invite" in present and "invited" in visibilities)


def _around(event: Event, before: HistoryVisibility) -> set[HistoryVisibility]:
    """The visibilities before and after an event: either may open it."""
    if event.type == "m.room.history_visibility" and event.state_key == "":
        return {before, history_visibility(event.content)}
    return {before}


def _is_membership_of(event: Event, user_id: str) -> bool:
    return event.type == "m.room.member" and event.state_key == user_id
