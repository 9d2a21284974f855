"""What people wish for who write all day: keys and words of their own, parts of messages, files onto a chat, swipes."""

import pytest
from playwright.async_api import expect

from tests.browser import files
from tests.browser.conftest import NewPerson, two_in_a_group
from tests.browser.person import LIVE_LIMIT_MS
from tests.support.client import Server
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

# Selects words of the last message, as a mouse does.
SELECT = """(words) => {
    const place = [...document.querySelectorAll('[data-testid=message-text]')].at(-1);
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const at = walker.currentNode.textContent.indexOf(words);
        if (at >= 0) {
            getSelection().setBaseAndExtent(walker.currentNode, at, walker.currentNode, at + words.length);
        }
    }
}"""
DROP = """([bytes, room]) => {
    const file = new File([new Uint8Array(bytes)], 'given.png', { type: 'image/png' });
    const transfer = new DataTransfer();
    transfer.items.add(file);
    const row = document.querySelector(`[data-testid=chat-row][data-room='${room}']`);
    const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
    for (const kind of ['dragover', 'drop']) row.dispatchEvent(new DragEvent(kind, options));
}"""
SWIPE = """(row) => {
    const box = row.getBoundingClientRect();
    const touch = (x) => new Touch({ identifier: 1, target: row, clientX: x, clientY: box.top + 8 });
    const from = box.left + 200;
    row.dispatchEvent(new TouchEvent('touchstart', { touches: [touch(from)], bubbles: true }));
    for (const moved of [20, 50, 90]) {
        row.dispatchEvent(new TouchEvent('touchmove', { touches: [touch(from - moved)], bubbles: true }));
    }
    row.dispatchEvent(new TouchEvent('touchend', { touches: [], bubbles: true }));
}"""


@pytest.mark.full("browser")
async def test_a_part_of_a_message_is_answered(house: ServerProcess, new_person: NewPerson) -> None:
    abel, bess = await two_in_a_group(house, new_person, "abel", "bess", "Boats")
    await abel.says("The first boat leaves at six, the second one at nine.")
    await bess.sees("The first boat leaves at six, the second one at nine.")
    await bess.page.evaluate(SELECT, "leaves at six")
    await bess.at("message-text").last.dispatch_event("contextmenu", {"clientX": 400, "clientY": 300})
    await expect(bess.at("menu-reply")).to_have_text("Reply to the selection")
    await bess.at("menu-reply").click()
    await expect(bess.at("reply-bar")).to_contain_text("leaves at six")
    await bess.says("too early")
    quote = abel.message("too early").get_by_test_id("reply-quote")
    await expect(quote).to_contain_text("leaves at six", timeout=LIVE_LIMIT_MS)
    await expect(quote).not_to_contain_text("second")
    await abel.page.reload()
    await abel.is_live()
    await expect(quote).to_contain_text("leaves at six", timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_a_picture_dropped_onto_a_chat_goes_there_and_is_in_its_row(
    house: ServerProcess, new_person: NewPerson
) -> None:
    cora, dirk = await two_in_a_group(house, new_person, "cora", "dirk", "Walls")
    room = await cora.open_room()
    await dirk.leaves_the_chat_alone()
    await cora.makes_group("Elsewhere")
    await cora.page.evaluate(DROP, [list(files.png((300, 200), "#3ac")), room])
    await cora.at("send-files").click(timeout=LIVE_LIMIT_MS)
    await expect(cora.at("chat-title")).to_have_text("Walls")
    row = dirk.at("chat-row", text="Walls")
    await expect(row.get_by_test_id("row-thumb")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await expect(row).to_contain_text("Photo")
    await dirk.page.reload()
    await dirk.is_live()
    await expect(row.get_by_test_id("row-thumb")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await dirk.opens("Walls")
    await expect(dirk.at("image")).to_have_count(1, timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_keys_emoji_and_words_are_ones_own_on_all_devices(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        elsa = await new_person("elsa", house)
        await elsa.signs_up()
        fred = await server.register("fred")
        room = await fred.creates_public_room(name="Market")
        await (await server.login("elsa")).joins(room)
        await elsa.at("main-menu").click()
        await elsa.at("menu-settings").click()
        await elsa.at("open-appearance").click()
        await elsa.at("choice-ctrl-enter").click()
        await elsa.at("page-back").last.click()
        await elsa.at("open-notifications").click()
        await elsa.at("keyword-new").fill("cherries")
        await elsa.at("keyword-add").click()
        await expect(elsa.at("keyword")).to_contain_text("cherries", timeout=LIVE_LIMIT_MS)
        await elsa.page.reload()
        await elsa.is_live()
        await fred.says("fresh cherries today", room)
        row = elsa.at("chat-row", text="Market")
        await expect(row.get_by_test_id("mention-badge")).to_be_visible(timeout=LIVE_LIMIT_MS)

        await elsa.opens("Market")
        await elsa.writes("one")
        await elsa.page.keyboard.press("Enter")
        await elsa.page.keyboard.type("two")
        await elsa.page.keyboard.press("Control+Enter")
        await expect(elsa.at("message-text", text="two")).to_contain_text("one", timeout=LIVE_LIMIT_MS)
        await elsa.at("emoji").click()
        await elsa.at("emoji-search").fill("rocket")
        await elsa.page.locator("[data-testid=emoji-picker] [data-sign='🚀']").first.click()
        other = await new_person("elsa", house)
        await other.signs_in()
        await other.opens("Market")
        await other.at("emoji").click()
        recent = other.page.locator("[data-testid=emoji-picker] [data-sign='🚀']").first
        await expect(recent).to_be_in_viewport(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_a_finger_answers_a_message_by_moving_it(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        gale = await new_person("gale", house, phone=True)
        await gale.signs_up()
        hugo = await server.register("hugo")
        room = await hugo.creates_public_room(name="Pocket")
        await (await server.login("gale")).joins(room)
        await hugo.says("are you there?", room)
        await gale.opens("Pocket")
        await gale.sees("are you there?")

        async def is_answering() -> bool:
            # The part that watches fingers comes after the page.
            await gale.message("are you there?").evaluate(SWIPE)
            return await gale.at("reply-bar").is_visible()

        await eventually(is_answering)
        await expect(gale.at("reply-bar")).to_contain_text("are you there?")
        await gale.says("yes")
        await gale.sees_ticks("yes", "sent")
        [answer] = [one for one in await hugo.history(room) if one["content"].get("body") == "yes"]
        assert "m.in_reply_to" in answer["content"]["m.relates_to"]
