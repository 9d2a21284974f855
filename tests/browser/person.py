"""Somebody with a browser of their own: what they do and see at the page, as sentences."""

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.support.client import PASSWORD

LIVE_LIMIT_MS = 20_000
"""The longest wait for anything in a story: several of them and their servers share two cores."""
START_LIMIT_MS = 40_000

Tick = Literal["sending", "sent", "read", "failed"]


@dataclass(slots=True)
class Person:
    """One signed-in or not yet signed-in person at the page of `url`, whose server is called `server_name`."""

    name: str
    page: Page
    url: str
    server_name: str
    password: str = PASSWORD
    touches: bool = False

    @property
    def user_id(self) -> str:
        return f"@{self.name}:{self.server_name}"

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def in_tab(self, page: Page) -> "Person":
        """The same person at another page of the same browser."""
        return replace(self, page=page)

    def at(self, testid: str, *, text: str | re.Pattern[str] | None = None) -> Locator:
        """What the page marks with this test id, perhaps only where it holds `text`."""
        found = self.page.get_by_test_id(testid)
        return found if text is None else found.filter(has_text=text)

    async def waits_until(self, script: str, arg: object = None) -> None:
        """Wait until an expression, or a function of `arg`, is true in the page.

        The page itself cannot wait for it: its policy forbids to evaluate words later.
        """
        async with asyncio.timeout(LIVE_LIMIT_MS / 1000):
            while not await self.page.evaluate(script, arg):
                await self.page.wait_for_timeout(50)

    async def has_kept_the_page(self) -> None:
        """Wait until the service worker has all files of the page, as it has some time after the first visit."""
        await self.page.evaluate(
            "async () => (await navigator.serviceWorker.ready).active.postMessage({ t: 'keep-rest' })"
        )
        await self.waits_until(_ALL_KEPT)

    # -- coming in -------------------------------------------------------------------------------------------------

    async def moves_in(self) -> None:
        """Make an account and come in with it, past the forms: what they do is told where they are the story."""
        more = {"username": self.name, "auth": {"type": "m.login.dummy"}}
        await self._opens_with_session_of("register", more)

    async def comes_in(self) -> None:
        """Come in with the account that exists, past the form."""
        more = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": self.name}}
        await self._opens_with_session_of("login", more)

    async def _opens_with_session_of(self, endpoint: str, more: dict[str, object]) -> None:
        """Leave a session where the page keeps its own, and open the page; ends at the list of chats."""
        await self.page.goto(f"{self.url}/icon.svg")
        asked = {"password": self.password, "refresh_token": True, "initial_device_display_name": "Hearth web", **more}
        await self.page.evaluate(_KEEP_SESSION, {"endpoint": endpoint, "asked": asked})
        await self.opens_the_page()
        await self.is_live()

    async def opens_the_page(self) -> None:
        await self.page.goto(self.url)

    async def signs_up(self, *, past_the_number: bool = False) -> None:
        """Make an account by name and password, where numbers are asked for first, too; ends at the list of chats."""
        await self.opens_the_page()
        if past_the_number:
            await self.at("by-name").click(timeout=START_LIMIT_MS)
        await self.at("to-sign-up").click(timeout=START_LIMIT_MS)
        await self._fill_in_and_go("sign-up")
        await self.is_live()

    async def signs_in(self) -> None:
        """Come in with the account that exists; ends at the list of chats."""
        await self.opens_the_page()
        await self.at("sign-in").wait_for(timeout=START_LIMIT_MS)
        await self._fill_in_and_go("sign-in")
        await self.is_live()

    async def _fill_in_and_go(self, form: str) -> None:
        card = self.at(form)
        await card.get_by_test_id("username").fill(self.name)
        await card.get_by_test_id("password").fill(self.password)
        await card.get_by_test_id("submit").click(timeout=START_LIMIT_MS)
        await self.at("shell").wait_for(timeout=START_LIMIT_MS)

    async def is_live(self, limit_ms: float = START_LIMIT_MS) -> None:
        """Wait until the page has all that the server has."""
        await expect(self.at("search-input")).to_have_attribute("placeholder", "Search", timeout=limit_ms)

    # -- chats -----------------------------------------------------------------------------------------------------

    async def makes_group(self, name: str, *, inviting: "Person | None" = None) -> str:
        """Make a group and look at it; its room id."""
        await self.at("left-column").hover()
        await self.at("new-chat").click()
        await self.at("menu-new-group").click()
        if inviting is not None:
            await self.at("picker-search").fill(inviting.user_id)
            await self.at("picker-person", text=inviting.user_id).click(timeout=LIVE_LIMIT_MS)
        await self.at("group-next").click()
        await self.at("group-name").fill(name)
        await self.at("group-create").click()
        await expect(self.at("chat-title")).to_have_text(name, timeout=START_LIMIT_MS)
        return await self.open_room()

    async def starts_private_chat(self, other: "Person") -> str:
        """Start a private chat and look at it; its room id."""
        await self.at("left-column").hover()
        await self.at("new-chat").click()
        await self.at("menu-new-private").click()
        await self.at("address").fill(other.user_id)
        await expect(self.at("profile-check")).to_contain_text(other.name, timeout=LIVE_LIMIT_MS)
        await self.at("new-chat-submit").click()
        await self.at("chat").wait_for(timeout=LIVE_LIMIT_MS)
        return await self.open_room()

    async def accepts(self, invitation: str) -> None:
        """Accept an invitation to the chat of this name; ends with the chat open."""
        await self.at("invite", text=invitation).get_by_test_id("invite-accept").click(timeout=LIVE_LIMIT_MS)
        await expect(self.at("chat-title")).to_have_text(invitation, timeout=LIVE_LIMIT_MS)

    async def opens(self, chat: str) -> None:
        await self.at("chat-row", text=chat).click(timeout=LIVE_LIMIT_MS)
        await expect(self.at("chat-title")).to_contain_text(chat, timeout=LIVE_LIMIT_MS)

    async def picks_day(self, day: datetime) -> None:
        """Press a day in a calendar that shows this month, or the one of the day."""
        name = re.compile(rf"{day.day} {day:%B} {day.year}")
        if await self.page.get_by_role("button", name=name).count() == 0:
            await self.at("calendar-earlier").click()
        await self.page.get_by_role("button", name=name).click()

    async def leaves_the_chat_alone(self) -> None:
        """Look at no chat."""
        await self.page.evaluate("location.hash = '#/'")
        await expect(self.at("chat")).to_have_count(0)

    async def swipes(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw one finger over the page, from one place to the other (px); on a page without fingers too."""
        touch = await self.page.context.new_cdp_session(self.page)
        await touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

        async def does(kind: str, *points: tuple[float, float]) -> None:
            where = [{"x": x, "y": y} for x, y in points]
            await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

        await does("touchStart", start)
        for part in (1 / 3, 2 / 3, 1):
            at = (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
            await does("touchMove", at)
        await does("touchEnd")
        await touch.detach()

    async def open_room(self) -> str:
        """Room id of the chat that is open."""
        room_id = await self.at("chat").get_attribute("data-room")
        assert room_id is not None
        return room_id

    # -- messages --------------------------------------------------------------------------------------------------

    async def says(self, text: str) -> None:
        """Write a message and send it: by Enter, or where fingers write, by the button."""
        await self.at("composer-input").fill(text)
        if self.touches:
            await self.at("send").tap()
        else:
            await self.at("composer-input").press("Enter")

    async def writes(self, text: str) -> None:
        """Write, key by key, without sending."""
        await self.at("composer-input").press_sequentially(text)

    async def changes(self, text: str, to: str) -> None:
        """Edit an own message."""
        await self.chooses(text, "menu-edit")
        await expect(self.at("composer-input")).to_have_value(text)
        await self.says(to)

    async def replies(self, to: str, text: str) -> None:
        await self.chooses(to, "menu-reply")
        await expect(self.at("reply-bar")).to_contain_text(to)
        await self.says(text)

    async def deletes(self, text: str) -> None:
        await self.chooses(text, "menu-delete")
        await self.at("choice-everyone").click()

    async def chooses(self, text: str, item: str) -> None:
        """Do one thing with a message: `item` is the test id of its row in the menu."""
        # A message is there before the server has it; what can be done with it comes with its event id.
        message = self.page.locator("[data-testid=message][data-event]").filter(has=self._exactly(text))
        await message.get_by_test_id("message-text").click(button="right", timeout=LIVE_LIMIT_MS)
        await self.at(item).click()

    def message(self, text: str) -> Locator:
        """The message with exactly this text."""
        return self.at("message").filter(has=self._exactly(text))

    def _exactly(self, text: str) -> Locator:
        return self.page.get_by_test_id("message-text").filter(has_text=re.compile(rf"^{re.escape(text)}$"))

    async def sees(self, text: str, limit_ms: float = LIVE_LIMIT_MS) -> None:
        """Wait for a message of this text."""
        await self.message(text).wait_for(timeout=limit_ms)

    async def sees_no(self, text: str, limit_ms: float = LIVE_LIMIT_MS) -> None:
        """Wait until no message has this text."""
        await expect(self.message(text)).to_have_count(0, timeout=limit_ms)

    async def sees_ticks(self, text: str, tick: Tick, limit_ms: float = LIVE_LIMIT_MS) -> None:
        """Wait until an own message carries this tick; what was read meanwhile has been sent."""
        ticks = self.message(text).get_by_test_id("ticks")
        wanted = re.compile("^(sent|read)$") if tick == "sent" else tick
        await expect(ticks).to_have_attribute("data-delivery", wanted, timeout=limit_ms)

    async def sees_typing(self, limit_ms: float = LIVE_LIMIT_MS) -> None:
        await self.at("typing").wait_for(timeout=limit_ms)

    async def messages(self) -> list[str]:
        """Texts of the messages in the page, from top to bottom."""
        return await self.at("message-text").all_inner_texts()


_ALL_KEPT = """async () => {
  const wanted = await (await fetch('/assets.json')).json();
  const kept = await (await caches.open('hearth-shell')).keys();
  return wanted.every((path) => kept.some((request) => new URL(request.url).pathname === path));
}"""

# An older version of the database: the page makes what it lacks.
_KEEP_SESSION = """async ({ endpoint, asked }) => {
  const asking = { method: 'POST', body: JSON.stringify(asked) };
  const answer = await (await fetch(`/_matrix/client/v3/${endpoint}`, asking)).json();
  if (!answer.access_token) throw new Error(JSON.stringify(answer));
  const base = answer.well_known?.['m.homeserver']?.base_url?.replace(/\\/+$/, '') ?? location.origin;
  const session = {
    userId: answer.user_id,
    deviceId: answer.device_id,
    base,
    soft: false,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    expiresAt: answer.expires_in_ms ? Date.now() + answer.expires_in_ms : null,
  };
  const database = await new Promise((done, failed) => {
    const opening = indexedDB.open('hearth', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('kv');
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => failed(opening.error);
  });
  await new Promise((done, failed) => {
    const writing = database.transaction('kv', 'readwrite');
    writing.objectStore('kv').put(session, 'session');
    writing.oncomplete = done;
    writing.onabort = () => failed(writing.error);
  });
  database.close();
}"""
