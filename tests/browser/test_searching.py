"""Searching: chats, people, groups and messages, everywhere and in one chat; and exploring."""

import asyncio
import contextlib
import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import TimeoutError as NotThere
from playwright.async_api import expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.past import bridge, ghost_at
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess

ZONE = ZoneInfo("Europe/Berlin")


async def test_messages_are_found_everywhere_and_in_one_chat(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        dora = await new_person("dora", house)
        await dora.moves_in()
        egon = await server.register("egon")
        me = await server.login("dora")
        kitchen = await egon.creates_public_room(name="Kitchen")
        cellar = await egon.creates_public_room(name="Cellar")
        for room_id in (kitchen, cellar):
            await me.joins(room_id)
        await egon.says("the quince jam is ready", kitchen)
        for number in range(3):
            await egon.says(f"filler {number}", kitchen)
        await egon.says("quince cider in the corner", cellar)
        await me.says("I love quince", cellar)

        await dora.at("search-input").click()
        await _finds(dora, "quince", 3)
        await expect(dora.at("found-message").first.locator("mark")).to_have_text("quince")
        await dora.at("found-message", text="jam").click()
        await expect(dora.at("chat-title")).to_have_text("Kitchen", timeout=LIVE_LIMIT_MS)
        await expect(dora.message("the quince jam is ready")).to_be_in_viewport(timeout=LIVE_LIMIT_MS)

        await dora.opens("Cellar")
        await dora.at("composer-input").press("Control+f")
        await dora.at("chat-search-input").fill("quince")
        await expect(dora.at("chat-search-count")).to_contain_text("2", timeout=LIVE_LIMIT_MS)
        await dora.at("chat-search-input").press("Enter")
        await expect(dora.message("I love quince")).to_be_in_viewport()
        marked = "[...(CSS.highlights.get('found') ?? [])].map(String).join() === 'quince,quince'"
        await dora.waits_until(marked)
        await dora.at("chat-search-input").press("Enter")
        await expect(dora.message("quince cider in the corner")).to_be_in_viewport()
        await dora.page.keyboard.press("Escape")
        await expect(dora.at("chat-search")).to_have_count(0)
        assert not await dora.page.evaluate("CSS.highlights.has('found')")


@pytest.mark.full("browser")
async def test_messages_are_found_by_day_sender_chat_and_kind(
    new_house: NewHouse, new_person: NewPerson, tmp_path: Path
) -> None:
    house = await new_house(app_service_config_files=[bridge(tmp_path)])
    async with Server(house.url, house.name) as server:
        nina = await new_person("nina", house)
        await nina.moves_in()
        ghost, me = ghost_at(server), await server.login("nina")
        diary, post = [await ghost.creates_public_room(name=name) for name in ("Diary", "Post")]
        for room in (diary, post):
            await me.joins(room)
        noon = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0)
        for days in (4, 3, 2):
            ts = int((noon - timedelta(days=days)).timestamp() * 1000)
            for room, where in ((diary, "diary"), (post, "post")):
                content = {"msgtype": "m.text", "body": f"storm {days} days ago, {where}"}
                await ghost.call("PUT", f"/v3/rooms/{room}/send/m.room.message/{days}-{where}", content, ts=ts)
        await me.says("storm today, by me", diary)
        await ghost.sends(diary, "m.room.message", {"msgtype": "m.file", "body": "storm.pdf", "url": "mxc://a/b"})

        await _finds(nina, "storm", 8)
        await nina.at("filter-days").click()
        await nina.at("menu-days-choose").click()
        for days in (2, 3):
            await nina.picks_day(noon - timedelta(days=days))
        await nina.at("days-take").click()
        await expect(nina.at("found-message")).to_have_count(4)
        await nina.at("filter-in").click()
        await nina.at("pick-chat", text="Post").click()
        await expect(nina.at("found-message")).to_have_text([re.compile("2 days ago, post"), re.compile("3 days ago")])
        await nina.at("filter-in-clear").click()
        await nina.at("filter-days-clear").click()
        await nina.at("filter-from").click()
        await nina.at("pick-me").click()
        await expect(nina.at("found-message")).to_have_text(re.compile("by me"))
        await nina.at("filter-from-clear").click()
        await nina.at("tab", text="Files").click()
        await expect(nina.at("found-message")).to_have_text(re.compile(r"storm\.pdf"))
        await nina.at("search-back").click()

        await nina.opens("Diary")
        await nina.page.keyboard.press("Control+f")
        await nina.at("chat-search-input").fill("storm")
        await expect(nina.at("chat-search").get_by_test_id("found-message")).to_have_count(5)
        await nina.at("chat-search").get_by_test_id("filter-days").click()
        await nina.at("menu-days-choose").click()
        await nina.picks_day(noon - timedelta(days=4))
        await nina.at("days-take").click()
        await expect(nina.at("chat-search-count")).to_have_text(re.compile("1.? of .?1"))
        await nina.at("chat-search-input").press("Enter")
        await expect(nina.message("storm 4 days ago, diary")).to_be_in_viewport()
        await nina.at("chat-search").get_by_test_id("filter-days-clear").click()
        await nina.at("chat-search-input").fill("")
        await nina.at("chat-search").get_by_test_id("filter-kind").click()
        await nina.at("menu-kind-files").click()
        await expect(nina.at("chat-search").get_by_test_id("found-message")).to_have_text(re.compile(r"storm\.pdf"))


@pytest.mark.full("browser")
async def test_public_groups_are_explored_and_addresses_opened(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        felix = await new_person("felix", house)
        await felix.moves_in()
        gesa = await server.register("gesa")
        room_id = await gesa.creates_public_room(
            name="Beekeepers", topic="All about hives", visibility="public", room_alias_name="bees"
        )
        await felix.at("main-menu").click()
        await felix.at("menu-explore").click()
        await _explores(felix, "beek", "Beekeepers")
        await felix.at("explore-room", text="Beekeepers").click()
        await expect(felix.at("room-preview")).to_contain_text("All about hives", timeout=LIVE_LIMIT_MS)
        await felix.page.keyboard.press("Escape")
        await felix.at("page-back").last.click()
        await felix.at("search-input").fill(f"#bees:{house.name}")
        await felix.at("address-row").click()
        await felix.at("preview-join").click(timeout=LIVE_LIMIT_MS)
        await expect(felix.at("chat-title")).to_have_text("Beekeepers", timeout=LIVE_LIMIT_MS)
        assert felix.user_id in (await gesa.call("GET", f"/v3/rooms/{room_id}/joined_members"))["joined"]
        await felix.at("search-input").fill(gesa.user_id)
        await felix.at("address-row").click()
        await expect(felix.at("person-name")).to_have_text("gesa", timeout=LIVE_LIMIT_MS)
        await felix.at("person-message").click()
        await expect(felix.at("chat-title")).to_have_text("gesa", timeout=START_LIMIT_MS)  # not the one that was open
        await felix.says("buzz")
        await felix.sees_ticks("buzz", "sent", START_LIMIT_MS)
        invites = (await gesa.syncs())["rooms"]["invite"]
        assert len(invites) == 1


async def _finds(person: Person, words: str, count: int) -> None:
    """Look for messages everywhere until all are found: what was just said may be indexed a little later."""
    async with asyncio.timeout(LIVE_LIMIT_MS / 1000):
        while True:
            await person.at("search-input").fill(words)
            with contextlib.suppress(AssertionError):
                return await expect(person.at("found-message")).to_have_count(count, timeout=4_000)
            await person.at("search-input").fill("")


async def _explores(person: Person, words: str, group: str) -> None:
    """Look for a group until it is listed: a server may list what is new a little later."""
    async with asyncio.timeout(LIVE_LIMIT_MS / 1000):
        while True:
            await person.at("explore-search").fill(words)
            with contextlib.suppress(NotThere):
                return await person.at("explore-room", text=group).wait_for(timeout=3_000)
            await person.at("explore-search").fill("")
