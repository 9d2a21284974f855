"""Writing: marks, mentions, emoji and commands become what the other one reads."""

from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.support.server import ServerProcess


async def test_marks_mentions_emoji_and_commands_are_read_by_the_other(
    house: ServerProcess, new_person: NewPerson
) -> None:
    rae, sid = await new_person("rae", house), await new_person("sid", house)
    await rae.moves_in()
    await sid.moves_in()
    await rae.makes_group("Style", inviting=sid)
    await sid.accepts("Style")
    field = rae.at("composer-input")
    await expect(field).to_have_js_property("spellcheck", True)
    await expect(field).to_have_attribute("lang", "en")

    await field.fill("make this bold")
    await rae.page.keyboard.press("Shift+Home")
    await rae.page.keyboard.press("Control+b")
    await expect(field).to_have_value("**make this bold**")
    await rae.page.keyboard.press("Enter")
    await expect(sid.at("message-text", text="make this bold").locator("strong")).to_have_text("make this bold")

    await rae.says("`code` ||secret|| [docs](https://example.org/)")
    text = sid.at("message-text", text="docs")
    await expect(text.locator("code")).to_have_text("code")
    await expect(text.locator("a")).to_have_attribute("href", "https://example.org/")
    await text.get_by_test_id("spoiler").click()
    await expect(text).to_contain_text("secret")

    await field.fill("first line")
    await field.press("Shift+Enter")
    await rae.page.keyboard.type("second line")
    await rae.page.keyboard.press("Enter")
    await expect(sid.at("message-text", text="first line")).to_contain_text("second line")

    await rae.writes("hi @si")
    await rae.at("suggestion", text="sid").wait_for()
    await rae.page.keyboard.press("Enter")
    await rae.page.keyboard.type(":rocke")
    await expect(rae.at("suggestion").first).to_contain_text("🚀")
    await rae.page.keyboard.press("Tab")
    await rae.page.keyboard.press("Enter")
    await expect(sid.at("mention")).to_have_text("@sid")
    await expect(sid.at("message-text", text="hi @sid")).to_contain_text("🚀")

    await rae.says("/me waves")
    await sid.sees("* rae waves")
    await rae.says("/topic All about style")
    await expect(sid.at("service-line", text="All about style")).to_be_visible()
    await rae.says("/nonsense")
    await expect(rae.at("question")).to_be_visible()
    await rae.page.keyboard.press("Escape")
    await expect(field).to_have_value("/nonsense")

    await field.fill("")
    await field.press("ArrowUp")
    await expect(field).to_have_value("hi @sid 🚀")
    await rae.page.keyboard.press("Escape")
    await sid.page.reload()
    await sid.is_live()
    await expect(sid.at("mention")).to_have_text("@sid")
    await expect(sid.at("message-text", text="make this bold").locator("strong")).to_be_visible()
