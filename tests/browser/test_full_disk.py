"""A browser that has no space left: it is told, and nothing else stops."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import files
from tests.browser.conftest import NewPerson
from tests.browser.person import START_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess

IN_MEMORY = "This browser keeps nothing"
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


@pytest.mark.full("browser")
async def test_without_a_database_the_page_works_in_memory_and_says_so(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    sana, theo = await new_person("sana", house), await new_person("theo", house)
    await theo.signs_up()
    await sana.page.goto(f"{sana.url}/icon.svg")
    await sana.page.evaluate(_OF_ANOTHER_TIME)
    await sana.opens_the_page()
    await sana.at("to-sign-up").click(timeout=START_LIMIT_MS)
    card = sana.at("sign-up")
    await card.get_by_test_id("username").fill(sana.name)
    await card.get_by_test_id("password").fill(sana.password)
    await card.get_by_test_id("submit").click(timeout=START_LIMIT_MS)
    await expect(sana.at("search-input")).to_have_attribute("placeholder", IN_MEMORY, timeout=START_LIMIT_MS)
    await sana.makes_group("Volatile", inviting=theo)
    await theo.accepts("Volatile")
    await theo.at("attach-photo-input").set_input_files([files.photo(tmp_path, "one.jpg", (600, 400), "#c63")])
    await theo.at("send-files").click()
    await expect(sana.page.locator("[data-testid=picture][data-state=shown]")).to_have_count(1)
    await sana.says("kept by the server alone")
    await theo.sees("kept by the server alone")


_OF_ANOTHER_TIME = """() => new Promise((made, failed) => {
  const opening = indexedDB.open('hearth', 99);
  opening.onsuccess = () => made(opening.result.close());
  opening.onerror = () => failed(opening.error);
})"""
