"""Over TLS: the page by https, the socket by wss."""

from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.support.server import ServerProcess


async def test_two_people_talk_over_tls(house: ServerProcess, new_person: NewPerson) -> None:
    gina = await new_person("gina", house, secure=True)
    hugo = await new_person("hugo", house, secure=True)
    for person in (gina, hugo):
        await person.signs_up()
    await gina.starts_private_chat(hugo)
    await hugo.at("invite").get_by_test_id("invite-accept").click()
    await hugo.at("chat").wait_for()
    await gina.says("Nobody listens in")
    await hugo.sees("Nobody listens in")
    await hugo.says("Good")
    await gina.sees("Good")
    await gina.sees_ticks("Nobody listens in", "read")
    assert await _secure(gina)
    assert await _secure(hugo)
    await expect(gina.at("chat-status")).to_have_text("online")


async def _secure(person: Person) -> bool:
    return bool(await person.page.evaluate("isSecureContext && location.protocol === 'https:'"))
