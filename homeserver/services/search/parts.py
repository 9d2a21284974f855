"""Search put together. Used by `app`."""

from dataclasses import dataclass

from homeserver.clock import Clock
from homeserver.services.feed import Feed
from homeserver.services.presentation import Presentation
from homeserver.services.room_state import RoomState
from homeserver.services.rooms import Rooms
from homeserver.services.search.index import Index
from homeserver.services.search.messages import MessageSearch
from homeserver.services.search.surroundings import Surroundings
from homeserver.services.timeline import Timeline
from homeserver.services.visibility import Visibility
from homeserver.storage.database import Database
from homeserver.storage.events.read import Events
from homeserver.storage.jobs import Jobs
from homeserver.storage.leases import Leases
from homeserver.storage.members import Members
from homeserver.storage.search import SearchTable
from homeserver.storage.state import StateKeys


@dataclass(frozen=True, slots=True)
class Below:
    """What search stands on."""

    database: Database
    feed: Feed
    rooms: Rooms
    state_keys: StateKeys
    visibility: Visibility
    presentation: Presentation
    timeline: Timeline
    room_state: RoomState
    clock: Clock


class Search:
    """The index, what searches it, and what is shown with hits."""

    def __init__(self, owner: str, below: Below) -> None:
        """`owner`: names this process among others."""
        database = below.database
        table = SearchTable(database)
        self.index = Index(owner, table, Leases(database), Jobs(database), below.feed, below.clock)
        self.messages = MessageSearch(
            table,
            self.index,
            members=Members(database),
            rooms=below.rooms,
            visibility=below.visibility,
            presentation=below.presentation,
            clock=below.clock,
        )
        self.surroundings = Surroundings(
            below.timeline,
            below.room_state,
            below.presentation,
            events=Events(database),
            state_keys=below.state_keys,
        )
