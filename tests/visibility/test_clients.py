"""Every endpoint that reads, for readers of every past, in rooms of every history visibility.

Each event carries a word of its own; every byte that a reader is sent is searched for words that the model forbids,
those of all other rooms among them. In the short run each read of an event asks for one by a
seeded choice, else for all of them.
A new GET of a room is asked for by itself; one with a new parameter fails until the parameter has values here.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import pytest

from homeserver.app import App
from tests.support import parts
from tests.support.client import Json, Server, User
from tests.support.running import running_app
from tests.visibility.model import LIVES, VISIBILITIES, Cell

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

WORD = re.compile(rb"w\.\d+\.[a-z]+\.\d+\.e")
"""With dots, which no id in base64 holds by chance."""
SECRET = "x.secret"
BACKUP = "/_matrix/client/v3/room_keys/"
"""A user's own copy of keys, sorted by room: nothing of the room is in it."""
CHOSEN = 3
"""Events of a room that `/events/{eventId}`, which names no room, is asked for in the short run."""

ANY = "any event"
QUERIES = ("", "?dir=b&limit=100", "?dir=f&limit=100", "?dir=b&limit=100&filter=%7B%22lazy_load_members%22:true%7D")


@dataclass
class Said:
    """An event of a room."""

    event_id: str
    kind: str
    phase: int
    word: str


@dataclass
class Told:
    """A room after all its steps."""

    cell: Cell
    number: int
    room_id: str
    reader: User
    said: list[Said] = field(default_factory=list)
    since: Json = field(default_factory=dict)

    def word(self, kind: str, phase: int) -> str:
        return f"w.{self.number}.{kind}.{phase}.e"

    def allowed(self) -> set[str]:
        """Words that the reader may ever learn."""
        return {
            one.word
            for one in self.said
            if (self.cell.knows_state(one.phase) if one.kind == "state" else self.cell.sees(one.phase))
        }


@dataclass
class House:
    """A server with one room for each cell."""

    app: App
    server: Server
    alice: User
    readers: dict[str, User]
    rooms: list[Told] = field(default_factory=list)

    async def tells(self, cell: Cell) -> Told:
        """Let a room live through everything."""
        reader = self.readers[cell.life]
        visible = {"type": "m.room.history_visibility", "content": {"history_visibility": cell.visibility}}
        told = Told(cell, len(self.rooms), "", reader)
        self.rooms.append(told)
        room = told.room_id = await self.alice.creates_room(initial_state=[visible], name=f"Room {told.number}")
        told.since = await reader.call("GET", "/v3/sync")
        root = await self.alice.says("root", room)
        doomed = [await self.alice.says("doomed", room) for _ in cell.lived]
        for phase, step in enumerate([*LIVES[cell.life], None]):
            await self._says_everything(told, phase, root, doomed[phase])
            if step is not None:
                await self._step(told, step)
        return told

    async def _says_everything(self, told: Told, phase: int, root: str, doomed: str) -> None:
        room = told.room_id

        async def say(kind: str, event_type: str, content: Json) -> None:
            told.said.append(Said(await self.alice.sends(room, event_type, content), kind, phase, content["body"]))

        words = {kind: told.word(kind, phase) for kind in ("text", "edit", "thread", "state", "reason")}
        await say("text", "m.room.message", {"msgtype": "m.text", "body": words["text"]})
        new = {"msgtype": "m.text", "body": words["edit"]}
        replaces = {"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": root}}
        await say("edit", "m.room.message", new | replaces)
        threaded = {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}
        await say("thread", "m.room.message", {"msgtype": "m.text", "body": words["thread"]} | threaded)
        state = await self.alice.sets(room, SECRET, {"body": words["state"]})
        told.said.append(Said(state, "state", phase, words["state"]))
        reason = await self.alice.redacts(room, doomed, words["reason"])
        told.said.append(Said(reason, "reason", phase, words["reason"]))

    async def _step(self, told: Told, step: str) -> None:
        match step:
            case "invite":
                await self.alice.invites(told.reader, told.room_id)
            case "join":
                await told.reader.joins(told.room_id)
            case "leave":
                await told.reader.leaves(told.room_id)
            case "kick":
                await self.alice.kicks(told.reader, told.room_id)
            case "ban":
                await self.alice.bans(told.reader, told.room_id)
            case _:
                await self.alice.unbans(told.reader, told.room_id)

    def allowed_to(self, life: str) -> set[str]:
        return {word for told in self.rooms if told.cell.life == life for word in told.allowed()}


@pytest.fixture(scope="module")
async def house(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Made once: nothing here changes a room."""
    async with running_app(cluster, tmp_path_factory.mktemp("house")) as (app, server):
        alice = await server.register("alice")
        readers = {life: await server.register(life) for life in LIVES}
        house = House(app, server, alice, readers)
        for visibility in VISIBILITIES:
            await asyncio.gather(*(house.tells(Cell(visibility, life)) for life in LIVES))
        yield house


def paths_of(house: House, told: Told, chance: random.Random | None) -> Iterator[str]:
    """Every GET of the table that names this room, with each of its events, or with one that `chance` chooses."""
    events = [one.event_id for one in told.said]
    for endpoint in house.app.table:
        if endpoint.method != "GET" or "<room_id>" not in endpoint.path or endpoint.path.startswith(BACKUP):
            continue
        values = {
            "<room_id>": [told.room_id],
            "<event_id>": events if chance is None else [ANY],
            "<event_type>": [SECRET, "m.room.message", "m.room.member"],
            "<state_key>": ["", told.reader.user_id, house.alice.user_id],
            "<rel_type>": ["m.replace", "m.thread"],
            "<user_id>": [told.reader.user_id],
            "<kind>": ["m.fully_read"],
        }
        names = [part for part in endpoint.path.split("/") if part.startswith("<")]
        for chosen in product(*(values[name] for name in names)):
            path = endpoint.path
            for name, value in zip(names, chosen, strict=True):
                one = chance.choice(events) if chance is not None and value is ANY else value
                path = path.replace(name, quote(one, safe=""), 1)
            yield path


def queries_of(path: str) -> tuple[str, ...]:
    """Every way to ask a path."""
    if path.endswith(("/messages", "/members")):
        return QUERIES
    if "/relations/" in path:
        return ("", "?recurse=true")
    if path.endswith("/threads"):
        return ("", "?include=participated")
    if path.endswith("/timestamp_to_event"):
        return ("?ts=0&dir=f", "?ts=9999999999999&dir=b")
    return ("",)


def words_in(answer: object) -> set[str]:
    return {word.decode() for word in WORD.findall(orjson.dumps(answer))}


async def everything(house: House, told: Told, chance: random.Random | None) -> dict[str, set[str]]:
    """Words in the answers of every read of the room, by what was asked."""
    reader, heard = told.reader, {}
    events = [one.event_id for one in told.said]
    for path in paths_of(house, told, chance):
        for query in queries_of(path):
            heard[path + query] = words_in((await reader.ask("GET", path + query))[1])
    for at in (told.since["next_batch"], "t0", "t3", "t9999"):
        heard[f"members at {at}"] = words_in(await reader.ask("GET", f"/v3/rooms/{told.room_id}/members?at={at}"))
    for one in events if chance is None else chance.sample(events, CHOSEN):
        heard[f"event {one}"] = words_in((await reader.ask("GET", f"/v3/events/{quote(one, safe='')}"))[1])
    for since in (told.since["next_batch"], "s0.0-0"):
        path = f"/v3/events?room_id={quote(told.room_id)}&from={since}"
        heard[f"events since {since}"] = words_in((await reader.ask("GET", path))[1])
    return heard


async def found_by_search(reader: User, term: str, **more: object) -> set[str]:
    """Words in the answer of a search."""
    about = {"search_term": term, "order_by": "recent", "filter": {"limit": 100}, **more}
    return words_in(await reader.call("POST", "/v3/search", {"search_categories": {"room_events": about}}))


async def synced(reader: User, rooms: list[Told]) -> dict[str, set[str]]:
    """Words in whatever the reader's syncs and lists answer."""
    everyone = {"room": {"include_leave": True, "timeline": {"limit": 100}}, "event_fields": []}
    as_servers: Json = {"event_format": "federation", "event_fields": None}
    heard: dict[str, set[str]] = {}
    for name, query in {
        "sync": {},
        "sync with what was left": {"filter": orjson.dumps(everyone).decode(), "full_state": "true"},
        "sync since": {"since": rooms[0].since["next_batch"], "filter": orjson.dumps(everyone).decode()},
        "lazy": {"filter": '{"room":{"include_leave":true,"state":{"lazy_load_members":true}}}'},
        "as servers see it": {"filter": orjson.dumps({**everyone, **as_servers}).decode()},
        "as servers see it, since": {
            "since": rooms[0].since["next_batch"],
            "filter": orjson.dumps({**everyone, **as_servers}).decode(),
        },
    }.items():
        heard[name] = words_in(await reader.call("GET", "/v3/sync", None, **query))
    room = {"timeline_limit": 100, "required_state": {"include": [{}]}}
    body = {"conn_id": "c", "lists": {"all": room}, "room_subscriptions": {told.room_id: room for told in rooms}}
    status, answer = await reader.ask("POST", "/v4/sync", body)
    assert status == 200, answer
    heard["sliding"] = words_in(answer)
    room = {"timeline_limit": 100, "required_state": [["*", "*"]]}
    body = {"conn_id": "d", "lists": {"all": room}, "room_subscriptions": {told.room_id: room for told in rooms}}
    deployed = "/unstable/org.matrix.simplified_msc3575/sync"
    heard["deployed sliding"] = words_in(await reader.call("POST", deployed, body))
    heard["old sync"] = words_in(await reader.call("GET", "/v3/initialSync", None, limit=100, archived="true"))
    for since in (rooms[0].since["next_batch"], "s0.0-0"):
        heard[f"events since {since}"] = words_in(await reader.call("GET", f"/v3/events?from={since}"))
    heard["joined rooms"] = words_in(await reader.call("GET", "/v3/joined_rooms"))
    heard["public rooms"] = words_in(await reader.call("POST", "/v3/publicRooms", {}))
    heard["notifications"] = words_in(await reader.call("GET", "/v3/notifications"))
    heard["users"] = words_in(await reader.call("POST", "/v3/user_directory/search", {"search_term": "a"}))
    heard["notifications"] = words_in(await reader.call("GET", "/v3/notifications", None, limit=100))
    for term in ("text", "edit", "thread"):
        heard[f"search for {term}"] = await found_by_search(reader, term)
    around = {"filter": {"limit": 5}, "event_context": {}, "include_state": True}
    heard["search with what is around"] = await found_by_search(reader, "text", **around)
    return heard


async def test_no_read_tells_a_word_that_its_reader_may_not_know(house: House, request: pytest.FixtureRequest) -> None:
    chance = None if "fuzz" in parts.asked(request.config) else random.Random(11)
    leaks, asked, told_rightly = [], 0, 0
    for life, reader in house.readers.items():
        rooms = [told for told in house.rooms if told.cell.life == life]
        allowed = house.allowed_to(life)
        heard = {("every room", what): words for what, words in (await synced(reader, rooms)).items()}
        for told in rooms:
            for what, words in (await everything(house, told, chance)).items():
                heard[told.cell.visibility, what] = words
        asked += len(heard)
        told_rightly += sum(len(words & allowed) for words in heard.values())
        leaks += [(life, *where, sorted(words - allowed)) for where, words in heard.items() if words - allowed]
    assert not leaks, "\n".join(map(str, leaks[:40]))
    assert asked > 2_000
    assert told_rightly > 300, "the search finds no words at all"


async def test_whoever_may_read_gets_all_that_they_may_see_and_nothing_else(house: House) -> None:
    for told in house.rooms:
        path = f"/v3/rooms/{told.room_id}/messages"
        status, page = await told.reader.ask("GET", f"{path}?dir=b&limit=500")
        assert status == (200 if told.cell.may_read else 403), told.cell
        seen = {event["event_id"] for event in page.get("chunk", ())}
        forth = (await told.reader.ask("GET", f"{path}?dir=f&limit=500"))[1]
        assert {event["event_id"] for event in forth.get("chunk", ())} == seen, told.cell
        for one in told.said:
            assert (one.event_id in seen) == told.cell.sees(one.phase), (told.cell, one)


async def test_a_date_and_the_list_of_threads_lead_to_nothing_that_may_not_be_seen(house: House) -> None:
    for told in house.rooms:
        room = f"/v1/rooms/{quote(told.room_id)}"
        page = (await told.reader.ask("GET", f"/v3/rooms/{told.room_id}/messages?dir=b&limit=500"))[1]
        seen = {event["event_id"] for event in page.get("chunk", ())}
        for query in queries_of("/timestamp_to_event"):
            status, found = await told.reader.ask("GET", f"{room}/timestamp_to_event{query}")
            assert status == (200 if seen else 404 if told.cell.may_read else 403), (told.cell, query)
            assert status != 200 or found["event_id"] in seen, (told.cell, query)
        status, threads = await told.reader.ask("GET", f"{room}/threads")
        assert status == (200 if told.cell.may_read else 403), told.cell
        assert {event["event_id"] for event in threads.get("chunk", ())} <= seen, told.cell


async def test_a_room_shows_itself_to_members_and_invitees_and_where_the_world_may_read(house: House) -> None:
    for told in house.rooms:
        now = told.cell.lived[-1]
        shown = now in {"join", "invite"} or told.cell.visibility == "world_readable"
        for path, refused in (("/v1/room_summary/{}", 404), ("/v1/rooms/{}/hierarchy", 403)):
            status, _ = await told.reader.ask("GET", path.format(quote(told.room_id)))
            assert status == (200 if shown else refused), (told.cell, path)


async def test_an_event_is_found_by_id_by_whoever_may_see_it(house: House) -> None:
    for told in house.rooms:
        for one in told.said[::4]:
            for path in ("event", "context"):
                status, _ = await told.reader.ask("GET", f"/v3/rooms/{told.room_id}/{path}/{quote(one.event_id)}")
                assert status == (200 if told.cell.sees(one.phase) else 404), (told.cell, one, path)


async def test_a_search_finds_every_message_that_its_reader_may_see(house: House) -> None:
    for life, reader in house.readers.items():
        rooms = [told for told in house.rooms if told.cell.life == life and "join" in told.cell.lived]
        if LIVES[life][-1:] == ("invite",):
            continue  # one who is invited again is in no room that is searched
        wanted = {one.word for told in rooms for one in told.said if one.kind == "text" and told.cell.sees(one.phase)}
        assert wanted <= await found_by_search(reader, "text"), life


async def test_no_event_is_served_under_another_room(house: House) -> None:
    for told, other in zip(house.rooms, house.rooms[1:], strict=False):
        event_id = quote(other.said[0].event_id)
        for path in (f"event/{event_id}", f"context/{event_id}"):
            assert (await house.alice.ask("GET", f"/v3/rooms/{told.room_id}/{path}"))[0] == 404
        assert (await house.alice.ask("GET", f"/v1/rooms/{told.room_id}/relations/{event_id}"))[0] == 404
