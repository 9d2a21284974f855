"""Push rules of the users here: kept compiled in memory, judged once per event when it is committed.

The stored form lies in account data under a name of our own; clients see `m.push_rules`, written with it.
Spec: Client-Server API, Push Rules. Not for: sending notifications to devices.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any
from weakref import WeakValueDictionary

import orjson

from homeserver.errors import InvalidParam, NotFound, Unknown
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import PREFIX, server_of
from homeserver.protocol.power_levels import PowerLevels
from homeserver.protocol.push_rules import Actions, CompiledRules, Evaluation, compile_rules
from homeserver.protocol.push_ruleset import (
    UNCHANGED,
    Action,
    BadRule,
    RuleNotFound,
    Ruleset,
    UnknownNeighbour,
    UserRule,
    client_rule,
    client_ruleset,
    dump_ruleset,
    load_ruleset,
    parse_kind,
    put_rule,
    remove_rule,
    set_actions,
    set_enabled,
)
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services.feed import Feed
from homeserver.services.heads import CREATE, Room
from homeserver.storage.account_data import AccountData
from homeserver.storage.rows import AccountDataRow, MentionRow, Row
from homeserver.storage.stream import Stream

STORED = f"{PREFIX}push_ruleset"
SHOWN = "m.push_rules"
CACHED_USERS = 100_000
NO_LEVELS = PowerLevels(None, frozenset(), ROOM_VERSIONS["12"])
"""Of a room that this server is not in."""


class PushRules:
    """The rules of each user, and what an event does by them."""

    def __init__(self, server: str, table: AccountData, stream: Stream, feed: Feed) -> None:
        self._server = server
        self._table = table
        self._stream = stream
        self._feed = feed
        self._editing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._known: dict[str, Ruleset] = {}
        self._compiled: dict[str, CompiledRules] = {}
        """Only of users who changed something."""
        feed.register(self.apply)

    async def prepare(self, room: Room) -> None:
        """Have the rules of the room's local members in memory [0 trips warm, 1 cold]."""
        missing = [user_id for user_id in room.joined_of(self._server) if user_id not in self._known]
        if missing:
            await self._load(missing)

    async def _load(self, user_ids: Sequence[str]) -> None:
        stored = await self._table.of_users(user_ids, STORED)
        if len(self._known) > CACHED_USERS:
            self._known.clear()
            self._compiled.clear()
        for user_id in user_ids:
            # What the stream brought meanwhile is newer than what was read.
            if user_id not in self._known:
                self._keep(user_id, load_ruleset(stored[user_id]) if user_id in stored else UNCHANGED)

    def _keep(self, user_id: str, ruleset: Ruleset) -> None:
        self._known[user_id] = ruleset
        compiled = compile_rules(ruleset)
        if compiled is None:
            self._compiled.pop(user_id, None)
        else:
            self._compiled[user_id] = compiled

    def apply(self, row: Row) -> None:
        """Follow the stream: rules changed on any process."""
        if isinstance(row, AccountDataRow) and row.type == STORED and not row.room_id:
            self._keep(row.user_id, load_ruleset(row.content))

    def judge(self, room: Room, event: Event) -> tuple[bool, Sequence[MentionRow]]:
        """Whether the default rules notify, and the local members for whom the result differs or highlights."""
        if CREATE not in room.state:
            return False, ()
        evaluation = Evaluation(event, member_count=room.joined_count, power=room.power)
        default = evaluation.default
        rows: list[MentionRow] = []
        for user_id in default.special:
            if user_id not in self._compiled and self._counts(room, user_id, event):
                _differ(rows, user_id, default.of(user_id), flagged=default.common.notify)
        if self._compiled:
            local = room.joined_of(self._server)
            for user_id in self._compiled.keys() & local:
                if user_id != event.sender:
                    name = room.members[user_id].displayname
                    actions = evaluation.for_member(user_id, self._compiled[user_id], name)
                    _differ(rows, user_id, actions, flagged=default.common.notify)
        return default.common.notify, rows

    def _counts(self, room: Room, user_id: str, event: Event) -> bool:
        return user_id != event.sender and server_of(user_id) == self._server and room.is_joined(user_id)

    async def actions(self, room: Room, event: Event, user_ids: Collection[str]) -> dict[str, Actions]:
        """What the event does to each of these users by their rules of now [0 trips warm, 1 cold]."""
        if CREATE not in room.state:
            return {}
        await self._have(user_ids)
        evaluation = Evaluation(event, member_count=room.joined_count, power=room.power)
        names = {user_id: room.members[user_id].displayname for user_id in user_ids if user_id in room.members}
        return {one: evaluation.for_member(one, self._compiled.get(one), names.get(one)) for one in user_ids}

    async def actions_alone(self, event: Event, user_id: str) -> Actions:
        """The same for an event of a room that this server is not in: an invite [0 trips warm, 1 cold]."""
        await self._have([user_id])
        evaluation = Evaluation(event, member_count=2, power=NO_LEVELS)
        return evaluation.for_member(user_id, self._compiled.get(user_id))

    async def _have(self, user_ids: Collection[str]) -> None:
        missing = [user_id for user_id in user_ids if user_id not in self._known]
        if missing:
            await self._load(missing)

    async def of(self, user_id: str) -> Ruleset:
        """The user's rules [0 trips warm]."""
        if user_id not in self._known:
            await self._load([user_id])
        return self._known[user_id]

    # -- one's own rules -------------------------------------------------------------------------------------------

    async def all_of(self, user_id: str) -> dict[str, Any]:
        """The user's rules as clients see them, by kind."""
        return dict(client_ruleset(await self.of(user_id), user_id))

    async def one(self, user_id: str, kind: str, rule_id: str) -> dict[str, Any]:
        """One rule as clients see it. Raises NotFound, InvalidParam."""
        with _answering():
            return client_rule(await self.of(user_id), parse_kind(kind), rule_id, user_id)

    async def put(
        self, user_id: str, kind: str, rule: UserRule, *, before: str | None = None, after: str | None = None
    ) -> None:
        """Add or replace a rule. Raises InvalidParam, Unknown (no such neighbour)."""
        await self._edit(user_id, lambda rules: put_rule(rules, parse_kind(kind), rule, before=before, after=after))

    async def remove(self, user_id: str, kind: str, rule_id: str) -> None:
        """Delete a rule. Raises NotFound, InvalidParam."""
        await self._edit(user_id, lambda rules: remove_rule(rules, parse_kind(kind), rule_id))

    async def switch(self, user_id: str, kind: str, rule_id: str, *, enabled: bool) -> None:
        """Switch a rule on or off. Raises NotFound, InvalidParam."""
        await self._edit(user_id, lambda rules: set_enabled(rules, parse_kind(kind), rule_id, enabled=enabled))

    async def act(self, user_id: str, kind: str, rule_id: str, actions: Sequence[Action]) -> None:
        """Change what a rule does. Raises NotFound, InvalidParam."""
        await self._edit(user_id, lambda rules: set_actions(rules, parse_kind(kind), rule_id, actions))

    async def _edit(self, user_id: str, change: Callable[[Ruleset], Ruleset]) -> None:
        """Change the rules, one change after the other, and tell all the user's devices."""
        lock = self._editing.setdefault(user_id, asyncio.Lock())
        async with lock:
            with _answering():
                changed = change(await self.of(user_id))
            outcome = await self._stream.write(
                AccountDataRow(user_id=user_id, room_id="", type=STORED, content=dump_ruleset(changed)),
                AccountDataRow(user_id=user_id, room_id="", type=SHOWN, content=shown(changed, user_id)),
            )
            await self._feed.reached(outcome.last)


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Turn what a rule cannot be into what the client is told."""
    try:
        yield
    except RuleNotFound as error:
        raise NotFound(str(error)) from error
    except UnknownNeighbour as error:
        raise Unknown(str(error)) from error
    except BadRule as error:
        raise InvalidParam(str(error)) from error


def invite_event(room_id: str, event_id: str, sender: str, user_id: str) -> dict[str, Any]:
    """What is known of an invite to a room that this server is not in, in the client format."""
    return {
        "event_id": event_id,
        "room_id": room_id,
        "type": "m.room.member",
        "sender": sender,
        "state_key": user_id,
        "content": {"membership": "invite"},
        "origin_server_ts": 0,
    }


def shown(ruleset: Ruleset, user_id: str) -> bytes:
    """The content of `m.push_rules` as clients see it."""
    return orjson.dumps({"global": client_ruleset(ruleset, user_id)})


def _differ(rows: list[MentionRow], user_id: str, actions: Actions, *, flagged: bool) -> None:
    if actions.notify != flagged or actions.highlight:
        rows.append(MentionRow(user_id=user_id, notify=actions.notify, highlight=actions.highlight))
