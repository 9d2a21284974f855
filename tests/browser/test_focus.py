"""Whatever is opened by keys and closed by Escape leaves the focus where it was."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.browser.test_keyboard import focus_comes_to, presses, tabs_to
from tests.support.client import Server
from tests.support.server import ServerProcess

SETTINGS = {
    "settings-edit": "profile",
    "open-notifications": "notifications",
    "open-privacy": "privacy",
    "open-sessions": "sessions",
    "open-appearance": "appearance-page",
    "open-folders": "folders",
    "open-language": "language",
    "open-storage": "storage",
    "open-keyboard": "keyboard",
}
"""Rows of the settings, and the pages that they open."""

OF_THE_GROUP = {
    "open-access": "group-access",
    "open-roles": "roles",
    "open-links": "links",
    "open-banned": "banned",
    "open-log": "log",
}
FROM_THE_MENU = {
    "menu-contacts": "contacts",
    "menu-archived": "archive",
    "menu-explore": "explore",
    "menu-starred": "message-list",
    "menu-sign-out": "question",
}


async def _closes(person: Person, opened: str, back: str) -> None:
    """Wait for what was opened, close it by Escape: `back` has the focus again."""
    await person.at(opened).first.wait_for()
    await presses(person, "Escape")
    await expect(person.at(opened)).to_have_count(0)
    await focus_comes_to(person, back)


async def _opens(person: Person, row: str, *, by: str = "Tab") -> None:
    await tabs_to(person, row, by)
    await presses(person, "Enter")


async def _chooses_from_the_menu(person: Person, item: str) -> None:
    await _opens(person, "main-menu")
    await person.at(item).wait_for()
    await _opens(person, item, by="ArrowDown")


@pytest.mark.full("browser")
@pytest.mark.timeout(300)
async def test_the_focus_comes_back_from_every_page_dialog_and_menu(
    house: ServerProcess, new_person: NewPerson
) -> None:
    kim = await new_person("kim", house)
    await kim.signs_up()
    room_id = await kim.makes_group("Focus")
    async with Server(house.url, house.name) as server:
        lou = await server.register("lou")
        await (await server.login("kim")).invites(lou, room_id)
        await lou.joins(room_id)
        await lou.says("one", room_id)
    await kim.sees("one")

    await _chooses_from_the_menu(kim, "menu-settings")
    for row, page in SETTINGS.items():
        await kim.at("settings").wait_for()
        await _opens(kim, row)
        await _closes(kim, page, back=row)
    await _closes(kim, "settings", back="main-menu")
    for item, opened in FROM_THE_MENU.items():
        await _chooses_from_the_menu(kim, item)
        await _closes(kim, opened, back="main-menu")

    for button, opened in {"emoji": "emoji-panel", "attach": "menu", "stickers": "sticker-popover"}.items():
        await _opens(kim, button)
        await _closes(kim, opened, back=button)
    await _opens(kim, "chat-menu", by="Shift+Tab")
    await _closes(kim, "menu", back="chat-menu")

    await tabs_to(kim, "messages")
    await presses(kim, "ArrowUp", "Enter")
    await _closes(kim, "menu", back="message")
    for item, opened in {
        "menu-forward": "forward-dialog",
        "menu-delete": "choice",
        "menu-report": "report-dialog",
    }.items():
        await presses(kim, "Enter")
        await kim.at(item).wait_for()
        await _opens(kim, item, by="ArrowDown")
        await _closes(kim, opened, back="message")

    await _opens(kim, "open-info", by="Shift+Tab")
    await kim.at("info-edit").wait_for()
    await _opens(kim, "info-edit")
    offered = {row: page for row, page in OF_THE_GROUP.items() if row not in getattr(house, "lacks", ())}
    for row, page in offered.items():
        await kim.at("group-edit").wait_for()
        await _opens(kim, row)
        await _closes(kim, page, back=row)
    await _closes(kim, "group-edit", back="info-edit")
    await _opens(kim, "info-invite")
    await _closes(kim, "invite-dialog", back="info-invite")
    # The first of the members is oneself.
    await _opens(kim, "member")
    await _closes(kim, "person-card", back="member")
    await presses(kim, "Tab", "Enter")
    await _closes(kim, "menu", back="member")
    await _closes(kim, "info-panel", back="open-info")


@pytest.mark.full("browser")
async def test_a_button_that_is_there_under_the_pointer_alone_stays_while_its_menu_is_open(
    house: ServerProcess, new_person: NewPerson
) -> None:
    mona = await new_person("mona", house)
    await mona.signs_up()
    await mona.makes_group("Stays")
    await mona.at("left-column").hover()
    await mona.at("new-chat").click()
    await mona.at("menu-join").wait_for()
    await mona.page.mouse.move(850, 400)
    await mona.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    await expect(mona.at("new-chat")).to_be_in_viewport(ratio=1)
    await expect(mona.at("menu-join")).to_be_in_viewport(ratio=1)
    await presses(mona, "Escape")
    await focus_comes_to(mona, "new-chat")
