"""Killed servers, lines cut in the middle of a word, reloads at any moment: nothing is lost, doubled or left over."""

import random
from collections import Counter
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.gate import Gate
from tests.browser.person import START_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess

FEW = pytest.param(10, 10, marks=pytest.mark.short("browser"))
MANY = [pytest.param(50, seed, marks=pytest.mark.full("browser")) for seed in range(4)]
"""200 rounds in parts, each of them with a house of its own."""


@pytest.mark.parametrize(("rounds", "seed"), [FEW, *MANY])
@pytest.mark.timeout(900)
async def test_after_any_storm_the_page_shows_what_a_fresh_one_shows(
    new_house: NewHouse, new_person: NewPerson, rounds: int, seed: int
) -> None:
    house = await new_house()
    rng = random.Random(seed)
    port = urlsplit(house.url).port or 0
    async with Gate.to(port) as gate:
        zara = await new_person("zara", house, url=gate.url)
        await zara.moves_in()
        room_id = await zara.makes_group("Weather")
        sent: list[str] = []
        for number in range(rounds):
            sent.append(f"word {number}")
            await zara.says(sent[-1])
            await zara.sees(sent[-1])  # what is shown is on the disk, and is not lost with the page
            await _storm(rng, zara, gate, house)
            if number % 20 == 19:
                await zara.sees_ticks(sent[-1], "sent", START_LIMIT_MS)
        gate.open()
        await zara.is_live()
        await zara.sees_ticks(sent[-1], "sent", START_LIMIT_MS)
        async with Server(house.url, house.name) as server:
            events = await (await server.login("zara")).history(room_id)
        said = [event["content"].get("body") for event in events if event["type"] == "m.room.message"]
        assert Counter(said) == Counter(sent), "nothing is lost, nothing is there twice"
        assert said == sent, "in the order of writing"
        fresh = await new_person("zara", house)
        await fresh.comes_in()
        await fresh.opens("Weather")
        await fresh.sees(sent[-1])
        tail = min(len(sent), 30)
        await expect(fresh.message(sent[-tail])).to_have_count(1)
        assert (await zara.messages())[-tail:] == (await fresh.messages())[-tail:]
        assert await _rows(zara) == await _rows(fresh), "the list of chats says the same"


async def _storm(rng: random.Random, person: Person, gate: Gate, house: ServerProcess) -> None:
    """One of the things that go wrong; the page is left alone with it."""
    kind = rng.choice(("cut", "cut", "cut", "shut", "reload", "reload", "kill"))
    if kind == "cut":
        gate.cut_after(rng.randrange(1, 4_000))
    elif kind == "shut":
        gate.shut()
        await person.page.wait_for_timeout(rng.randrange(600))
        gate.open()
    elif kind == "reload":
        await person.page.reload()
        await person.at("composer-input").wait_for(timeout=START_LIMIT_MS)
    else:
        await house.kill()
        await house.start()


async def _rows(person: Person) -> list[str]:
    """Names and previews in the list of chats, without times and ticks."""
    rows = person.at("chat-row")
    return [f"{await rows.nth(at).get_by_test_id('row-preview').inner_text()}" for at in range(await rows.count())]
