"""What others write is never read as markup, never breaks the page, and never makes it call somebody else."""

import contextlib
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser import hostile
from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.support.client import Refused, Server, User
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

# A zero, an event that is too large: the server refuses these by itself, which is right too.
REFUSED = (400, 413)


@pytest.mark.parametrize(
    "count",
    [pytest.param(60, marks=pytest.mark.short("browser")), pytest.param(500, marks=pytest.mark.full("browser"))],
)
@pytest.mark.timeout(600)
async def test_no_string_of_others_runs_breaks_the_layout_or_calls_anybody(
    house: ServerProcess, new_person: NewPerson, count: int
) -> None:
    async with Server(house.url, house.name) as server:
        owner, reader = await server.users(f"evil{count}", f"calm{count}")
        room_id = await owner.creates_room(inviting=reader, name="Hostile")
        await reader.joins(room_id)
        calm = await new_person(f"calm{count}", house)
        await calm.comes_in()
        await calm.opens("Hostile")
        await calm.at("composer-input").wait_for()
        said: list[str] = []
        for at, evil in enumerate(hostile.strings(count)):
            for event_type, content in hostile.contents(evil):
                with _may_be_refused(house):
                    said.append(await owner.sends(room_id, event_type, content))
            if said:
                reaction = {"rel_type": "m.annotation", "event_id": said[-1], "key": evil}
                with _may_be_refused(house):
                    await owner.sends(room_id, "m.reaction", {"m.relates_to": reaction})
            if at % 10 == 0:
                await _renames_everything(house, owner, room_id, evil)
                await _is_sound(calm)
        for event_type, content in hostile.malformed():
            with _may_be_refused(house):
                await owner.sends(room_id, event_type, content)
        await _renames_everything(house, owner, room_id, "Calm again")
        await owner.says("the end", room_id)
        await calm.sees("the end", 30_000)
        await eventually(lambda: _has_read(reader, room_id))  # or it opens above the end later on
        await _is_sound(calm)
        await calm.page.mouse.move(850, 400)
        for _ in range(12):
            await calm.page.mouse.wheel(0, -3_000)
            await calm.page.wait_for_timeout(100)
            await _is_sound(calm)
        await calm.page.reload()
        await calm.is_live()
        await calm.sees("the end")
        await expect(calm.at("chat-title")).to_have_text("Calm again")


async def _has_read(reader: User, room_id: str) -> bool:
    """What is new says that nothing is unread: of the first answer a server may keep a copy."""
    room = (await reader.syncs()).get("rooms", {}).get("join", {}).get(room_id, {})
    return bool(room.get("unread_notifications", {}).get("notification_count") == 0)


@contextlib.contextmanager
def _may_be_refused(house: ServerProcess) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if refused.status not in (*REFUSED, *getattr(house, "stumbles", ())):
            raise


async def _renames_everything(house: ServerProcess, owner: User, room_id: str, name: str) -> None:
    for event_type, content in (
        ("m.room.name", {"name": name}),
        ("m.room.topic", {"topic": name}),
        ("m.room.avatar", {"url": f"mxc://{name}"}),
        ("m.room.pinned_events", {"pinned": [name]}),
        ("m.room.member", {"membership": "join", "displayname": name, "avatar_url": name}),
    ):
        key = owner.user_id if event_type == "m.room.member" else ""
        with _may_be_refused(house):
            await owner.sets(room_id, event_type, content, key)


async def _is_sound(person: Person) -> None:
    """Nothing ran, nothing stands out of the window, nothing of it became an element of the page."""
    found = await person.page.evaluate(
        """() => {
          const log = document.querySelector('[data-testid=messages]');
          const wide = [...(log?.querySelectorAll('[data-testid=bubble]') ?? [])]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
          const never = 'script, iframe, form, style, link, base, meta, object, embed';
          const strange = log?.querySelectorAll(never).length ?? 0;
          const sources = [...document.querySelectorAll('[src], a[href]')]
            .map((one) => one.getAttribute('src') ?? one.getAttribute('href'))
            .filter((url) => !/^(blob:|\\/|https?:|mailto:|ftp:|magnet:|matrix:)/.test(url));
          const over = document.scrollingElement.scrollWidth > innerWidth;
          return { owned: 'owned' in globalThis, wide: wide.length, strange, sources, over };
        }"""
    )
    assert found == {"owned": False, "wide": 0, "strange": 0, "sources": [], "over": False}
