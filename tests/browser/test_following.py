"""Who reads the newest messages goes on doing so, however many come."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.support.client import Server
from tests.support.server import ServerProcess

LIMIT_MS = 60_000


@pytest.mark.full("browser")
async def test_who_reads_at_the_end_stays_there_while_hundreds_of_messages_come(
    house: ServerProcess, new_person: NewPerson
) -> None:
    ines = await new_person("ines", house, moving=True)
    await ines.signs_up()
    async with Server(house.url, house.name) as server:
        reader, talker = await server.login("ines"), (await server.users("flooder"))[0]
        room = await talker.creates_room(name="Flood", inviting=reader)
        await reader.joins(room)
        await ines.opens("Flood")
        await talker.says("the first drop", room)
        await ines.sees("the first drop", LIMIT_MS)
        for start in range(0, 400, 40):
            await asyncio.gather(*(talker.says(f"drop {number}", room) for number in range(start, start + 40)))
        await talker.says("the last drop", room)
    await ines.sees("the last drop", LIMIT_MS)
    await expect(ines.message("the last drop")).to_be_in_viewport(timeout=LIMIT_MS)
    await expect(ines.at("jump-button")).to_have_attribute("data-shown", "false", timeout=LIMIT_MS)
    assert await ines.at("message").count() <= 180
