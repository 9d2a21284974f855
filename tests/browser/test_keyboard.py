"""Everything by keys alone: the pointer is never used, and what has the focus can be seen."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS, Person
from tests.support.server import ServerProcess

MOST_STEPS = 60
SEEN = """() => {
  const one = document.activeElement;
  const around = [one, one.parentElement, one.parentElement?.parentElement, ...one.querySelectorAll('*')];
  const parts = around.filter(Boolean);
  const marked = (part) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(part);
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
  };
  return one !== document.body && (one.matches('input, textarea, [contenteditable]') || parts.some(marked));
}"""
"""Whether it shows where the focus is: a ring or a shadow; in a field the caret is enough."""


async def has_focus(person: Person, testid: str) -> bool:
    return bool(
        await person.page.evaluate("(name) => document.activeElement?.getAttribute('data-testid') === name", testid)
    )


async def focus_comes_to(person: Person, testid: str) -> None:
    """Wait until this has the focus, and shows it."""
    try:
        await person.waits_until("(name) => document.activeElement?.getAttribute('data-testid') === name", testid)
    except TimeoutError:
        there = await person.page.evaluate("document.activeElement?.outerHTML.slice(0, 200)")
        raise AssertionError(f"the focus is not on {testid}, but on {there}") from None
    assert await person.page.evaluate(SEEN), f"{testid} does not show that it has the focus"


async def tabs_to(person: Person, testid: str, key: str = "Tab") -> None:
    """Press Tab until this has the focus; all on the way shows that it has it."""
    for _ in range(MOST_STEPS):
        if await has_focus(person, testid):
            assert await person.page.evaluate(SEEN), f"{testid} does not show that it has the focus"
            return
        await person.page.keyboard.press(key)
    raise AssertionError(f"{testid} is not reached by {key}")


async def presses(person: Person, *keys: str) -> None:
    for key in keys:
        await person.page.keyboard.press(key)


async def _writes(person: Person, text: str) -> None:
    await person.page.keyboard.type(text)


@pytest.mark.full("browser")
async def test_every_flow_goes_by_keyboard_alone(house: ServerProcess, new_person: NewPerson) -> None:
    kay = await new_person("kay", house)
    await kay.opens_the_page()
    await kay.at("sign-in").wait_for(timeout=START_LIMIT_MS)
    await tabs_to(kay, "to-sign-up")
    await presses(kay, "Enter")
    await kay.at("sign-up").wait_for()
    await tabs_to(kay, "username")
    await _writes(kay, "kay")
    await tabs_to(kay, "password")
    await _writes(kay, kay.password)
    await expect(kay.at("submit")).to_be_enabled(timeout=LIVE_LIMIT_MS)
    await presses(kay, "Enter")
    await kay.is_live()

    for name in ("Keys", "Locks"):
        await tabs_to(kay, "new-chat")
        await presses(kay, "Enter")
        await kay.at("menu-new-group").wait_for()
        await tabs_to(kay, "menu-new-group", "ArrowDown")
        await presses(kay, "Enter")
        await kay.at("group-next").wait_for()
        await tabs_to(kay, "group-next")
        await presses(kay, "Enter")
        await tabs_to(kay, "group-name")
        await _writes(kay, name)
        await presses(kay, "Enter")
        await expect(kay.at("chat-title")).to_have_text(name, timeout=LIVE_LIMIT_MS)

    # The list: from one chat to the other by arrows.
    await tabs_to(kay, "chat-row")
    await presses(kay, "ArrowDown")
    await focus_comes_to(kay, "chat-row")
    await presses(kay, "Enter")
    await expect(kay.at("chat-title")).to_have_text("Keys")

    # Writing, answering, the menu of a message.
    await tabs_to(kay, "composer-input")
    await _writes(kay, "first")
    await presses(kay, "Enter")
    await kay.sees_ticks("first", "sent")
    await presses(kay, "Control+ArrowUp")
    await expect(kay.at("reply-bar")).to_contain_text("first")
    await _writes(kay, "an answer")
    await presses(kay, "Enter")
    await kay.sees_ticks("an answer", "sent")
    await tabs_to(kay, "messages", "Shift+Tab")
    await presses(kay, "ArrowUp")
    await focus_comes_to(kay, "message")
    await presses(kay, "Enter")
    await kay.at("menu-edit").wait_for()
    await tabs_to(kay, "menu-edit", "ArrowDown")
    await presses(kay, "Enter")
    await expect(kay.at("composer-input")).to_have_value("an answer")
    await _writes(kay, ", changed")
    await presses(kay, "Enter")
    await kay.sees("an answer, changed")

    # The group's information, and back.
    await tabs_to(kay, "open-info", "Shift+Tab")
    await presses(kay, "Enter")
    await kay.at("info-edit").wait_for()
    await tabs_to(kay, "info-edit")
    await presses(kay, "Enter")
    await kay.at("edit-name").wait_for()
    await presses(kay, "Escape")
    await expect(kay.at("edit-name")).to_have_count(0)
    await presses(kay, "Escape")
    await expect(kay.at("info-edit")).to_have_count(0)

    # The settings: a page opens and closes, and the focus comes back.
    await tabs_to(kay, "main-menu")
    await presses(kay, "Enter")
    await kay.at("menu-settings").wait_for()
    await tabs_to(kay, "menu-settings", "ArrowDown")
    await presses(kay, "Enter")
    await tabs_to(kay, "open-privacy")
    await presses(kay, "Enter")
    await kay.at("privacy").wait_for(timeout=LIVE_LIMIT_MS)
    await presses(kay, "Escape")
    await expect(kay.at("privacy")).to_have_count(0)
    await focus_comes_to(kay, "open-privacy")
