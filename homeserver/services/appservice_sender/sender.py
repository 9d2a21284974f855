"""All queues of application services, and what wakes them. One for each, whatever the number of processes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from homeserver.clock import Clock, Faults
from homeserver.services.appservice_sender.contents import Contents
from homeserver.services.appservice_sender.interest import Interest
from homeserver.services.appservice_sender.queue import Queue
from homeserver.services.appservices.access import Access
from homeserver.services.appservices.asking import Asking
from homeserver.services.appservices.registrations import Registration, Registrations
from homeserver.services.feed import Feed
from homeserver.services.one_time_keys import OneTimeKeys
from homeserver.services.presence import PREFIX as PRESENCE
from homeserver.services.presence import Presence
from homeserver.services.rooms import Rooms
from homeserver.services.states import States
from homeserver.services.typing import PREFIX as TYPING
from homeserver.services.typing import Typing
from homeserver.storage.appservices import Appservices
from homeserver.storage.database import Database
from homeserver.storage.devices import Devices
from homeserver.storage.leases import Leases
from homeserver.storage.members import Members
from homeserver.storage.rooms import RoomTable
from homeserver.storage.stream import Stream
from homeserver.storage.to_device import ToDevice


@dataclass(frozen=True, slots=True)
class Below:
    """What the sender stands on."""

    server: str
    owner: str
    registrations: Registrations
    access: Access
    asking: Asking
    database: Database
    feed: Feed
    stream: Stream
    rooms: Rooms
    states: States
    typing: Typing
    presence: Presence
    one_time_keys: OneTimeKeys
    clock: Clock
    faults: Faults


class Sender:
    """Serves every application service that has an address."""

    def __init__(self, below: Below) -> None:
        self._queues: Sequence[Queue] = [
            _queue(below, registration) for registration in below.registrations if registration.url is not None
        ]
        below.access.on_contact(self._contacted)
        if any(queue.registration.receives_ephemeral for queue in self._queues):
            below.states.follow(TYPING, self._changed, _nothing)
            below.states.follow(PRESENCE, self._changed, _nothing)

    async def run(self) -> None:
        """Serve; runs as long as the process."""
        if not self._queues:
            return
        async with asyncio.TaskGroup() as group:
            for queue in self._queues:
                group.create_task(queue.run())

    def _contacted(self, appservice_id: str) -> None:
        for queue in self._queues:
            if queue.registration.id == appservice_id:
                queue.contacted()

    async def _changed(self, _key: str, _value: bytes | None, _mark: int) -> None:
        for queue in self._queues:
            if queue.registration.receives_ephemeral:
                queue.wake()


def _nothing() -> None:
    return


def _queue(below: Below, registration: Registration) -> Queue:
    table, aliases_of = Appservices(below.database), _aliases_of(below.database)
    interest = Interest(below.server, registration, below.rooms, aliases_of)
    below.feed.register(interest.apply)
    contents = Contents(
        registration,
        interest,
        table=table,
        devices=Devices(below.database),
        members=Members(below.database),
        rooms=below.rooms,
        one_time_keys=below.one_time_keys,
        typing=below.typing,
        presence=below.presence,
        clock=below.clock,
    )
    return Queue(
        registration,
        contents,
        owner=below.owner,
        asking=below.asking,
        table=table,
        inboxes=ToDevice(below.database),
        leases=Leases(below.database),
        feed=below.feed,
        stream=below.stream,
        states=below.states,
        typing=below.typing,
        presence=below.presence,
        clock=below.clock,
        faults=below.faults,
    )


def _aliases_of(database: Database) -> Callable[[str], Awaitable[Sequence[str]]]:
    return RoomTable(database).aliases_of
