"""What a chat says of itself: its place in the list, what was shared in it, and where it goes on."""

from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.files import png
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess


async def test_chats_are_ordered_pinned_and_tell_what_was_shared(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        hilda = await new_person("hilda", house)
        await hilda.moves_in()
        ingo = await server.register("ingo")
        me = await server.login("hilda")
        rooms = {}
        for name in ("Oak", "Elm", "Fir"):
            rooms[name] = await ingo.creates_public_room(name=name)
            await me.joins(rooms[name])
            await ingo.says(f"from {name}", rooms[name])
        titles = hilda.at("row-title")
        await expect(titles).to_have_text(["Fir", "Elm", "Oak"], timeout=LIVE_LIMIT_MS)
        await ingo.says("see https://example.org/tree", rooms["Oak"])
        await expect(titles).to_have_text(["Oak", "Fir", "Elm"], timeout=LIVE_LIMIT_MS)
        await hilda.at("chat-row", text="Elm").click(button="right")
        await hilda.at("menu-pin").click()
        await expect(titles).to_have_text(["Elm", "Oak", "Fir"], timeout=LIVE_LIMIT_MS)
        await hilda.page.reload()
        await hilda.is_live()
        await expect(titles).to_have_text(["Elm", "Oak", "Fir"], timeout=LIVE_LIMIT_MS)

        mxc = await _uploads(server, ingo.token)
        info = {"w": 60, "h": 40, "mimetype": "image/png"}
        photo = {"msgtype": "m.image", "body": "leaf.png", "url": mxc, "info": info}
        await ingo.sends(rooms["Oak"], "m.room.message", photo)
        await hilda.opens("Oak")
        await hilda.at("open-info").click()
        media = hilda.at("info-panel").get_by_test_id("tab").filter(has_text="Media")
        await expect(media).to_have_text("Media 1", timeout=LIVE_LIMIT_MS)
        await media.click()
        await expect(hilda.at("shared-item")).to_have_count(1, timeout=LIVE_LIMIT_MS)
        await hilda.at("info-panel").get_by_test_id("tab").filter(has_text="Links").click()
        await expect(hilda.at("shared-item")).to_contain_text("https://example.org/tree", timeout=LIVE_LIMIT_MS)
        await _swipes_over_what_is_shown(hilda, towards_start=True)
        await expect(hilda.at("shared-music")).to_be_visible(timeout=LIVE_LIMIT_MS)
        await _swipes_over_what_is_shown(hilda, towards_start=False)
        await expect(hilda.at("shared-item")).to_contain_text("https://example.org/tree", timeout=LIVE_LIMIT_MS)

        await ingo.sets(rooms["Oak"], "m.room.tombstone", {"body": "moved", "replacement_room": rooms["Fir"]})
        await hilda.at("replaced").click(timeout=LIVE_LIMIT_MS)
        await expect(hilda.at("chat-title")).to_have_text("Fir", timeout=LIVE_LIMIT_MS)


async def _swipes_over_what_is_shown(person: Person, *, towards_start: bool) -> None:
    """Draw a finger over what the open tab of the information shows, once it is all there."""
    await expect(person.at("shared-more")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    shown = await person.at("info-shown").bounding_box()
    assert shown is not None
    middle = shown["y"] + shown["height"] / 2
    right, left = (shown["x"] + shown["width"] - 20, middle), (shown["x"] + shown["width"] - 220, middle)
    await person.swipes(right if towards_start else left, left if towards_start else right)


async def _uploads(server: Server, token: str) -> str:
    """A small picture on the server; its address."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/png"}
    url = f"{server.base_url}/_matrix/media/v3/upload"
    async with server.session.post(url, data=png((60, 40), "green"), headers=headers) as answer:
        return str((await answer.json())["content_uri"])
