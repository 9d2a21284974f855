"""What is done to a subject. Each scenario measures one run; what it needs is made by its first run and kept."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from tests.performance.measure import Figures, without_gc
from tests.performance.subjects import TEXT, Account, Subject
from tests.support.socket_wire import SocketWire

LONG_POLL_MS = 30_000
ROUND_S = 300
HISTORY = 1_000
JOINERS = 48
FIRST_SYNCS = 5
FILTER = '{"presence":{"types":[]},"room":{"timeline":{"limit":20}}}'
QUOTED_FILTER = (
    FILTER.replace('"', "%22").replace("{", "%7B").replace("}", "%7D").replace("[", "%5B").replace("]", "%5D")
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much a run does: so many seconds, and no fewer rounds where it goes by rounds."""

    seconds: float
    rounds: int
    rooms: int


Scenario = Callable[[Subject, Plan], Awaitable[Figures]]


async def send_in_own_rooms(subject: Subject, plan: Plan, *, users: int) -> Figures:
    """Each user sends in a room of their own, the next message when the last is answered.

    What messages cost after they were answered counts, as filling the search index does.
    """
    accounts = await subject.accounts(users)
    return await _send(subject, list(zip(accounts, await subject.own_rooms(users), strict=True)), plan.seconds)


async def send_in_one_room(subject: Subject, plan: Plan, *, users: int) -> Figures:
    """All users send in the same room."""
    room = await subject.shared_room(users)
    return await _send(subject, [(account, room) for account in await subject.accounts(users)], plan.seconds)


async def _send(subject: Subject, places: list[tuple[Account, str]], seconds: float) -> Figures:
    waits: list[float] = []

    async def talk(account: Account, room: str, until: float) -> None:
        while (began := time.perf_counter()) < until:
            answer = await account.says(room, TEXT)
            assert answer.status == 200, answer
            waits.append(time.perf_counter() - began)

    async def talk_all(seconds: float) -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(talk(account, room, until) for account, room in places))

    await talk_all(0.5)
    waits.clear()
    with without_gc():
        begin = await subject.meters.read()
        await talk_all(seconds)
        ended = time.perf_counter()
        await subject.meters.at_rest()
        end = replace(await subject.meters.read(), at=ended)
    return begin.figures(end, len(waits), waits)


async def fan_out_by_long_poll(subject: Subject, plan: Plan, *, receivers: int) -> Figures:
    """One user sends; all others of the room wait in `/sync`. An operation is one delivery to one receiver."""
    room = await subject.shared_room(receivers + 1)
    sender, *listeners = await subject.accounts(receivers + 1)
    await asyncio.gather(*(_catch_up(account) for account in listeners))
    waits: list[float] = []
    sent_at = 0.0
    missing = 0
    arrived = asyncio.Event()
    wanted = b""

    async def listen(account: Account) -> None:
        nonlocal missing
        while True:
            body = (await account.wire.ask("GET", _sync_path(account.since, LONG_POLL_MS), limit_s=ROUND_S)).body
            account.since = _next_batch(body)
            if wanted in body:
                waits.append(time.perf_counter() - sent_at)
                missing -= 1
                if missing == 0:
                    arrived.set()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(account)) for account in listeners]
        await asyncio.sleep(1)
        with without_gc():
            begin = await subject.meters.read()
            for number in _rounds(plan):
                arrived.clear()
                missing, wanted = receivers, f"round {number} {begin.at}".encode()
                sent_at = time.perf_counter()
                await sender.says(room, wanted.decode())
                async with asyncio.timeout(ROUND_S):
                    await arrived.wait()
            end = await subject.meters.read()
        for task in tasks:
            task.cancel()
    return begin.figures(end, len(waits), waits)


async def fan_out_by_socket(subject: Subject, plan: Plan, *, receivers: int) -> Figures:
    """The same over WebSockets."""
    room = await subject.shared_room(receivers + 1)
    sender, *listeners = await subject.accounts(receivers + 1)
    waits: list[float] = []
    sent_at = 0.0
    arrived = asyncio.Event()
    wanted = b"nothing yet"
    missing = 0

    def look(frame: bytes) -> None:
        nonlocal missing
        if wanted in frame:
            waits.append(time.perf_counter() - sent_at)
            missing -= 1
            if missing == 0:
                arrived.set()

    opening = (
        SocketWire.open(one.wire.port, one.wire.token, look, number=number) for number, one in enumerate(listeners)
    )
    sockets = await asyncio.gather(*opening)
    await asyncio.sleep(1)
    with without_gc():
        begin = await subject.meters.read()
        for number in _rounds(plan):
            arrived.clear()
            missing, wanted = receivers, f"round {number} {begin.at}".encode()
            sent_at = time.perf_counter()
            await sender.says(room, wanted.decode())
            async with asyncio.timeout(ROUND_S):
                await arrived.wait()
        end = await subject.meters.read()
    for socket in sockets:
        socket.close()
    return begin.figures(end, len(waits), waits)


def _rounds(plan: Plan) -> Iterator[int]:
    """Numbers for as many rounds as are asked for, and on for as long as a run takes: short ones are all noise."""
    until = time.perf_counter() + plan.seconds
    number = 0
    while number < plan.rounds or time.perf_counter() < until:
        yield number
        number += 1


async def initial_sync(subject: Subject, plan: Plan) -> Figures:
    """One user in `plan.rooms` rooms of 20 messages syncs for the first time."""
    account = (await subject.accounts(1))[0]
    await subject.talkative_rooms(plan.rooms)
    waits: list[float] = []
    with without_gc():
        begin = await subject.meters.read()
        for _ in range(FIRST_SYNCS):
            began = time.perf_counter()
            answer = await account.wire.ask("GET", _sync_path("", 0))
            waits.append(time.perf_counter() - began)
            assert answer.status == 200, answer
        end = await subject.meters.read()
    return begin.figures(end, len(waits), waits)


async def incremental_sync(subject: Subject, plan: Plan, *, users: int) -> Figures:
    """Clients ask over and over for what is new; nothing is."""
    accounts = await subject.accounts(users)
    await subject.own_rooms(users)
    await asyncio.gather(*(_catch_up(account) for account in accounts))
    waits: list[float] = []

    async def poll(account: Account, until: float) -> None:
        while (began := time.perf_counter()) < until:
            answer = await account.wire.ask("GET", _sync_path(account.since, 0), limit_s=ROUND_S)
            assert answer.status == 200, answer
            waits.append(time.perf_counter() - began)

    with without_gc():
        begin = await subject.meters.read()
        until = time.perf_counter() + plan.seconds
        await asyncio.gather(*(poll(account, until) for account in accounts))
        end = await subject.meters.read()
    return begin.figures(end, len(waits), waits)


async def read_history(subject: Subject, plan: Plan) -> Figures:
    """One user reads a room back in pages of 100."""
    account = (await subject.accounts(1))[0]
    room = (await subject.own_rooms(1))[0]
    await subject.fill(room, HISTORY)
    waits: list[float] = []
    with without_gc():
        begin = await subject.meters.read()
        until = time.perf_counter() + plan.seconds
        token = ""
        while (began := time.perf_counter()) < until:
            path = f"/_matrix/client/v3/rooms/{room}/messages?dir=b&limit=100" + (f"&from={token}" if token else "")
            page = await account.wire.call("GET", path)
            waits.append(time.perf_counter() - began)
            token = page.get("end", "")
        end = await subject.meters.read()
    return begin.figures(end, len(waits), waits)


async def join(subject: Subject, plan: Plan, *, at_once: int) -> Figures:
    """Users join a room of 500 members; afterwards, unmeasured, they leave again."""
    room = await subject.shared_room(501)
    joiners = (await subject.accounts(501 + JOINERS))[501:]
    waits: list[float] = []
    gate = asyncio.Semaphore(at_once)

    async def measured(account: Account) -> None:
        async with gate:
            began = time.perf_counter()
            await account.joins(room)
            waits.append(time.perf_counter() - began)

    with without_gc():
        begin = await subject.meters.read()
        await asyncio.gather(*map(measured, joiners))
        end = await subject.meters.read()
    for account in joiners:
        await account.wire.call("POST", f"/_matrix/client/v3/rooms/{room}/leave", {})
    return begin.figures(end, len(waits), waits)


async def _catch_up(account: Account) -> None:
    """Take a token of now: by a sync with no waiting."""
    answer = await account.wire.ask("GET", _sync_path(account.since, 0), limit_s=ROUND_S)
    assert answer.status == 200, answer
    account.since = _next_batch(answer.body)


def _sync_path(since: str, timeout_ms: int) -> str:
    start = f"&since={since}" if since else ""
    return f"/_matrix/client/v3/sync?timeout={timeout_ms}&filter={QUOTED_FILTER}{start}"


def _next_batch(body: bytes) -> str:
    """The token of a sync, found without parsing all: the driver must not be the limit."""
    start = body.index(b'"next_batch":"') + 14
    return body[start : body.index(b'"', start)].decode("ascii")


OURS_ALONE = "socket"
"""Scenarios with this word need what only this server has; beside them stands the peer's long-poll."""
SCENARIOS: dict[str, Scenario] = {
    "send, 1 user": partial(send_in_own_rooms, users=1),
    "send, 16 users, own rooms": partial(send_in_own_rooms, users=16),
    "send, 64 users, own rooms": partial(send_in_own_rooms, users=64),
    "send, 32 users, one room": partial(send_in_one_room, users=32),
    "history, pages of 100": read_history,
    "incremental sync, 16 users": partial(incremental_sync, users=16),
    "fan-out to 50 by /sync": partial(fan_out_by_long_poll, receivers=50),
    "fan-out to 200 by /sync": partial(fan_out_by_long_poll, receivers=200),
    "fan-out to 500 by /sync": partial(fan_out_by_long_poll, receivers=500),
    "fan-out to 50 by socket": partial(fan_out_by_socket, receivers=50),
    "fan-out to 200 by socket": partial(fan_out_by_socket, receivers=200),
    "fan-out to 500 by socket": partial(fan_out_by_socket, receivers=500),
    "initial sync": initial_sync,
    "join of 500, one by one": partial(join, at_once=1),
    "join of 500, 16 at once": partial(join, at_once=16),
}
