"""Homeservers in one process that federate over an in-memory net: real PostgreSQL, real signatures, no sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from prometheus_client import CollectorRegistry

from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.interface import Message
from homeserver.asgi.observe import RequestObserver
from homeserver.bus.local import LocalBus
from homeserver.clock import Faults, NoFaults, SystemClock, SystemRng
from homeserver.config.network import Federation as FederationConfig
from homeserver.config.rate_limits import RateLimits
from homeserver.errors import NotFound
from homeserver.federation import parts
from homeserver.federation.server import directory as directory_api
from homeserver.federation.server import openid as openid_api
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import Event, build_pdu, seal
from homeserver.protocol.identifiers import EventId, RoomId, ServerName, UserId, server_of
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.signing import SigningKey
from homeserver.services.commits import Commits
from homeserver.services.directory import Directory
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.services.intents import Draft, Finished, Intent
from homeserver.services.ratelimit import Limits
from homeserver.services.rooms import Rooms
from homeserver.services.spaces.hierarchy import Spaces
from homeserver.services.visibility import Visibility
from homeserver.storage.database import Database
from homeserver.storage.events.pages import PageEvent
from homeserver.storage.events.read import Events
from homeserver.storage.members import Members
from homeserver.storage.room_list import RoomList
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import MentionRow
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream

PORT = 8448


class Silence:
    """Nobody has push rules."""

    async def prepare(self, room: Room) -> None:
        """Nothing to load."""

    def judge(self, room: Room, event: Event) -> tuple[bool, Sequence[MentionRow]]:
        return (False, ())


class Homeserver:
    """One server. Users need no accounts: whoever has its name is a user."""

    def __init__(
        self,
        name: str,
        database: Database,
        net: FakeNet,
        *,
        resources: AsyncExitStack,
        config: FederationConfig,
        faults: Faults | None = None,
    ) -> None:
        clock = SystemClock()
        self.net = net
        self.name = ServerName(name)
        self.key = SigningKey(self.name, "ed25519:1", name.encode().ljust(32, b"."))
        self.clock = clock
        self.database = database
        self.stream = Stream(database, clock=clock, faults=NoFaults())
        bus = LocalBus(clock.monotonic)
        self.members = Members(database)
        self.feed = Feed(self.stream, self.members, bus, clock, is_shared=False)
        self.stream.on_commit = self.feed.committed
        self.table = RoomTable(database)
        self.events = Events(database)
        self.rooms = Rooms(self.table, self.feed)
        self.state_keys = StateKeys(database)
        self.commits = Commits(
            rooms=self.rooms,
            stream=self.stream,
            feed=self.feed,
            state_keys=self.state_keys,
            nids=database.nids,
            key=self.key,
            notifications=Silence(),
            events=self.events,
            clock=clock,
        )
        self.visibility = visibility = Visibility(
            self.rooms, self.events, self.members, self.state_keys, _ignores_nobody
        )
        limits = Limits(RateLimits(enabled=False), bus)
        self.federation = parts.build(
            config,
            self.key,
            parts.Below(
                database=database,
                stream=self.stream,
                feed=self.feed,
                rooms=self.rooms,
                commits=self.commits,
                state_keys=self.state_keys,
                visibility=visibility,
                limits=limits,
                profiles=self,
                aliases=self.table,
                may_invite=self._may_invite,
            ),
            http=net,
            resolver=net,
            clock=clock,
            rng=SystemRng(),
            faults=faults or NoFaults(),
            resources=resources,
        )
        self.directory = Directory(
            server=self.name, table=self.table, room_list=RoomList(database), rooms=self.rooms, clock=clock
        )
        self.spaces = Spaces(
            server=self.name, rooms=self.rooms, aliases=self.directory, remote=self.federation.queries, clock=clock
        )
        directory_api.endpoints(self.federation.table, self.directory, self.spaces, is_public=config.public_rooms)
        openid_api.endpoints(self.federation.table, self._user_of_token, limits)
        dispatcher = Dispatcher(
            self.federation.routes, observer=RequestObserver(CollectorRegistry()), stopping=asyncio.Event()
        )
        self.application = dispatcher.listener(frozenset({"federation", "keys"}))
        net.answers(name.partition(":")[0], PORT, self.answer)

    async def read(self, user_id: str) -> Mapping[str, bytes]:
        """Everybody here is called by their localpart, but for @plain, who has no profile, and @nobody."""
        if user_id.startswith(("@plain:", "@nobody:")):
            return {}
        return {"displayname": orjson.dumps(user_id[1:].partition(":")[0])}

    async def has_account(self, user_id: str) -> bool:
        """Everybody exists but @nobody."""
        return not user_id.startswith("@nobody:")

    async def _user_of_token(self, token: str) -> str | None:
        """Tokens are localparts, but for `expired`."""
        return None if token == "expired" else self.user(token)

    async def _may_invite(self, user_id: str, sender: str) -> None:
        if user_id.startswith("@nobody:"):
            raise NotFound("No such user.")

    async def answer(self, request: Request) -> Answer:
        """Answer a request of the net through the real dispatcher."""
        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "method": request.method,
            "raw_path": path.encode(),
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.items()],
            "client": ("127.0.0.1", 1),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body or b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    # -- what users do ---------------------------------------------------------------------------------------------

    def user(self, localpart: str) -> UserId:
        return UserId(f"@{localpart}:{self.name}")

    async def creates_room(self, creator: UserId, *, join_rule: str = "public", version: str = "12") -> RoomId:
        rules = ROOM_VERSIONS[version]
        create = self._create_event(creator, version)
        await self.table.allocate(create.room_id, version, created_ts=create.ts)
        room = await self.rooms.room(create.room_id)
        users = {} if rules.create_is_room else {creator: 100}
        await self.commits.commit_all(
            room,
            [
                Finished(create),
                Intent(creator, Draft.member(creator, "join", displayname="creator")),
                Intent(creator, Draft("m.room.power_levels", {"users": users, "invite": 0}, state_key="")),
                Intent(creator, Draft("m.room.join_rules", {"join_rule": join_rule}, state_key="")),
                Intent(creator, Draft("m.room.history_visibility", {"history_visibility": "shared"}, state_key="")),
            ],
        )
        return create.room_id

    def _create_event(self, creator: UserId, version: str) -> Event:
        rules = ROOM_VERSIONS[version]
        content = {"room_version": version} | ({"creator": creator} if rules.creator_in_content else {})
        proto = build_pdu(
            rules,
            room_id=None if rules.create_is_room else RoomId(f"!{SystemRng().letters(18)}:{self.name}"),
            sender=creator,
            type="m.room.create",
            state_key="",
            content=content,
            prev_events=[],
            auth_events=[],
            depth=1,
            ts=self.clock.now_ms(),
        )
        return seal(proto, rules, self.key)

    async def says(self, sender: UserId, room_id: str, text: str) -> EventId:
        draft = Draft("m.room.message", {"msgtype": "m.text", "body": text})
        return await self.does(sender, room_id, draft)

    async def does(self, sender: UserId, room_id: str, draft: Draft) -> EventId:
        room = await self.rooms.room(room_id)
        return (await self.commits.commit(room, Intent(sender, draft))).event_id

    async def joins(self, user_id: UserId, room_id: RoomId, via: str) -> None:
        await self.federation.remote_join.join(user_id, room_id, [via], {})

    async def invites(self, sender: UserId, target: str, room_id: str) -> None:
        room = await self.rooms.room(room_id)
        if server_of(target) == self.name:
            await self.does(sender, room_id, Draft.member(target, "invite"))
        else:
            await self.federation.remote_invites.invite(room, sender, Draft.member(target, "invite"))

    async def membership(self, user_id: str, room_id: str) -> str | None:
        found = (await self.members.memberships(room_id, [user_id])).get(user_id)
        return found.membership if found is not None else None

    async def timeline(self, room_id: str) -> list[PageEvent]:
        room = await self.rooms.room(room_id)
        return (await self.events.latest([room.room_nid], 500)).events

    async def timeline_or_nothing(self, room_id: str) -> list[PageEvent]:
        """The timeline; nothing for a room that is not known."""
        return await self.timeline(room_id) if await self.rooms.find(room_id) is not None else []

    async def texts(self, room_id: str) -> list[str]:
        """Bodies of the messages in the room, oldest first."""
        bodies = [orjson.loads(event.body) for event in await self.timeline(room_id)]
        return [body["content"]["body"] for body in bodies if body["type"] == "m.room.message"]

    async def state(self, room_id: str) -> dict[tuple[str, str], str]:
        room = await self.rooms.reload(room_id)
        return dict(room.state_event_ids()) if room is not None else {}

    async def run(self) -> None:
        await self.feed.start()
        async with asyncio.TaskGroup() as tasks:
            for part in (self.stream.run, self.feed.run, self.commits.run, *self.federation.tasks):
                tasks.create_task(_forever(part))


async def _forever(part: Callable[[], Awaitable[None]]) -> None:
    await part()


async def _ignores_nobody(user_id: str) -> frozenset[str]:
    return frozenset()


@asynccontextmanager
async def homeservers(
    cluster: Any, net: FakeNet, *names: str, deny: Sequence[str] = (), allow: Sequence[str] | None = None
) -> AsyncIterator[list[Homeserver]]:
    """Servers with these names (and the default port), running until the end of the block."""
    async with AsyncExitStack() as resources:
        servers: list[Homeserver] = []
        for name in names:
            url = await resources.enter_async_context(cluster.database())
            database = await Database.open(url)
            resources.push_async_callback(database.close)
            config = FederationConfig(
                trusted_key_servers=(),
                deny=tuple(deny),
                allow=None if allow is None else tuple(allow),
                public_rooms=True,
            )
            servers.append(Homeserver(f"{name}:{PORT}", database, net, resources=resources, config=config))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(server.run()) for server in servers]
            try:
                await asyncio.sleep(0.05)
                yield servers
            finally:
                for task in running:
                    task.cancel()


async def eventually(check: Callable[[], Awaitable[bool]], *, within_s: float = 15.0) -> None:
    """Wait until `check` holds; fails when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await check():  # noqa: ASYNC110 - what is waited for happens in another server
            await asyncio.sleep(0.02)
