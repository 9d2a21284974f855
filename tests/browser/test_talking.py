"""What makes a day of talking easy: keys, picking by the mouse, who has read, what was deleted, what is pasted."""

import re

import pytest
from playwright.async_api import expect

from tests.browser import files
from tests.browser.conftest import NewPerson, two_in_a_group
from tests.browser.person import LIVE_LIMIT_MS
from tests.support.client import Server
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

# Pastes words as another program gives them.
PASTE = """(field, [html, plain]) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', plain);
    if (html) clipboardData.setData('text/html', html);
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    if (field.dispatchEvent(event)) document.execCommand('insertText', false, plain);
}"""


@pytest.mark.full("browser")
async def test_page_keys_move_the_messages_and_nothing_jumps(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("walt")
        yves = await new_person("yves", house)
        await yves.signs_up()
        room_id = await owner.creates_public_room(name="Diary")
        await (await server.login("yves")).joins(room_id)
        for number in range(70):
            await owner.says(f"page {number}", room_id)
        await yves.opens("Diary")
        await expect(yves.message("page 69")).to_be_in_viewport()
        await expect(yves.message("page 30")).to_have_count(1)  # there is a page to turn to
        keys = yves.page.keyboard
        await expect(yves.at("composer-input")).to_be_focused()
        await keys.press("PageUp")
        await expect(yves.message("page 69")).not_to_be_in_viewport()
        await expect(yves.at("jump-button")).to_have_attribute("data-shown", "true")

        async def is_at_the_first() -> bool:
            # The first of those that are here: older ones come meanwhile.
            await keys.press("Home")
            return await yves.message("page 0").count() > 0

        await eventually(is_at_the_first)
        await keys.press("Home")
        await expect(yves.message("page 0")).to_be_in_viewport()
        await expect(yves.at("composer-input")).to_be_focused()
        await keys.press("PageDown")
        await expect(yves.message("page 0")).not_to_be_in_viewport()
        await keys.press("End")
        await expect(yves.message("page 69")).to_be_in_viewport()
        # In what is being written these keys are the field's.
        await yves.writes("half a thought")
        await keys.press("Home")
        await keys.type("not ")
        await expect(yves.at("composer-input")).to_have_value("not half a thought")
        await expect(yves.message("page 69")).to_be_in_viewport()


@pytest.mark.full("browser")
async def test_who_has_read_and_who_reacted_is_told(house: ServerProcess, new_person: NewPerson) -> None:
    abby, bert = await two_in_a_group(house, new_person, "abby", "bert", "Readers")
    await abby.says("who has seen this?")
    await bert.sees("who has seen this?")
    await abby.sees_ticks("who has seen this?", "read")
    await abby.at("readers").last.click()
    await expect(abby.at("who")).to_contain_text("bert")
    await expect(abby.at("who").locator("time")).to_be_visible()
    await abby.page.keyboard.press("Escape")
    await bert.message("who has seen this?").get_by_test_id("bubble").dblclick()
    reaction = abby.message("who has seen this?").get_by_test_id("reaction")
    await reaction.click(button="right", timeout=LIVE_LIMIT_MS)
    await expect(abby.at("who")).to_contain_text("bert")
    await expect(abby.at("who")).to_contain_text("❤️")
    await abby.page.keyboard.press("Escape")
    await expect(reaction).to_have_attribute("aria-pressed", "false")
    await abby.changes("who has seen this?", "who has read this?")
    await bert.sees("who has read this?")
    await expect(bert.at("edited-mark").last).to_have_attribute("data-tooltip", re.compile("\\d:\\d\\d"))
    # A reaction to what is out of sight is told by a button that leads there.
    for number in range(25):
        await abby.says(f"and then {number}")
    await bert.sees("and then 24")
    await expect(abby.message("who has read this?")).not_to_be_in_viewport()
    await bert.at("reaction").first.click()
    await bert.message("who has read this?").get_by_test_id("bubble").dblclick()
    await abby.at("liked-button").click(timeout=LIVE_LIMIT_MS)
    await expect(abby.message("who has read this?")).to_be_in_viewport()
    await expect(abby.at("liked-button")).to_have_count(0)
    await abby.page.reload()
    await abby.is_live()
    await abby.at("readers").last.click(timeout=LIVE_LIMIT_MS)
    await expect(abby.at("who")).to_contain_text("bert")


@pytest.mark.full("browser")
async def test_a_deleted_message_leaves_nothing_unless_one_wants_a_trace(
    house: ServerProcess, new_person: NewPerson
) -> None:
    cleo, dora = await two_in_a_group(house, new_person, "cleo", "dora", "Traces")
    for text in ("stays", "goes", "the last"):
        await cleo.says(text)
    await dora.sees("the last")
    await cleo.deletes("goes")
    for person in (cleo, dora):
        await person.sees_no("goes")
        await expect(person.at("redacted-message")).to_have_count(0)
    await dora.page.reload()
    await dora.is_live()
    await dora.sees("the last")
    await expect(dora.at("redacted-message")).to_have_count(0)
    await dora.at("main-menu").click()
    await dora.at("menu-settings").click()
    await dora.at("open-appearance").click()
    await dora.at("talk-trace").click()
    await expect(dora.at("redacted-message")).to_have_count(1, timeout=LIVE_LIMIT_MS)
    await dora.page.reload()
    await dora.is_live()
    await expect(dora.at("redacted-message")).to_have_count(1, timeout=LIVE_LIMIT_MS)
    # Who looks after the group takes out all of somebody's at once.
    for text in ("noise", "more noise"):
        await dora.says(text)
    await cleo.sees("more noise")
    await cleo.chooses("noise", "menu-delete")
    await cleo.at("choice-ban").click()
    for text in ("noise", "more noise"):
        await cleo.sees_no(text)
    await expect(dora.at("composer-banned")).to_be_visible(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_rows_are_picked_by_drawing_the_mouse_over_them(house: ServerProcess, new_person: NewPerson) -> None:
    evan, fern = await two_in_a_group(house, new_person, "evan", "fern", "Rows")
    for text in ("one", "two", "three", "four"):
        await evan.says(text)
        await evan.sees_ticks(text, "sent")
    await fern.sees("four")

    async def place(text: str) -> tuple[float, float]:
        box = await evan.message(text).bounding_box()
        assert box is not None
        return box["x"] + 8, box["y"] + box["height"] / 2

    mouse = evan.page.mouse
    await mouse.move(*await place("one"))
    await mouse.down()
    await mouse.move(*await place("two"))
    await mouse.move(*await place("three"), steps=4)
    await mouse.up()
    await expect(evan.at("select-count")).to_contain_text("3")
    await evan.page.keyboard.down("Shift")
    await mouse.click(*await place("four"))
    await evan.page.keyboard.up("Shift")
    await expect(evan.at("select-count")).to_contain_text("4")
    await mouse.move(*await place("one"))
    await mouse.down()
    await mouse.move(*await place("two"), steps=4)
    await mouse.up()
    await expect(evan.at("select-count")).to_contain_text("2")
    await evan.at("select-delete").click()
    await evan.at("choice-everyone").click()
    for text in ("three", "four"):
        await fern.sees_no(text)
    await fern.sees("one")


@pytest.mark.full("browser")
async def test_what_is_pasted_keeps_its_marks_and_commands_say_what_they_take(
    house: ServerProcess, new_person: NewPerson
) -> None:
    gina, hank = await two_in_a_group(house, new_person, "gina", "hank", "Marks")
    field = gina.at("composer-input")
    html = '<meta charset="utf-8"><p>Read <b>this</b> at <a href="https://example.org/x">the page</a></p>'
    await field.evaluate(PASTE, [html, "Read this at the page"])
    await expect(field).to_have_value("Read **this** at [the page](https://example.org/x)")
    await gina.page.keyboard.press("Enter")
    await expect(hank.at("message-text").locator("a")).to_have_attribute("href", "https://example.org/x")
    await gina.sees_ticks("Read this at the page", "read")
    # What is typed first comes back with its marks.
    await gina.page.keyboard.press("ArrowUp")
    await expect(field).to_have_value("Read **this** at [the page](https://example.org/x)")
    await gina.page.keyboard.press("Escape")
    # A long quote is folded until one asks for it.
    lines = "<br>".join(f"line {number}" for number in range(8))
    await field.evaluate(PASTE, [f"<blockquote>{lines}</blockquote>", ""])
    await expect(field).to_have_value(re.compile("^> line 0\n> line 1"))
    await gina.page.keyboard.press("Enter")
    await expect(hank.at("quote")).to_have_attribute("data-folded", "true", timeout=LIVE_LIMIT_MS)
    await hank.at("quote-unfold").click()
    await expect(hank.at("quote")).to_have_attribute("data-folded", "false")
    await field.evaluate(PASTE, ["", "long " * 900])
    await gina.at("question-yes").click()
    await expect(field).to_have_value("")
    await gina.at("send-files").click()
    await expect(gina.at("send-dialog")).to_have_count(0)
    await expect(hank.at("file")).to_contain_text("message.txt", timeout=LIVE_LIMIT_MS)
    await gina.writes("/kick @ha")
    await expect(gina.at("command-hint")).to_have_count(0)
    await gina.page.keyboard.press("Tab")
    await expect(field).to_have_value(f"/kick {hank.user_id} ")
    await expect(gina.at("command-hint")).to_have_text("/kick @name:server")
    await gina.page.keyboard.press("Enter")
    await expect(hank.at("composer-left")).to_be_visible(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_a_new_chat_greets_and_the_wallpaper_is_the_same_on_all_devices(
    house: ServerProcess, new_person: NewPerson
) -> None:
    ines, jack = await new_person("ines", house), await new_person("jack", house)
    await ines.signs_up()
    await jack.signs_up()
    await ines.starts_private_chat(jack)
    await ines.at("welcome-wave").click(timeout=LIVE_LIMIT_MS)
    await ines.sees("👋")
    await expect(ines.at("welcome")).to_have_count(0)
    await jack.accepts("ines")
    await jack.sees("👋")
    await expect(jack.at("welcome")).to_have_count(0)

    await ines.at("main-menu").click()
    await ines.at("menu-settings").click()
    await ines.at("open-appearance").click()
    await ines.at("wallpaper-lake").click()
    await ines.at("wallpaper-input").set_input_files(
        {"name": "view.png", "mimeType": "image/png", "buffer": files.png((64, 48), "#3ac")}
    )
    await expect(ines.at("wallpaper-picture")).to_have_count(1)
    other = await new_person("ines", house)
    await other.signs_in()
    await expect(other.at("wallpaper-picture")).to_have_count(1, timeout=LIVE_LIMIT_MS)
    await ines.at("wallpaper-remove").click()
    await expect(other.at("wallpaper-picture")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await other.at("main-menu").click()
    await other.at("menu-settings").click()
    await other.at("open-appearance").click()
    await expect(other.at("wallpaper-lake").get_by_role("radio")).to_be_checked()


@pytest.mark.full("browser")
async def test_a_thread_of_which_one_wants_no_news_gives_none(house: ServerProcess, new_person: NewPerson) -> None:
    kurt, lena = await two_in_a_group(house, new_person, "kurt", "lena", "Knots")
    await kurt.says("which knot?")
    await lena.sees("which knot?")
    await lena.chooses("which knot?", "menu-thread")
    await lena.at("thread").get_by_test_id("composer-input").fill("a bowline")
    await lena.at("thread").get_by_test_id("composer-input").press("Enter")
    foot = kurt.message("which knot?").get_by_test_id("thread-foot")
    await expect(foot).to_have_attribute("data-unread", "true", timeout=LIVE_LIMIT_MS)
    await foot.click()
    await expect(lena.at("thread").get_by_test_id("ticks").last).to_have_attribute("data-delivery", "read")
    await kurt.at("thread-notify").click()
    await kurt.at("menu-thread-none").click()
    await expect(kurt.at("thread-notify").locator("use[href$='#bell-off']")).to_have_count(1, timeout=LIVE_LIMIT_MS)
    await kurt.at("thread-back").click()
    await expect(foot).to_have_attribute("data-unread", "false")
    await lena.at("thread").get_by_test_id("composer-input").fill("or a reef knot")
    await lena.at("thread").get_by_test_id("composer-input").press("Enter")
    await expect(foot).to_contain_text(re.compile(r"\W?2\W? answers"), timeout=LIVE_LIMIT_MS)
    await lena.at("thread-back").click()
    await lena.says("so?")
    await kurt.sees("so?")
    await expect(foot).to_have_attribute("data-unread", "false")
    await kurt.page.reload()
    await kurt.is_live()
    await expect(foot).to_contain_text(re.compile(r"\W?2\W? answers"), timeout=LIVE_LIMIT_MS)
    await expect(foot).to_have_attribute("data-unread", "false")
    await foot.click()
    await expect(kurt.at("thread-notify").locator("use[href$='#bell-off']")).to_have_count(1, timeout=LIVE_LIMIT_MS)
