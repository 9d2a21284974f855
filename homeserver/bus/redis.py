"""The bus of several processes, on Redis or Valkey: a channel for notices, expiring keys for states, buckets by script.

When Redis is away every verb raises `BusDown` within its time, and readings end; nothing is queued for later.
"""

import asyncio
import contextlib
import secrets
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from homeserver.bus.bus import TIMEOUT_S, BusDown, Notice, StateChange

T = TypeVar("T")

_PREFIX = "hearth:"
_COMMITS = _PREFIX + "commits"
_CHANGES = _PREFIX + "changes"
_EPOCH = _PREFIX + "epoch"
_COUNTER = _PREFIX + "counter"
_STATE = _PREFIX + "state:"
_HEAD = struct.Struct("!QQ")
_CHANGE = struct.Struct("!QIB")
_TICK_S = 0.5

# KEYS: bucket. ARGV: tokens wanted, tokens a second, most tokens. The time is Redis's own, one for all processes.
_TAKE = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local n, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 't', 'a')
local tokens = burst
if held[1] then tokens = math.min(burst, tonumber(held[1]) + (at - tonumber(held[2])) * rate) end
if tokens < n then
  if rate <= 0 then return '3600' end
  return tostring((n - tokens) / rate)
end
redis.call('HSET', KEYS[1], 't', tostring(tokens - n), 'a', string.format('%.6f', at))
local life = 3600
if rate > 0 then life = math.ceil(burst / rate) + 1 end
redis.call('EXPIRE', KEYS[1], life)
return '0'
"""


class RedisBus:
    """A `Bus` on one Redis."""

    def __init__(self, client: "redis.Redis", epoch: str) -> None:
        self._client = client
        self._epoch = epoch
        self._closed = False
        self._take = client.register_script(_TAKE)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect. Raises BusDown."""
        try:
            client = redis.from_url(
                url,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),  # a silent reconnection would lose notices silently
            )
        except ValueError as error:
            raise BusDown(str(error)) from error
        bus = cls(client, "")
        await bus._refresh_epoch()
        return bus

    @property
    def epoch(self) -> str:
        return self._epoch

    async def _refresh_epoch(self) -> None:
        """Learn the name of Redis's life, and give it one if it has none: whoever comes first wins."""
        await self._ask(lambda: self._client.set(_EPOCH, secrets.token_hex(8), nx=True))
        found = await self._ask(lambda: self._client.get(_EPOCH))
        self._epoch = found.decode("ascii") if isinstance(found, bytes) else ""

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await command()
        except (RedisError, OSError, TimeoutError) as error:
            raise BusDown(str(error) or type(error).__name__) from error

    async def publish(self, first: int, last: int, payload: bytes) -> None:
        await self._ask(lambda: self._client.publish(_COMMITS, _HEAD.pack(first, last) + payload))

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Notice]]:
        async with self._channel(_COMMITS) as messages:
            yield (_notice_of(message) async for message in messages if message is not None)

    async def set_state(self, key: str, value: bytes | None, ttl_s: float = 30.0) -> None:
        name = _STATE + key
        if value is None:
            if await self._ask(lambda: self._client.delete(name)):
                await self._tell(key, None)
            return
        await self._ask(lambda: self._client.set(name, value, px=max(1, int(ttl_s * 1000))))
        await self._tell(key, value)

    async def _tell(self, key: str, value: bytes | None) -> None:
        counter = await self._ask(lambda: self._client.incr(_COUNTER))
        if counter == 1:
            await self._refresh_epoch()  # Redis began anew
        text = key.encode("utf-8")
        head = _CHANGE.pack(counter, len(text), value is not None)
        await self._ask(lambda: self._client.publish(_CHANGES, head + text + (value or b"")))

    async def states(self, prefix: str) -> Mapping[str, bytes]:
        async def scan() -> list[bytes]:
            pattern = _STATE + "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in prefix) + "*"
            return [bytes(name) async for name in self._client.scan_iter(match=pattern, count=1000)]

        names = await self._ask(scan)
        if not names:
            return {}
        values = await self._ask(lambda: self._client.mget(names))
        found = zip(names, values, strict=True)
        return {name.decode("utf-8")[len(_STATE) :]: value for name, value in found if isinstance(value, bytes)}

    @asynccontextmanager
    async def watch_state(self, prefix: str) -> AsyncIterator[AsyncIterator[StateChange]]:
        async with self._channel(_CHANGES) as messages:
            yield self._changes(messages, prefix, set(await self.states(prefix)))

    async def _changes(
        self, messages: AsyncIterator[bytes | None], prefix: str, known: set[str]
    ) -> AsyncIterator[StateChange]:
        """Changes as they are told, and states that ran out: of those Redis tells nobody unless configured to."""
        swept = time.monotonic()
        async for message in messages:
            if message is not None:
                change = _change_of(message)
                if change.key.startswith(prefix):
                    (known.discard if change.value is None else known.add)(change.key)
                    yield change
            if known and time.monotonic() - swept >= _TICK_S:
                swept = time.monotonic()
                try:
                    gone = known - set(await self.states(prefix))
                except BusDown:
                    return
                known -= gone
                for key in gone:
                    yield StateChange(key, None, 0)

    @asynccontextmanager
    async def _channel(self, channel: str) -> AsyncIterator[AsyncIterator[bytes | None]]:
        """What is published on a channel from now on, and None now and then; ends when the connection is lost."""
        pubsub = self._client.pubsub()
        try:
            await self._ask(lambda: pubsub.subscribe(channel))
            await self._ask(lambda: pubsub.get_message(timeout=TIMEOUT_S))  # the confirmation
            yield self._messages(pubsub)
        finally:
            with contextlib.suppress(BusDown):
                await self._ask(pubsub.aclose)

    async def _messages(self, pubsub: Any) -> AsyncIterator[bytes | None]:  # noqa: ANN401 - redis leaves it untyped
        while not self._closed:
            try:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_TICK_S)
            except (RedisError, OSError):
                return
            yield None if message is None else message["data"]

    async def take(self, bucket: str, key: str, n: float, rate: float, burst: float) -> float:
        name = f"{_PREFIX}bucket:{bucket}:{key}"
        return float(await self._ask(lambda: self._take(keys=[name], args=[n, rate, burst])))

    async def close(self) -> None:
        self._closed = True
        await self._ask(self._client.aclose)


def _notice_of(message: bytes) -> Notice:
    first, last = _HEAD.unpack_from(message)
    return Notice(first, last, message[_HEAD.size :])


def _change_of(message: bytes) -> StateChange:
    counter, length, is_set = _CHANGE.unpack_from(message)
    end = _CHANGE.size + length
    return StateChange(message[_CHANGE.size : end].decode("utf-8"), message[end:] if is_set else None, counter)
