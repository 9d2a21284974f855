"""Waiting for what the other server shows, and comparing what both do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.client import Json, Refused, User

WITHIN_S = 15.0


async def eventually(check: Callable[[], Awaitable[object]], what: str, *, within_s: float = WITHIN_S) -> None:
    """Wait until `check` holds; fails with `what` when it does not in time."""
    deadline = time.monotonic() + within_s
    while not await check():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        await asyncio.sleep(0.05)


async def sees(user: User, room: str, text: str, *, within_s: float = WITHIN_S) -> None:
    """Wait until the user sees a message with this text."""

    async def shown() -> bool:
        return text in await user.sees(room)

    await eventually(shown, f"{user.user_id} sees {text!r}", within_s=within_s)


async def state_ids(user: User, room: str) -> dict[tuple[str, str], str]:
    """The current state as the user's server tells it: (type, state key) -> event id."""
    events: Any = await user.call("GET", f"/v3/rooms/{room}/state")
    return {(event["type"], event["state_key"]): event["event_id"] for event in events}


async def have_same_state(one: User, other: User, room: str) -> None:
    """Wait until both servers tell the same state."""
    shown: list[dict[tuple[str, str], str]] = []

    async def same() -> bool:
        shown[:] = [await state_ids(one, room), await state_ids(other, room)]
        return shown[0] == shown[1]

    try:
        await eventually(same, "the same state")
    except AssertionError as error:
        differing = {key for key in shown[0].keys() | shown[1].keys() if shown[0].get(key) != shown[1].get(key)}
        raise AssertionError(f"the states differ in {sorted(differing)}") from error


async def have_same_events(one: User, other: User, room: str) -> None:
    """Wait until both users may read the same events of the room, in whatever order."""

    async def same() -> bool:
        first, second = [{event["event_id"] for event in await user.history(room)} for user in (one, other)]
        return first == second

    await eventually(same, "the same events")


async def membership(viewer: User, room: str, user_id: str) -> str | None:
    """The membership of `user_id` as the viewer's server tells it."""
    try:
        return str((await viewer.state(room, "m.room.member", user_id))["membership"])
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


async def has_membership(viewer: User, room: str, user_id: str, wanted: str) -> None:
    """Wait until the viewer's server tells this membership."""

    async def told() -> bool:
        return await membership(viewer, room, user_id) == wanted

    await eventually(told, f"{viewer.user_id} is told that {user_id} is {wanted}")


async def is_invited(user: User, room: str) -> None:
    """Wait until the user's sync shows the invite."""

    async def shown() -> bool:
        return room in (await user.syncs()).get("rooms", {}).get("invite", {})

    await eventually(shown, f"{user.user_id} is invited")


async def passing(user: User, room: str, event_type: str) -> Json:
    """Content of the room's newest `m.typing` or `m.receipt` that the next sync brings; empty if none comes."""
    joined = (await user.syncs(timeout_ms=500)).get("rooms", {}).get("join", {}).get(room, {})
    events = joined.get("ephemeral", {}).get("events", [])
    return next((event["content"] for event in reversed(events) if event["type"] == event_type), {})


async def is_told_of_reading(user: User, room: str, reader: User, event_id: str) -> None:
    """Wait until the user's sync shows that `reader` has read the event."""

    async def told() -> bool:
        return reader.user_id in (await passing(user, room, "m.receipt")).get(event_id, {}).get("m.read", {})

    await eventually(told, f"{user.user_id} is told what {reader.user_id} has read")


async def is_told_of_typing(user: User, room: str, writer: User, *, typing: bool) -> None:
    """Wait until the user's sync says that `writer` types, or that they do not any more."""

    async def told() -> bool:
        users = (await passing(user, room, "m.typing")).get("user_ids")
        return users is not None and (writer.user_id in users) is typing

    await eventually(told, f"{user.user_id} is told that {writer.user_id} {'types' if typing else 'stopped'}")


async def joins_from_afar(user: User, room: str, via: str) -> None:
    """Join by way of the other server."""
    await user.joins(room, server_name=via)
