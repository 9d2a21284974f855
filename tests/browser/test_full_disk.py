"""A browser that has no space left: it is told, and nothing else stops."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.support.client import Server
from tests.support.server import ServerProcess

FULL = "No space left on this device"
CHROMIUM_FORGETS_S = 120
"""It remembers for half a minute how much space there was."""
SPACE_AGAIN_MS = 120_000
"""The page looks for space again and again, after a pause that grows."""


async def _is_told(person: Person) -> None:
    await expect(person.at("search-input")).to_have_attribute("placeholder", FULL)


@pytest.mark.full("browser")
@pytest.mark.timeout(420)
async def test_with_a_full_disk_the_page_goes_on_in_memory_and_says_so(
    house: ServerProcess, new_person: NewPerson
) -> None:
    rhea = await new_person("rhea", house)
    await rhea.signs_up()
    room_id = await rhea.makes_group("Full")
    await rhea.says("while there was space")
    await rhea.sees_ticks("while there was space", "sent")
    async with Server(house.url, house.name) as server:
        elsewhere = await server.login("rhea")
        disk = await rhea.context.new_cdp_session(rhea.page)
        await disk.send("Storage.overrideQuotaForOrigin", {"origin": rhea.url, "quotaSize": 1})
        come = []
        async with asyncio.timeout(CHROMIUM_FORGETS_S):
            while await rhea.at("search-input").get_attribute("placeholder") != FULL:
                come.append(f"comes to a full disk {len(come)}")
                await elsewhere.says(come[-1], room_id)
                await rhea.sees(come[-1])
                await asyncio.sleep(3)
        await rhea.says("written on a full disk")
        await rhea.sees_ticks("written on a full disk", "sent")
        await elsewhere.says("and goes on", room_id)
        await rhea.sees("and goes on")

        await rhea.page.reload()
        await rhea.sees("and goes on")
        await rhea.says("after a reload")
        await rhea.sees_ticks("after a reload", "sent")
        await _is_told(rhea)

        await disk.send("Storage.overrideQuotaForOrigin", {"origin": rhea.url})
        await rhea.is_live(SPACE_AGAIN_MS)
        await rhea.page.reload()
        await rhea.is_live()
        said = ["while there was space", *come, "written on a full disk", "and goes on", "after a reload"]
        await rhea.sees(said[-1])
        assert await rhea.messages() == await elsewhere.sees(room_id) == said
