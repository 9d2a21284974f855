"""One socket from its `hello` to its end: a reader, an engine, a watch, and up to 16 requests at work.

Nothing lives only here: a killed socket loses no data. Whatever ends it does so by raising `Ended`, once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

import structlog

from homeserver.client_api.http import EndpointTable, Origin
from homeserver.client_api.socket import frames
from homeserver.client_api.socket.frames import Ack, Ended, Hello, Renewal, Req, Sub, checked, decoded, parse, text_of
from homeserver.client_api.socket.requests import Requests
from homeserver.client_api.socket.window import BYTES, DELTAS, Window
from homeserver.clock import Clock, Rng
from homeserver.errors import MatrixError
from homeserver.services.feed import Feed
from homeserver.services.presence import Presence
from homeserver.services.requester import Requester
from homeserver.services.sync.collect.viewer import Arrival
from homeserver.services.sync.sliding.connection import Connection
from homeserver.services.sync.sliding.connections import Connections
from homeserver.services.sync.sliding.engine import Engine
from homeserver.services.sync.sliding.opening import Opening
from homeserver.services.sync.sliding.wanted import Subscription

log = structlog.get_logger()

HELLO_WITHIN_S = 10.0
SILENCE_S = 2.5 * frames.HEARTBEAT_S
SEND_WITHIN_S = 30.0
RECHECK_S = 60.0
EXPIRING_MS = 60_000
WATCH_EVERY_S = 5.0
FRAMES_PER_S = 50.0
FRAMES_BURST = 200.0
CONTROL_AT_MOST = 256
DIGITS = 18


class Wire(Protocol):
    """The WebSocket underneath, accepted."""

    async def receive(self) -> str | bytes: ...
    async def send(self, data: str) -> None: ...
    async def close(self, code: int, reason: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What sessions stand on."""

    table: EndpointTable
    authenticate: Callable[[str], Awaitable[Requester]]
    engine: Engine
    connections: Connections
    opening: Opening
    feed: Feed
    presence: Presence
    clock: Clock
    rng: Rng


class Session:
    """One socket. `admit` is asked when it is known whose it is; it raises Ended, or makes older ones go."""

    def __init__(
        self,
        parts: Parts,
        wire: Wire,
        origin: Origin,
        header_token: str | None,
        admit: Callable[["Session"], None],
    ) -> None:
        self._parts = parts
        self._wire = wire
        self._origin = origin
        self._token = header_token
        self._admit = admit
        self.conn_id = ""
        self.used_at = parts.clock.monotonic()
        self._requester: Requester | None = None
        self._sub: Subscription | None = None
        self._tag: str | None = None
        self._sub_changed = asyncio.Event()
        self._window = Window()
        self._inbox_stored = 0
        self._arrival: Arrival | None = None
        self._sending = asyncio.Lock()
        self._control = 0
        self._sending_since: float | None = None
        self._requests = Requests(parts.table, origin, self._send)
        self._ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._expiring_told = False
        self._checked_at = self.used_at
        self._frames_left, self._frames_at = FRAMES_BURST, self.used_at
        self._presence = ExitStack()

    @property
    def is_known(self) -> bool:
        """Whether it said `hello` with a good token."""
        return self._requester is not None

    @property
    def requester(self) -> Requester:
        """Whose socket it is, once it said `hello`."""
        assert self._requester is not None
        return self._requester

    @property
    def key(self) -> tuple[int, int, str]:
        """Of several sockets with the same key the newest stays."""
        return self.requester.user_nid, self.requester.device_nid or 0, self.conn_id

    def end(self, ended: Ended) -> None:
        """Have it end from outside: taken over, revoked, the server stops."""
        if not self._ended.done():
            self._ended.set_result(ended)

    async def run(self) -> None:
        """Serve the socket until it ends."""
        ended = Ended(frames.SERVER_ERROR)
        try:
            try:
                await self._serve()
            except* Ended as group:
                ended = _first(group)
            except* Exception as group:
                log.exception("socket.failed", id=self._origin.request_id, error=type(group.exceptions[0]).__name__)
        finally:
            self._presence.close()
        await self._say_goodbye(ended)

    async def _serve(self) -> None:
        connection = await self._open()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._end_from_outside())
            tasks.create_task(self._watch())
            tasks.create_task(self._stream(connection))
            await self._read(connection, tasks)

    async def _end_from_outside(self) -> None:
        raise await self._ended

    async def _say_goodbye(self, ended: Ended) -> None:
        bye = {"t": "bye", "code": ended.code, "reason": ended.reason, **ended.more}
        try:
            async with asyncio.timeout(2.0):
                await self._wire.send(text_of(bye))
                await self._wire.close(ended.code, ended.reason[:100])
        except (TimeoutError, OSError):
            return

    # -- opening ---------------------------------------------------------------------------------------------------

    async def _open(self) -> Connection:
        """Take the `hello`, find the connection, answer `ready`."""
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                kind, frame = parse(await self._wire.receive())
        except TimeoutError:
            raise Ended(frames.NO_HELLO, "no hello in time") from None
        if kind != "hello":
            raise Ended(frames.PROTOCOL_ERROR, "the first frame is `hello`")
        hello: Hello = decoded(frame, Hello)
        if frames.VERSION not in hello.v:
            raise Ended(frames.PROTOCOL_ERROR, f"this server speaks version {frames.VERSION}")
        self._requester = await self._authenticated(hello.access_token or self._token)
        self._token = hello.access_token or self._token
        self.conn_id = hello.conn_id
        self._admit(self)
        connection, resumed = await self._connection(hello)
        if hello.sub is not None:
            self._subscribe(hello.sub, None)
        limits = {
            "heartbeat_ms": int(frames.HEARTBEAT_S * 1000),
            "window": DELTAS,
            "window_bytes": BYTES,
            "max_inflight": frames.MAX_INFLIGHT,
            "max_frame": frames.MAX_FRAME,
        }
        ready: dict[str, object] = {
            "t": "ready",
            "v": frames.VERSION,
            "user_id": self.requester.user_id,
            "device_id": self.requester.device_id,
            "conn_id": self.conn_id,
            "session": f"s-{self._parts.rng.letters(8)}",
            "resumed": resumed,
            "limits": limits,
            "server_time": self._parts.clock.now_ms(),
        }
        if resumed:
            ready["pos"] = connection.pos
        if self._expires_in_ms is not None:
            ready["token_expires_in_ms"] = self._expires_in_ms
        await self._send(text_of(ready))
        return connection

    async def _connection(self, hello: Hello) -> tuple[Connection, bool]:
        """The connection, and whether it goes on where the client stopped."""
        connections, resume = self._parts.connections, hello.resume
        if resume is not None:
            self._inbox_stored = _number(resume.to_device)
            if hello.sub is not None:
                found, self._arrival = await self._parts.opening.found(
                    self.requester, self.conn_id, resume.pos, hello.sub, self._inbox_stored
                )
            else:
                found = await connections.find(self.requester, self.conn_id)
            place = found.find(resume.pos) if found is not None else None
            if found is not None and place is not None:
                self._take(found)
                self._parts.feed.wake([self.requester.user_id])
                async with found.lock:
                    found.resume(place)
                return found, True
        self._arrival = None
        connection = connections.begin(self.requester, self.conn_id)
        self._take(connection)
        return connection, False

    def _take(self, connection: Connection) -> None:
        connection.take(lambda: self.end(Ended(frames.REPLACED, "another client took the connection over")))

    async def _authenticated(self, token: str | None) -> Requester:
        """Whose token it is. Raises Ended."""
        if token is None:
            raise Ended(frames.BAD_TOKEN, "no access token", errcode="M_MISSING_TOKEN", soft_logout=False)
        try:
            requester = await self._parts.authenticate(token)
        except MatrixError as error:
            soft = bool(error.body().get("soft_logout", False))
            raise Ended(frames.BAD_TOKEN, "the token is refused", errcode=error.errcode, soft_logout=soft) from None
        if requester.is_locked:
            raise Ended(frames.BAD_TOKEN, "the account is locked", errcode="M_USER_LOCKED", soft_logout=True)
        return requester

    @property
    def _expires_in_ms(self) -> int | None:
        expires = self.requester.expires_at_ms
        return max(0, expires - self._parts.clock.now_ms()) if expires is not None else None

    # -- reading ---------------------------------------------------------------------------------------------------

    async def _read(self, connection: Connection, tasks: asyncio.TaskGroup) -> None:
        while True:
            text = await self._wire.receive()
            self._count_frame()
            kind, frame = parse(text)
            match kind:
                case "ack":
                    await self._acked(connection, decoded(frame, Ack))
                case "req":
                    await self._requests.take(decoded(frame, Req), self.requester, tasks)
                case "sub":
                    sub: Sub = decoded(frame, Sub)
                    self._subscribe(sub.sub, sub.tag)
                case "ping":
                    n = frame.get("n")
                    pong = {"t": "pong", "n": n if isinstance(n, int) else 0}
                    await self._send(text_of({**pong, "server_time": self._parts.clock.now_ms()}))
                case "auth":
                    await self._renew(decoded(frame, Renewal))

    def _count_frame(self) -> None:
        """Take a token from the socket's own bucket."""
        now = self._parts.clock.monotonic()
        self._frames_left = min(FRAMES_BURST, self._frames_left + (now - self._frames_at) * FRAMES_PER_S)
        self._frames_at = self.used_at = now
        if self._frames_left < 1:
            raise Ended(frames.TOO_FAST, "too many frames", retry_after_ms=30_000)
        self._frames_left -= 1

    def _subscribe(self, sub: Subscription, tag: str | None) -> None:
        self._sub, self._tag = checked(sub), tag
        self._presence.close()
        requester = self.requester
        self._presence.enter_context(
            self._parts.presence.syncing(requester.user_id, requester.device_id or "", sub.set_presence)
        )
        self._sub_changed.set()
        self._parts.feed.wake([requester.user_id])

    async def _acked(self, connection: Connection, ack: Ack) -> None:
        place = connection.find(ack.pos)
        if place is not None:
            connection.ack(place)
            if self._window.acked(place.n):
                self._frames_left += 1  # how fast deltas are acknowledged is up to who sends them
        stored = _number(ack.to_device)
        if stored > self._inbox_stored:
            self._inbox_stored = stored
            await self._parts.engine.acknowledge_inbox(self.requester, stored)

    async def _renew(self, renewal: Renewal) -> None:
        requester = await self._authenticated(renewal.access_token)
        mine = self.requester
        if (requester.user_id, requester.device_id) != (mine.user_id, mine.device_id):
            raise Ended(frames.OTHER_TOKEN, "the token is of another device")
        self._requester, self._token = requester, renewal.access_token
        self._expiring_told = False
        answer: dict[str, object] = {"t": "auth_ok"}
        if self._expires_in_ms is not None:
            answer["token_expires_in_ms"] = self._expires_in_ms
        await self._send(text_of(answer))

    # -- writing ---------------------------------------------------------------------------------------------------

    async def _send(self, text: str) -> None:
        """Send a frame. Frames wait for each other here, and only so many: TCP's backpressure is ours."""
        self._control += 1
        try:
            if self._control > CONTROL_AT_MOST:
                raise Ended(frames.TOO_FAST, "the answers are not read", retry_after_ms=30_000)
            async with self._sending:
                self._sending_since = self._parts.clock.monotonic()
                await self._wire.send(text)
        finally:
            self._control -= 1
            if not self._control:
                self._sending_since = None

    async def _stream(self, connection: Connection) -> None:
        """Make deltas as the client has room for them: from what was sent last to now."""
        parts = self._parts
        async with connection.lock:
            await self._sub_changed.wait()
            while True:
                await self._window.open()
                arrival, self._arrival = self._arrival, None
                if arrival is None and parts.feed.rooms_of(self.requester.user_id) is None and self._sub is not None:
                    position = connection.place.position
                    arrival = await parts.engine.arrive(
                        self.requester, position, self._sub, self._inbox_stored, is_known=False
                    )
                listener = await parts.feed.listener(self.requester.user_id)
                ticket, at_once = listener.ticket, self._sub_changed.is_set()
                self._sub_changed.clear()
                sub, tag = self._sub, self._tag
                assert sub is not None
                made = await parts.engine.next(
                    connection,
                    self.requester,
                    sub,
                    split=True,
                    inbox_after=self._inbox_stored,
                    at_once=at_once,
                    arrival=arrival,
                )
                for number, part in enumerate(made):
                    await self._window.open()
                    text = frames.delta_text(part, tag if number == 0 else None)
                    n = connection.place.n - len(made) + number + 1
                    self._window.sent(n, len(text))
                    await self._send(text)
                if made and self._tag is tag:
                    self._tag = None
                await parts.feed.wait(listener, ticket, None)

    # -- watching --------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Tell in time that the token runs out, look again whether it is good, and whether the client is still there.

        One look now and then for all frames: a timer for each would cost more than the frame.
        """
        while True:
            await self._parts.clock.sleep(WATCH_EVERY_S)
            now = self._parts.clock.monotonic()
            if now - self.used_at >= SILENCE_S:
                raise Ended(frames.TOO_SLOW, "nothing was heard")
            if self._sending_since is not None and now - self._sending_since >= SEND_WITHIN_S:
                raise Ended(frames.TOO_SLOW, "frames are not read")
            left = self._expires_in_ms
            if left is not None and left <= EXPIRING_MS and not self._expiring_told:
                self._expiring_told = True
                await self._send(text_of({"t": "auth_expiring", "in_ms": left}))
            if now - self._checked_at >= RECHECK_S or left == 0:
                self._checked_at = now
                self._requester = await self._authenticated(self._token)


def _first(group: BaseExceptionGroup[Ended]) -> Ended:
    found = group.exceptions[0]
    return found if isinstance(found, Ended) else _first(found)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= DIGITS else 0
