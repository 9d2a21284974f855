"""What a row of the chat list tells, and what the search offers before anything is typed."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import LIVE_LIMIT_MS
from tests.support.client import Server
from tests.support.server import ServerProcess


@pytest.mark.full("browser")
async def test_a_row_tells_of_reactions_mentions_and_drafts(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        viola = await new_person("viola", house)
        await viola.signs_up()
        will, xandra, me = await server.register("will"), await server.register("xandra"), await server.login("viola")
        old = await will.creates_public_room(name="Old group")
        busy = await will.creates_public_room(name="Busy group")
        for room in (old, busy):
            await me.joins(room)
            await xandra.joins(room)
        liked = await me.says("see you at noon", old)
        await will.says("hello all", busy)
        row = viola.at("chat-row", text="Old group")
        await expect(row.get_by_test_id("row-preview")).to_contain_text("see you at noon")
        like = {"m.relates_to": {"rel_type": "m.annotation", "event_id": liked, "key": "\U0001f44d"}}
        reaction = await will.sends(old, "m.reaction", like)
        await expect(row.get_by_test_id("row-preview")).to_contain_text("reacted")
        await expect(row.get_by_test_id("heart-badge")).to_be_visible()
        await expect(viola.at("row-title")).to_have_text(["Busy group", "Old group"])
        await viola.opens("Old group")
        await expect(row.get_by_test_id("heart-badge")).to_have_count(0)
        await viola.leaves_the_chat_alone()
        await viola.page.reload()
        await viola.is_live()
        await expect(row.get_by_test_id("row-preview")).to_contain_text("reacted")
        await expect(row.get_by_test_id("heart-badge")).to_have_count(0)
        await will.redacts(old, reaction)
        await expect(row.get_by_test_id("row-preview")).to_contain_text("see you at noon")

        for user in (will, xandra):
            await user.call("PUT", f"/v3/rooms/{old}/typing/{user.user_id}", {"typing": True, "timeout": 30_000})
        await expect(row.get_by_test_id("row-typing")).to_contain_text("and")
        for user in (will, xandra):
            await user.call("PUT", f"/v3/rooms/{old}/typing/{user.user_id}", {"typing": False})
        await expect(row.get_by_test_id("row-typing")).to_have_count(0)

        await viola.opens("Old group")
        await viola.writes("half a thought")
        await viola.leaves_the_chat_alone()
        other = await new_person("viola", house)
        await other.signs_in()
        for device in (viola, other):
            await expect(device.at("row-title")).to_have_text(["Old group", "Busy group"])

        mention = {"msgtype": "m.text", "body": "viola, look", "m.mentions": {"user_ids": [viola.user_id]}}
        await will.sends(busy, "m.room.message", mention)
        for number in range(30):
            await will.says(f"and on {number}", busy)
        await viola.at("chat-row", text="Busy group").get_by_test_id("mention-badge").click()
        await expect(viola.message("viola, look")).to_be_in_viewport(timeout=LIVE_LIMIT_MS)
        async with viola.context.expect_page() as opened:
            await viola.at("chat-row", text="Old group").click(button="middle")
        tab = viola.in_tab(await opened.value)
        await expect(tab.at("chat-title")).to_have_text("Old group")


@pytest.mark.full("browser")
async def test_the_search_offers_people_and_what_was_looked_for(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        yara = await new_person("yara", house)
        await yara.signs_up()
        await server.register("zita")
        await yara.starts_private_chat(await new_person("zita", house))
        await yara.says("the walnut cake")
        await yara.sees_ticks("the walnut cake", "sent")
        await yara.leaves_the_chat_alone()
        await yara.at("search-input").click()
        await expect(yara.at("found-recent")).to_contain_text("zita")
        await yara.at("search-input").fill("walnut")
        await expect(yara.at("found-message")).to_have_count(1)
        await yara.at("search-input").press("ArrowDown")
        await yara.page.keyboard.press("Enter")
        await yara.sees("the walnut cake")
        await yara.page.reload()
        await yara.is_live()
        await yara.at("search-input").click()
        await yara.at("found-words", text="walnut").click()
        await expect(yara.at("found-message")).to_have_count(1)
        await yara.at("search-input").fill("")
        await yara.at("recent-clear").click()
        await expect(yara.at("found-words")).to_have_count(0)
        await yara.at("found-recent").click()
        await expect(yara.at("chat-title")).to_have_text("zita")
