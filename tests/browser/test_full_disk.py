"""A browser that has no space left: it is told, and nothing else stops."""

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.browser import files
from tests.browser.conftest import NewPerson
from tests.browser.person import START_LIMIT_MS, Person
from tests.browser.watch import Outside
from tests.support.browser import launch_arguments
from tests.support.client import Server
from tests.support.server import ServerProcess
from tools.certificates import LocalCertificate

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
    await _signs_up_in_memory(sana)
    await sana.makes_group("Volatile", inviting=theo)
    await theo.accepts("Volatile")
    await theo.at("attach-photo-input").set_input_files([files.photo(tmp_path, "one.jpg", (600, 400), "#c63")])
    await theo.at("send-files").click()
    await expect(sana.page.locator("[data-testid=picture][data-state=shown]")).to_have_count(1)
    await sana.says("kept by the server alone")
    await theo.sees("kept by the server alone")


@pytest.mark.full("browser")
async def test_where_nothing_may_be_kept_the_page_works_in_memory_and_says_so(
    house: ServerProcess,
    new_person: NewPerson,
    chromium: Path,
    certificate: LocalCertificate,
    outside: Outside,
    tmp_path: Path,
) -> None:
    una = await new_person("una", house)
    await una.signs_up()
    (tmp_path / "Default").mkdir()
    wishes = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(wishes), encoding="utf-8")
    arguments = [*launch_arguments(spki=certificate.spki), *outside.arguments()]
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=chromium, args=arguments, reduced_motion="reduce"
        )
        vito = Person("vito", await context.new_page(), house.url, house.name)
        errors: list[str] = []
        vito.page.on("pageerror", lambda error: errors.append(str(error)))
        await _signs_up_in_memory(vito)
        await una.makes_group("Forbidden", inviting=vito)
        await vito.accepts("Forbidden")
        await una.at("attach-photo-input").set_input_files([files.photo(tmp_path, "one.jpg", (600, 400), "#c63")])
        await una.at("send-files").click()
        await expect(vito.page.locator("[data-testid=picture][data-state=shown]")).to_have_count(1)
        await vito.says("nothing of it is kept")
        await una.sees("nothing of it is kept")
        await vito.page.reload()
        await vito.at("sign-in").wait_for(timeout=START_LIMIT_MS)
        assert errors == []
        await context.close()


async def _signs_up_in_memory(person: Person) -> None:
    await person.opens_the_page()
    await person.at("to-sign-up").click(timeout=START_LIMIT_MS)
    card = person.at("sign-up")
    await card.get_by_test_id("username").fill(person.name)
    await card.get_by_test_id("password").fill(person.password)
    await card.get_by_test_id("submit").click(timeout=START_LIMIT_MS)
    await expect(person.at("search-input")).to_have_attribute("placeholder", IN_MEMORY, timeout=START_LIMIT_MS)


_OF_ANOTHER_TIME = """() => new Promise((made, failed) => {
  const opening = indexedDB.open('hearth', 99);
  opening.onsuccess = () => made(opening.result.close());
  opening.onerror = () => failed(opening.error);
})"""
