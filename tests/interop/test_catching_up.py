"""Either server is away while the other goes on: when it is back, it has everything, in order."""

from collections.abc import Awaitable, Callable

import pytest

from tests.interop.conftest import Both
from tests.interop.reading import eventually, have_same_events, have_same_state, joins_from_afar, sees
from tests.support.client import User

FEW = pytest.param(20, marks=pytest.mark.short("interop"))
MANY = pytest.param(200, marks=pytest.mark.full("interop"))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("away", ["hearth", "synapse"])
@pytest.mark.parametrize("version", ["12", pytest.param("10", marks=pytest.mark.full("interop"))])
@pytest.mark.parametrize("events", [FEW, MANY])
async def test_who_was_away_while_others_went_on_gets_everything(
    both: Both, away: str, version: str, events: int
) -> None:
    ours, theirs = both.hearth, both.synapse
    up, down = (theirs, ours) if away == "hearth" else (ours, theirs)
    alice, bob = await up.register(), await down.register()
    room = await alice.creates_public_room(room_version=version)
    await joins_from_afar(bob, room, up.name)
    await bob.says("before", room)
    await sees(alice, room, "before")
    kill, start = _life(both, away)
    await kill()
    try:
        for number in range(events):
            await alice.says(f"n{number}", room)
        await alice.sets(room, "m.room.topic", {"topic": "the newest"})
    finally:
        await start()  # the tests to come need it
    await _speaks(bob, alice, room)
    wanted = ["before", *(f"n{number}" for number in range(events))]

    texts: list[str] = []

    async def complete() -> bool:
        texts[:] = [text for text in await bob.sees(room) if text != "back"]
        return texts == wanted

    try:
        await eventually(complete, "everything that was missed, in order", within_s=45)
    except AssertionError as error:
        raise AssertionError(f"{len(texts)} messages: {texts}") from error
    await have_same_state(alice, bob, room)
    await have_same_events(alice, bob, room)


async def _speaks(bob: User, alice: User, room: str) -> None:
    """The one who is back says something, by which the other server hears that it is."""
    await bob.says("back", room)
    await sees(alice, room, "back", within_s=30)


def _life(both: Both, away: str) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]:
    if away == "hearth":
        return both.hearth_process.kill, both.hearth_process.start
    return both.synapse_process.kill, both.synapse_process.start
