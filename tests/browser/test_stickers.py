"""Stickers and custom emoji: a group keeps a pack of them, its members send them and write them."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.files import png
from tests.browser.person import LIVE_LIMIT_MS
from tests.support.server import ServerProcess


@pytest.mark.full("browser")
async def test_a_group_keeps_stickers_which_all_send_and_write(house: ServerProcess, new_person: NewPerson) -> None:
    gus, hal = await new_person("gus", house), await new_person("hal", house)
    await gus.signs_up()
    await hal.signs_up()
    await gus.makes_group("Zoo", inviting=hal)
    await hal.accepts("Zoo")
    await gus.at("stickers").click()
    await expect(gus.at("sticker-panel")).to_contain_text("No stickers here yet")
    await gus.page.keyboard.press("Escape")

    await gus.at("open-info").click()
    await gus.at("info-packs").click()
    pictures = [("red cat.png", "tomato"), ("dog.png", "teal")]
    files = [{"name": name, "mimeType": "image/png", "buffer": png((64, 64), colour)} for name, colour in pictures]
    await gus.at("pack-files").set_input_files(files)
    await expect(gus.at("pack-image")).to_have_count(2, timeout=LIVE_LIMIT_MS)
    await expect(gus.at("pack-code").first).to_have_value("red_cat")
    await gus.at("pack-code").first.fill("not a code")
    await gus.at("pack-code").first.blur()
    await expect(gus.at("pack-save")).to_be_disabled()
    await gus.at("pack-code").first.fill("cat")
    await gus.at("pack-code").first.blur()
    await gus.at("pack-name").fill("Animals")
    await gus.at("pack-save").click()
    await expect(gus.at("pack-everywhere")).to_be_visible(timeout=LIVE_LIMIT_MS)

    await hal.at("stickers").click()
    await expect(hal.at("sticker-pack")).to_contain_text("Animals")
    await hal.at("sticker-pack").get_by_test_id("sticker").first.click()
    await expect(gus.page.locator("[data-testid=message] img[alt]").first).to_be_visible(timeout=LIVE_LIMIT_MS)
    await expect(gus.at("chat-row", text="Zoo")).to_contain_text("cat")
    await hal.at("stickers").click()
    await hal.at("custom-emoji").last.click()
    await hal.page.keyboard.press("Escape")
    await expect(hal.at("composer-input")).to_have_value(":dog: ")
    await hal.at("composer-input").press("Enter")
    written = gus.at("message-text").locator("img[alt=':dog:']")
    await expect(written).to_be_visible(timeout=LIVE_LIMIT_MS)

    await gus.at("pack-everywhere").click()
    await expect(gus.at("pack-everywhere")).to_have_attribute("aria-checked", "true")
    await gus.page.reload()
    await gus.is_live()
    await expect(written).to_be_visible(timeout=LIVE_LIMIT_MS)
    await gus.makes_group("Elsewhere")
    await gus.at("stickers").click()
    await expect(gus.at("sticker-pack")).to_contain_text("Animals")
