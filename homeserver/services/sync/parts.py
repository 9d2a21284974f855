"""Puts the sync engine together: one collector under every format."""

import asyncio
import contextlib
from dataclasses import dataclass

from homeserver.clock import Clock, Rng
from homeserver.services.account_data import AccountData
from homeserver.services.feed import Feed
from homeserver.services.one_time_keys import OneTimeKeys
from homeserver.services.presence import Presence
from homeserver.services.presentation import Presentation
from homeserver.services.push_rules import PushRules
from homeserver.services.rooms import Rooms
from homeserver.services.states import States
from homeserver.services.sync.collect.items import Live, Presenter
from homeserver.services.sync.collect.own import Inbox
from homeserver.services.sync.collect.rooms import Collector
from homeserver.services.sync.collect.state import MemberEvents
from homeserver.services.sync.collect.talk import Talks
from homeserver.services.sync.collect.viewer import Viewers
from homeserver.services.sync.device_changes import DeviceChanges
from homeserver.services.sync.federation_format import FederationFormat
from homeserver.services.sync.sliding.connections import Connections
from homeserver.services.sync.sliding.engine import Engine
from homeserver.services.sync.sliding.extensions import ExtensionBuilder
from homeserver.services.sync.sliding.opening import Opening
from homeserver.services.sync.sliding.poll import SlidingPoll
from homeserver.services.sync.sliding.quick import Quick
from homeserver.services.sync.sliding.results import Results
from homeserver.services.sync.sliding.scope import Activity
from homeserver.services.sync.v3 import ClassicSync
from homeserver.services.sync.v3_quick import QuickIncrement
from homeserver.services.sync.v3_rooms import RoomBlocks
from homeserver.services.typing import Typing
from homeserver.services.unread import Unread
from homeserver.services.visibility import Visibility
from homeserver.storage.account_data import AccountData as AccountDataTable
from homeserver.storage.database import Database
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.events.read import Events
from homeserver.storage.mentions import Mentions
from homeserver.storage.receipts import Receipts
from homeserver.storage.state import StateKeys, StateTable
from homeserver.storage.sync_connections import SyncConnections
from homeserver.storage.sync_reads import SyncReads
from homeserver.storage.to_device import ToDevice

LAST_WRITE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Below:
    """What the sync engine stands on."""

    database: Database
    feed: Feed
    rooms: Rooms
    state_keys: StateKeys
    visibility: Visibility
    presentation: Presentation
    account_data: AccountData
    push_rules: PushRules
    typing: Typing
    presence: Presence
    states: States
    one_time_keys: OneTimeKeys
    clock: Clock
    rng: Rng
    stopping: asyncio.Event


class Sync:
    """The formats."""

    def __init__(self, below: Below) -> None:
        database, feed = below.database, below.feed
        self._feed = feed
        self._stopping = below.stopping
        events = Events(database)
        live = Live(below.rooms, feed)
        reads, receipts, to_device = SyncReads(database), Receipts(database), ToDevice(database)
        member_events = MemberEvents(events, reads, below.rooms, feed)
        collector = self.collector = Collector(
            feed=feed,
            rooms=below.rooms,
            events=events,
            reads=reads,
            viewers=Viewers(feed, reads, below.state_keys, below.account_data.ignored_by),
            visibility=below.visibility,
            live=live,
            states=StateTable(database),
        )
        presenter = self.presenter = Presenter(live, below.presentation)
        account_data, unread = AccountDataTable(database), Unread(Mentions(database), feed)
        self.unread = unread
        activity = Activity(reads, feed)
        talks = Talks(feed, live)
        self.engine = Engine(
            feed=feed,
            collector=collector,
            results=Results(collector, presenter, member_events, activity),
            extensions=ExtensionBuilder(
                collector=collector,
                presenter=presenter,
                rooms=below.rooms,
                reads=reads,
                receipts=receipts,
                to_device=to_device,
                push_rules=below.push_rules,
                unread=unread,
                typing=below.typing,
                presence=below.presence,
                states=below.states,
                one_time_keys=below.one_time_keys,
            ),
            activity=activity,
            account_data=account_data,
            states=below.states,
            unread=unread,
            quick=Quick(talks, live, activity, unread, below.states),
        )
        self.device_changes = DeviceChanges(feed, collector)
        self.connections = Connections(SyncConnections(database), below.clock, below.rng)
        self.opening = Opening(self.engine, self.connections, reads)
        self.poll = SlidingPoll(
            engine=self.engine,
            connections=self.connections,
            opening=self.opening,
            feed=feed,
            presence=below.presence,
            stopping=below.stopping,
            clock=below.clock,
        )
        blocks = RoomBlocks(collector, presenter, member_events)
        self.classic = ClassicSync(
            feed=feed,
            collector=collector,
            blocks=blocks,
            quick=QuickIncrement(talks, live, below.rooms, blocks, unread, below.states),
            inbox=Inbox(to_device),
            account_data=account_data,
            receipts=receipts,
            push_rules=below.push_rules,
            unread=unread,
            typing=below.typing,
            presence=below.presence,
            states=below.states,
            one_time_keys=below.one_time_keys,
            federation_format=FederationFormat(events),
            stopping=below.stopping,
            clock=below.clock,
        )

    async def run(self) -> None:
        """Write connections behind; let everyone who waits have an answer when the server stops."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.connections.run())
                await self._stopping.wait()
                self._feed.wake_all()
        finally:
            # The last thing, whatever ended it: whoever comes back after a restart goes on where they were.
            with contextlib.suppress(DatabaseDown, DatabaseFull, TimeoutError):
                async with asyncio.timeout(LAST_WRITE_WITHIN_S):
                    await self.connections.write()
