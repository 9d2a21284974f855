"""Polls: asked, voted in, changed, ended; everybody sees how it stands at once."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.support.server import ServerProcess


def _votes(count: int) -> re.Pattern[str]:
    """So many votes; numbers are kept apart from the text around them, whatever its direction."""
    return re.compile(rf"^\W?{count}\W? votes?$")


async def _asks(person: Person, question: str, *answers: str, several: bool = False) -> None:
    await person.at("attach").click()
    await person.at("menu-attach-poll").click()
    await person.at("poll-new-question").fill(question)
    for at, answer in enumerate(answers):
        await person.at("poll-new-answer").nth(at).fill(answer)
    if several:
        await person.at("poll-several").click()
    await person.at("poll-send").click()
    await expect(person.at("poll-dialog")).to_have_count(0)


@pytest.mark.full("browser")
async def test_a_poll_is_asked_voted_in_and_ended(house: ServerProcess, new_person: NewPerson) -> None:
    abe, bea = await new_person("abe", house), await new_person("bea", house, dark=True)
    await abe.signs_up()
    await bea.signs_up()
    await abe.makes_group("Trip", inviting=bea)
    await bea.accepts("Trip")
    await _asks(abe, "Where to?", "Sea", "Hills", "Home")
    await expect(bea.at("poll-question")).to_have_text("Where to?")
    await expect(bea.at("chat-row", text="Trip")).to_contain_text("Where to?")
    await expect(bea.at("poll-result")).to_have_count(0)

    await bea.at("poll-choice", text="Hills").click()
    await expect(bea.at("poll-result", text="Hills")).to_contain_text("100%")
    await expect(abe.at("poll-people")).to_have_text(_votes(1))
    await abe.at("poll-choice", text="Sea").click()
    await expect(bea.at("poll-result", text="Sea").get_by_test_id("poll-share")).to_have_text("50%")
    await bea.at("poll-question").click(button="right")
    await expect(bea.at("menu-poll-end")).to_have_count(0)
    await bea.at("menu-poll-retract").click()
    await expect(abe.at("poll-people")).to_have_text(_votes(1))
    await bea.at("poll-choice", text="Sea").click()
    await expect(abe.at("poll-result", text="Sea")).to_contain_text("100%")

    await abe.at("poll-question").click(button="right")
    await abe.at("menu-poll-end").click()
    await abe.at("question-yes").click()
    await expect(bea.at("poll")).to_have_attribute("data-ended", "true")
    await bea.page.reload()
    await bea.is_live()
    await expect(bea.at("poll")).to_have_attribute("data-ended", "true")
    await expect(bea.at("poll-result", text="Sea")).to_contain_text("100%")
    await expect(bea.at("poll-people")).to_have_text(_votes(2))


@pytest.mark.full("browser")
async def test_several_answers_are_chosen_before_the_vote_goes_out(house: ServerProcess, new_person: NewPerson) -> None:
    cal, dot = await new_person("cal", house), await new_person("dot", house, phone=True)
    await cal.signs_up()
    await dot.signs_up()
    await cal.makes_group("Menu", inviting=dot)
    await dot.accepts("Menu")
    await _asks(cal, "Which of them?", "Soup", "Fish", "Cake", several=True)
    await expect(dot.at("poll-vote")).to_be_disabled()
    for answer in ("Soup", "Cake"):
        await dot.at("poll-choice", text=answer).click()
    await dot.at("poll-vote").click()
    await expect(dot.at("poll-result", text="Cake")).to_contain_text("100%")
    await expect(dot.at("poll-people")).to_have_text(_votes(1))
    await cal.at("poll-choice", text="Fish").click()
    await cal.at("poll-vote").click()
    await expect(dot.at("poll-result", text="Fish").get_by_test_id("poll-share")).to_have_text("50%")
