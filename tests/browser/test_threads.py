"""Threads: answered in, counted at their first message, with marks of their own for what is new."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.support.server import ServerProcess


def _answers(count: int) -> re.Pattern[str]:
    """So many; numbers are kept apart from the text around them, whatever its direction."""
    return re.compile(rf"\W?{count}\W? answers?")


def _in_thread(person: Person, text: str) -> Locator:
    return person.at("thread").get_by_test_id("message-text").filter(has_text=re.compile(rf"^{text}$"))


@pytest.mark.full("browser")
async def test_a_thread_is_answered_counted_and_read_by_itself(house: ServerProcess, new_person: NewPerson) -> None:
    eve, fay = await new_person("eve", house), await new_person("fay", house)
    await eve.signs_up()
    await fay.signs_up()
    await eve.makes_group("Plans", inviting=fay)
    await fay.accepts("Plans")
    await eve.says("who brings what?")
    await fay.sees("who brings what?")

    await eve.chooses("who brings what?", "menu-thread")
    await expect(eve.at("thread-count")).to_contain_text("No answers yet")
    await eve.says("I bring bread")
    await expect(_in_thread(eve, "I bring bread")).to_be_visible()
    foot = fay.message("who brings what?").get_by_test_id("thread-foot")
    await expect(foot).to_contain_text(_answers(1))
    await expect(foot).to_have_attribute("data-unread", "true")
    await expect(fay.at("unread-threads")).to_be_visible()
    await expect(fay.at("message-text", text="I bring bread")).to_have_count(0)

    await foot.click()
    await expect(_in_thread(fay, "I bring bread")).to_be_visible()
    await expect(eve.at("thread").get_by_test_id("ticks").last).to_have_attribute("data-delivery", "read")
    await fay.says("and I cheese")
    await expect(_in_thread(eve, "and I cheese")).to_be_visible()
    await fay.at("thread-back").click()
    await expect(fay.at("thread")).to_have_count(0)
    await expect(foot).to_have_attribute("data-unread", "false")
    await expect(fay.at("unread-threads")).to_have_count(0)
    await fay.says("see you all")
    await expect(_in_thread(eve, "see you all")).to_have_count(0)

    await eve.page.keyboard.press("Escape")
    await eve.sees("see you all")
    await eve.page.reload()
    await eve.is_live()
    await eve.at("chat-menu").click()
    await eve.at("menu-threads").click()
    await expect(eve.at("listed-message")).to_contain_text(_answers(2))
    await eve.at("listed-message").click()
    await expect(_in_thread(eve, "and I cheese")).to_be_visible()
    await eve.page.go_back()
    await expect(eve.at("thread")).to_have_count(0)
