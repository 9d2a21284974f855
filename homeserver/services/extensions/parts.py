"""Makes the extensions: what they stand on comes in, one object goes out."""

from dataclasses import dataclass

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden
from homeserver.services.commits import Commits
from homeserver.services.extensions.closing import Closing
from homeserver.services.extensions.invite_links import Comings, InviteLinks
from homeserver.services.extensions.join_progress import JoinProgress
from homeserver.services.extensions.local_rules import RESTRICTED, LocalRules
from homeserver.services.extensions.muting import Muting
from homeserver.services.extensions.role_list import ROLE_OF, ROLES
from homeserver.services.extensions.roles import Roles
from homeserver.services.extensions.slow_mode import SLOW_MODE, SlowMode
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.services.intents import Draft
from homeserver.services.inviting import MemberProfiles
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.storage.database import Database
from homeserver.storage.events.dates import Dates
from homeserver.storage.invite_links import InviteLinks as InviteLinkTable
from homeserver.storage.partial_joins import PartialJoins
from homeserver.storage.restrictions import Restrictions
from homeserver.storage.rooms import RoomTable


@dataclass(frozen=True, slots=True)
class Below:
    """What the extensions stand on."""

    database: Database
    rooms: Rooms
    room_table: RoomTable
    commits: Commits
    feed: Feed
    sending: Sending
    joining: Comings
    profiles: MemberProfiles
    clock: Clock
    rng: Rng


class Extensions:
    """Every extension of this server."""

    def __init__(self, below: Below) -> None:
        slow_mode = SlowMode(Dates(below.database), below.clock)
        below.feed.register(slow_mode.apply)
        below.sending.check_state_by(SLOW_MODE, slow_mode.check_setting)
        below.sending.prepare_message_by(slow_mode.prepare)
        below.commits.check_by(LocalRules(slow_mode, below.clock).check)
        for event_type in (ROLES, ROLE_OF, RESTRICTED):
            below.sending.check_state_by(event_type, _has_endpoint)
        self.roles = Roles(below.rooms, below.commits)
        self.invite_links = InviteLinks(
            rooms=below.rooms,
            commits=below.commits,
            table=InviteLinkTable(below.database),
            profiles=below.profiles,
            joining=below.joining,
            clock=below.clock,
            rng=below.rng,
        )
        self.closing = Closing(below.rooms, below.commits, below.room_table)
        self.muting = Muting(
            rooms=below.rooms,
            commits=below.commits,
            roles=self.roles,
            table=Restrictions(below.database),
            clock=below.clock,
        )
        self.join_progress = JoinProgress(below.rooms, PartialJoins(below.database))
        self.run = self.muting.run


async def _has_endpoint(_requester: Requester, _room: Room, draft: Draft) -> None:
    """These states and the power levels belong together: only their endpoints keep them so."""
    raise Forbidden(f"{draft.type} is set by an endpoint of its own.")
