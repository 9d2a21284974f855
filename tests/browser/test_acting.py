"""What people do with messages: react, pin, star, pass on, pick, delete. The other one sees it too."""

from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.support.server import ServerProcess

ALL_HERE_MS = 90_000
"""Forty messages, one after the other, by a busy Synapse."""


async def test_messages_are_reacted_to_pinned_starred_and_passed_on(
    house: ServerProcess, new_person: NewPerson
) -> None:
    kim, lou = await new_person("kim", house), await new_person("lou", house)
    await kim.moves_in()
    await lou.moves_in()
    await kim.makes_group("Source", inviting=lou)
    await lou.accepts("Source")
    await kim.says("worth keeping")
    await kim.says("a second one")
    await lou.sees("a second one")

    await kim.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await kim.chooses("worth keeping", "menu-copy")
    await _has_copied(kim, "worth keeping")
    await kim.chooses("worth keeping", "menu-copy-link")
    event_id = await kim.message("worth keeping").get_attribute("data-event")
    room_id = await kim.open_room()
    await _has_copied(kim, f"https://matrix.to/#/{quote(room_id, safe='!')}/{quote(event_id or '', safe='')}")

    await kim.chooses("worth keeping", "strip-more")
    await kim.at("emoji-search").fill("rocket")
    await kim.page.locator("[data-testid=emoji-picker] [data-sign='🚀']").click()
    await expect(lou.message("worth keeping").get_by_test_id("reaction")).to_contain_text("🚀")
    await lou.message("worth keeping").get_by_test_id("reaction").click()
    mine = kim.message("worth keeping").get_by_test_id("reaction").get_by_test_id("reactor")
    await expect(mine).to_have_count(2)

    for text in ("worth keeping", "a second one"):
        await kim.chooses(text, "menu-pin")
        await expect(lou.at("pin-bar")).to_contain_text(text)
    await lou.at("pin-bar").get_by_role("button").first.click()
    await expect(lou.at("pin-bar")).to_contain_text("worth keeping")

    await kim.chooses("a second one", "menu-star")
    await expect(kim.message("a second one").locator("[data-testid=message-time] use[href$='#star']")).to_have_count(1)
    await kim.chooses("worth keeping", "menu-save")
    await expect(kim.at("toast")).to_contain_text("Saved")

    await lou.makes_group("Target")
    await lou.opens("Source")
    for hides in (False, True):
        await lou.chooses("worth keeping", "menu-forward")
        await lou.at("forward-row", text="Target").click()
        if hides:
            await lou.at("forward-comment").fill("without a name")
            await lou.at("forward-hide").click()
        await lou.at("forward-send").click()
        await expect(lou.at("chat-title")).to_have_text("Target")
        if not hides:
            await expect(lou.at("forward-header")).to_contain_text("kim")
            await lou.opens("Source")
    await lou.sees("without a name")
    await expect(lou.at("message-text", text="worth keeping")).to_have_count(2)
    await expect(lou.at("forward-header")).to_have_count(1)

    for person in (kim, lou):
        await person.page.reload()
        await person.is_live()
    await lou.opens("Source")
    await expect(lou.at("pin-bar")).to_be_visible()
    await expect(lou.message("worth keeping").get_by_test_id("reaction")).to_contain_text("🚀")
    await expect(kim.message("a second one").locator("use[href$='#star']")).to_have_count(1)
    await kim.at("pins-list").click()
    await kim.at("unpin-all").click()
    await expect(lou.at("pin-bar")).to_have_count(0)


async def _has_copied(person: Person, text: str) -> None:
    """Wait until the clipboard holds this."""
    await person.waits_until("async (text) => (await navigator.clipboard.readText()) === text", text)


@pytest.mark.full("browser")
async def test_several_are_picked_and_deleted_for_oneself_or_for_everyone(
    house: ServerProcess, new_person: NewPerson
) -> None:
    mae, ned = await new_person("mae", house), await new_person("ned", house)
    await mae.moves_in()
    await ned.moves_in()
    await mae.makes_group("Tidy", inviting=ned)
    await ned.accepts("Tidy")
    for text in ("first", "second", "third", "draft"):
        await mae.says(text)
    await ned.sees("draft")
    await mae.changes("draft", "final")
    await ned.sees("final")
    await ned.chooses("final", "menu-wordings")
    await expect(ned.at("listed-message")).to_have_count(2)
    await expect(ned.at("listed-message").last).to_contain_text("draft")
    await ned.page.keyboard.press("Escape")

    await ned.chooses("first", "menu-report")
    await ned.at("report-reason").fill("too early")
    await ned.at("report-send").click()
    await expect(ned.at("report-dialog")).to_have_count(0)
    await ned.chooses("first", "menu-delete")
    await expect(ned.at("choice-everyone")).to_have_count(0)
    await ned.at("choice-me").click()
    await ned.sees_no("first")
    await mae.chooses("second", "menu-select")
    await mae.message("third").click()
    await expect(mae.at("select-count")).to_contain_text("2")
    await mae.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await mae.page.keyboard.press("Control+c")
    copied = "async () => /^mae, .*\\nsecond\\n\\nmae, .*\\nthird$/.test(await navigator.clipboard.readText())"
    await mae.waits_until(copied)
    await mae.chooses("second", "menu-select")
    await mae.message("third").click()
    await mae.at("select-delete").click()
    await mae.at("choice-everyone").click()
    await ned.sees_no("second")
    await ned.sees_no("third")
    await mae.sees("first")
    await ned.page.reload()
    await ned.is_live()
    await ned.sees("final")
    await ned.sees_no("first")


@pytest.mark.full("browser")
async def test_a_mention_is_found_by_its_button_in_a_long_chat(house: ServerProcess, new_person: NewPerson) -> None:
    ora, pit = await new_person("ora", house), await new_person("pit", house)
    await ora.moves_in()
    await pit.moves_in()
    await ora.makes_group("Loud", inviting=pit)
    await pit.accepts("Loud")
    await ora.says("welcome")
    await ora.sees_ticks("welcome", "read")
    await pit.leaves_the_chat_alone()
    await ora.writes("@pi")
    await ora.at("suggestion", text="pit").click()
    await ora.page.keyboard.type("look here")
    await ora.page.keyboard.press("Enter")
    for number in range(40):
        await ora.says(f"noise {number}")
    # A chat that is opened before all of them are here is open at its end.
    await expect(pit.at("chat-row", text="Loud")).to_contain_text("noise 39", timeout=ALL_HERE_MS)
    # Who looks elsewhere reads nothing: the mention is not taken for seen while the story goes on.
    await pit.page.evaluate("document.hasFocus = () => false")
    await _opens_in_the_middle(pit)
    await expect(pit.at("mention-button")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await pit.at("mention-button").click()
    await expect(pit.at("mention", text="@pit")).to_be_in_viewport()
    await expect(pit.at("mention")).to_have_attribute("data-me", "true")


async def _opens_in_the_middle(person: Person) -> None:
    """Look at the end of a chat without having read what lies above."""
    await person.opens("Loud")
    await person.at("jump-button").click()


@pytest.mark.full("browser")
async def test_a_message_under_the_mouse_is_answered_and_liked_at_once(
    house: ServerProcess, new_person: NewPerson
) -> None:
    uma, vic = await new_person("uma", house), await new_person("vic", house)
    await uma.moves_in()
    await vic.moves_in()
    await uma.makes_group("Hover", inviting=vic)
    await vic.accepts("Hover")
    await uma.says("hello there")
    await vic.message("hello there").get_by_test_id("bubble").hover()
    await vic.at("hover-react").click(timeout=LIVE_LIMIT_MS)
    reaction = uma.message("hello there").get_by_test_id("reaction")
    await expect(reaction).to_contain_text("❤️", timeout=LIVE_LIMIT_MS)
    await uma.message("hello there").get_by_test_id("bubble").hover()
    await uma.at("hover-reply").click(timeout=LIVE_LIMIT_MS)
    await expect(uma.at("reply-bar")).to_contain_text("hello there")
    await expect(uma.at("hover-actions")).to_have_count(0)
    await uma.says("to myself")
    await vic.sees("to myself")
    await expect(vic.message("to myself").get_by_test_id("reply-quote")).to_contain_text("hello there")
    await vic.page.reload()
    await vic.is_live()
    await expect(vic.message("hello there").get_by_test_id("reaction")).to_contain_text("❤️")
    await vic.at("chat-header").hover()
    await expect(vic.at("hover-actions")).to_have_count(0)
