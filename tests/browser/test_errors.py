"""Bad answers: they are shown where they belong, and nothing is lost."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.front import front
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess

COMING_BACK_MS = 60_000


@dataclass
class Trouble:
    """What the server does with the next requests whose path holds `where`: status and error code."""

    where: str = "/send/"
    answers: list[tuple[int, str]] = field(default_factory=list)
    url: str = ""

    def __call__(self, request: web.Request) -> web.Response | None:
        if self.where not in request.path or not self.answers:
            return None
        status, errcode = self.answers.pop(0)
        wait = {"retry_after_ms": 1_000} if status == 429 else {}
        return web.json_response({"errcode": errcode, "error": "trouble", **wait}, status=status)


@pytest.fixture
async def trouble(house: ServerProcess) -> AsyncIterator[Trouble]:
    made = Trouble()
    async with front(files=house.url, api=house.url, trouble=made) as url:
        made.url = url
        yield made


async def _is_sent_once(person: Person, house: ServerProcess, room_id: str, text: str) -> None:
    await person.sees_ticks(text, "sent", COMING_BACK_MS)
    async with Server(house.url, house.name) as server:
        user = await server.login(person.name)
        assert (await user.sees(room_id)).count(text) == 1


@pytest.mark.full("browser")
async def test_bad_answers_are_shown_where_they_belong_and_can_be_tried_again(
    house: ServerProcess, new_person: NewPerson, trouble: Trouble
) -> None:
    emma = await new_person("emma", house, url=trouble.url)
    await emma.signs_up()
    room_id = await emma.makes_group("Trouble")

    trouble.answers = [(500, "M_UNKNOWN"), (502, "M_UNKNOWN"), (429, "M_LIMIT_EXCEEDED")]
    await emma.says("through thick and thin")
    await expect(emma.at("toast")).to_have_count(0)
    await _is_sent_once(emma, house, room_id, "through thick and thin")
    assert trouble.answers == []

    trouble.answers = [(403, "M_FORBIDDEN")]
    await emma.says("refused at first")
    await emma.sees_ticks("refused at first", "failed")
    await emma.message("refused at first").get_by_test_id("message-text").click(button="right")
    await expect(emma.at("menu-retry")).to_be_visible()
    await emma.at("menu-retry").click()
    await _is_sent_once(emma, house, room_id, "refused at first")

    trouble.where = "/devices"
    trouble.answers = [(500, "M_UNKNOWN")]
    await emma.leaves_the_chat_alone()
    await emma.at("main-menu").click()
    await emma.at("menu-settings").click()
    await emma.at("open-sessions").click()
    await expect(emma.at("failed").get_by_test_id("error-code")).to_contain_text("M_UNKNOWN", timeout=LIVE_LIMIT_MS)
    await emma.at("retry").click()
    await emma.at("session-current").wait_for(timeout=LIVE_LIMIT_MS)
