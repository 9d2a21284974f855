"""Where a room is encrypted, nothing leaves this page in plain text: not by the socket, not by HTTP."""

from urllib.parse import urlsplit

from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.gate import Gate
from tests.support.client import Server, User
from tests.support.server import ServerProcess

SECRET = "the treasure lies under the oak"
ENCRYPTION = {"algorithm": "m.megolm.v1.aes-sha2"}


async def test_the_composer_is_replaced_by_a_line(house: ServerProcess, new_person: NewPerson) -> None:
    ivan = await new_person("ivan", house)
    await ivan.moves_in()
    async with Server(house.url, house.name) as server:
        user = await server.login("ivan")
        room_id = await _encrypted_room(user, "Vault")
        await ivan.opens("Vault")
        await expect(ivan.at("composer-encrypted")).to_be_visible()
        await expect(ivan.at("composer-input")).to_have_count(0)
        assert await _said(user, room_id) == []


async def test_what_was_being_written_is_not_sent_once_encryption_is_on(
    house: ServerProcess, new_person: NewPerson
) -> None:
    jane = await new_person("jane", house)
    await jane.moves_in()
    room_id = await jane.makes_group("Soon a vault")
    await jane.says("in the open")
    await jane.sees_ticks("in the open", "sent")
    async with Server(house.url, house.name) as server:
        user = await server.login("jane")
        await jane.at("composer-input").fill(SECRET)
        await user.sets(room_id, "m.room.encryption", ENCRYPTION)
        await expect(jane.at("composer-encrypted")).to_be_visible()
        await jane.page.keyboard.press("Enter")
        assert await _said(user, room_id) == ["in the open"]
        await jane.message("in the open").get_by_test_id("message-text").click(button="right")
        offered = (
            await jane.at("menu")
            .locator("[data-testid^=menu-]")
            .evaluate_all("all => all.map(one => one.dataset.testid)")
        )
        spoken = {"menu-reply", "menu-edit", "menu-forward", "menu-save", "menu-strip"}
        assert "menu-delete" in offered, "a deletion has no words"
        assert spoken.isdisjoint(offered), "these would send some"


async def test_what_was_written_offline_is_kept_when_the_room_got_encrypted_meanwhile(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Gate.to(urlsplit(house.url).port or 0) as gate, Server(house.url, house.name) as server:
        kate = await new_person("kate", house, url=gate.url)
        await kate.moves_in()
        room_id = await kate.makes_group("Closed while away")
        await kate.says("in the open")
        await kate.sees_ticks("in the open", "sent")
        gate.shut()
        await kate.says(SECRET)
        await kate.sees_ticks(SECRET, "sending")
        user = await server.login("kate")
        await user.sets(room_id, "m.room.encryption", ENCRYPTION)
        gate.open()
        await kate.sees_ticks(SECRET, "failed", 30_000)
        assert await _said(user, room_id) == ["in the open"]


async def _encrypted_room(user: User, name: str) -> str:
    state = [{"type": "m.room.encryption", "state_key": "", "content": ENCRYPTION}]
    return await user.creates_room(name=name, initial_state=state)


async def _said(user: User, room_id: str) -> list[str]:
    """Bodies of all messages of the room, as the server has them."""
    return [
        event["content"].get("body", "")
        for event in await user.history(room_id)
        if event["type"] not in {"m.room.create", "m.room.member", "m.room.encryption"} and "body" in event["content"]
    ]
