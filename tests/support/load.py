"""Clients that write into a history: senders that go on through every fault, followers by `/sync`, final readings.

A send is tried again with its transaction id until it is answered; an impatient sender gives up after a try that had
no answer, so that its outcome stays unknown.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.support.history import GAP, Gap, History, Reading, Result, Seen, Send
from tests.support.wire import Answer, Unanswered, Unreachable, Wire

PASSWORD = "correct horse battery staple"
BUSY = frozenset({429, 502, 503, 504, 507})
"""What a server may say while it cannot: everything else of 5xx is a fault."""
FILTER = quote('{"presence":{"types":[]},"room":{"timeline":{"limit":50}}}', safe="")


async def sign_up(host: str, port: int, name: str) -> Wire:
    """A new account's connection."""
    wire = Wire(host, port)
    account = {"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}}
    wire.token = (await wire.call("POST", "/_matrix/client/v3/register", account))["access_token"]
    return wire


async def shared_rooms(wires: Sequence[Wire], count: int) -> list[str]:
    """`count` rooms that all are in."""
    rooms = []
    for _ in range(count):
        made = await wires[0].call("POST", "/_matrix/client/v3/createRoom", {"preset": "public_chat"})
        rooms.append(made["room_id"])
        for wire in wires[1:]:
            await wire.call("POST", f"/_matrix/client/v3/join/{quote(rooms[-1], safe='')}", {})
    return rooms


@dataclass(slots=True)
class Sender:
    """Sends into one room, the next message when the fate of the last is known or given up."""

    wire: Wire
    room: str
    name: str
    history: History
    pause_s: float = 0.0
    is_patient: bool = True
    limit_s: float = 15.0
    unanswered: list[float] = field(default_factory=list)
    """When a try ended without an answer."""
    busy: int = 0
    """How often the server said that it cannot now."""
    faults: list[str] = field(default_factory=list)
    """Answers that no server should give."""

    async def run(self, stop: asyncio.Event, most: int = 1_000_000) -> None:
        """Send until `stop`, `most` messages."""
        for number in range(most):
            if stop.is_set():
                return
            await self.send(f"{self.name}-{number}")
            await asyncio.sleep(self.pause_s)

    async def send(self, text: str) -> None:
        """One message, to its end."""
        started = time.monotonic()
        answered: list[str] = []
        result = await self._result(text, answered)
        if result is not None:
            self.history.sends.append(Send(self.room, text, started, time.monotonic(), result, tuple(answered)))

    async def _result(self, text: str, answered: list[str]) -> Result | None:
        """What became of it; None: it never left, as the server cannot be reached."""
        path = f"/_matrix/client/v3/rooms/{quote(self.room, safe='')}/send/m.room.message/{quote(text, safe='')}"
        deadline = time.monotonic() + 60
        left = False
        while time.monotonic() < deadline:
            try:
                answer = await self.wire.ask("PUT", path, {"msgtype": "m.text", "body": text}, limit_s=self.limit_s)
            except Unreachable:
                await asyncio.sleep(0.02)
                continue
            except (Unanswered, TimeoutError):
                left = True
                self.unanswered.append(time.monotonic())
                if not self.is_patient:
                    return Result.UNKNOWN
                continue
            left = True
            if answer.status == 200:
                answered.append(answer.json["event_id"])
                return Result.ACKED
            if answer.status not in BUSY:
                self._note(answer)
                return Result.REFUSED if answer.status < 500 else Result.UNKNOWN
            self.busy += 1
            await asyncio.sleep(0.05)
        return Result.UNKNOWN if left else None

    def _note(self, answer: Answer) -> None:
        self.faults.append(f"{answer.status} {answer.body[:200]!r}")


@dataclass(slots=True)
class Follower:
    """Follows all its rooms by `/sync`, each answer from where the last ended."""

    wire: Wire
    rooms: Sequence[str]
    since: str = ""
    seen: dict[str, list[Seen | Gap]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop`."""
        while not stop.is_set():
            await self.step(timeout_ms=500)

    async def step(self, *, timeout_ms: int) -> bool:
        """One sync; whether it brought messages."""
        path = f"/_matrix/client/v3/sync?timeout={timeout_ms}&filter={FILTER}"
        try:
            answer = await self.wire.ask("GET", path + (f"&since={self.since}" if self.since else ""))
        except (Unreachable, Unanswered, TimeoutError):
            await asyncio.sleep(0.02)
            return False
        if answer.status != 200:
            if answer.status not in BUSY:
                self.faults.append(f"{answer.status} {answer.body[:200]!r}")
            await asyncio.sleep(0.05)
            return False
        return self.take(answer.json)

    def take(self, answer: Any) -> bool:
        """Note what an answer of `/sync` says."""
        news = False
        for room, joined in answer.get("rooms", {}).get("join", {}).items():
            timeline = joined.get("timeline", {})
            seen = self.seen.setdefault(room, [])
            if timeline.get("limited"):
                seen.append(GAP)
            fresh = messages(timeline.get("events", ()))
            seen += fresh
            news = news or bool(fresh)
        self.since = answer["next_batch"]
        return news

    async def catch_up(self) -> None:
        """Read on until nothing is new."""
        while await self.step(timeout_ms=0):
            pass

    def readings(self, how: str = "sync") -> Iterable[Reading]:
        """What it saw, as a follower from the first message to the last."""
        for room in self.rooms:
            yield Reading(how, room, tuple(self.seen.get(room, ())))


def messages(events: Iterable[Any]) -> list[Seen]:
    """The messages among events in client format."""
    return [
        Seen(event["event_id"], event["content"]["body"]) for event in events if event.get("type") == "m.room.message"
    ]


async def read_messages(wire: Wire, room: str, direction: str, limit: int = 100) -> Reading:
    """The whole room by `/messages`, from its end (`b`) or its beginning (`f`)."""
    found: list[Seen] = []
    token: str | None = ""
    while token is not None:
        start = f"&from={token}" if token else ""
        path = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/messages?dir={direction}&limit={limit}{start}"
        page = await wire.call("GET", path)
        found += messages(page["chunk"])
        token = page.get("end")
    return Reading(f"messages {direction}", room, tuple(found[::-1] if direction == "b" else found))


async def read_sync(wire: Wire, rooms: Sequence[str]) -> list[Reading]:
    """The ends of the rooms by a first `/sync`."""
    follower = Follower(wire, rooms)
    await follower.step(timeout_ms=0)
    return [
        Reading(
            "first sync", room, tuple(one for one in follower.seen.get(room, ()) if one is not GAP), from_start=False
        )
        for room in rooms
    ]


async def read_context(wire: Wire, room: str, event_id: str) -> Reading:
    """The surroundings of an event by `/context`."""
    path = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/context/{quote(event_id, safe='')}?limit=20"
    answer = await wire.call("GET", path)
    events = [*answer["events_before"][::-1], answer["event"], *answer["events_after"]]
    return Reading("context", room, tuple(messages(events)), from_start=False, to_end=False)


async def read_all(wire: Wire, rooms: Sequence[str], *, by_sync: bool = True) -> list[Reading]:
    """Every room by every API."""
    readings = []
    for room in rooms:
        back = await read_messages(wire, room, "b")
        readings += [back, await read_messages(wire, room, "f", limit=37)]
        for seen in back.messages[:: max(1, len(back.messages) // 3)]:
            readings.append(await read_context(wire, room, seen.event_id))
    return readings + (await read_sync(wire, rooms) if by_sync else [])
