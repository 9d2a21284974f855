"""Nobody learns from an answer, or from its time, whether a number has an account. Security: S-12, T12.1."""

import random
import time
from typing import Any

import pytest

from homeserver.app import App
from homeserver.storage.database import Database
from tests.phone.house import Phones, sign_up
from tests.support.client import Server

SAMPLES = 1_000
GUESSED_AT_MOST = 0.55
KNOWN = "+447400130000"
House = tuple[App, Server, Database]


def best_guess(known: list[float], unknown: list[float]) -> float:
    """The share that the best threshold, in either direction, tells rightly."""
    labelled = sorted([(took, 1) for took in known] + [(took, -1) for took in unknown])
    lead = best = 0
    for _, label in labelled:
        lead += label
        best = max(best, abs(lead))
    return 0.5 + best / len(labelled)


def test_the_best_threshold_is_found() -> None:
    assert best_guess([1.0, 2.0], [3.0, 4.0]) == best_guess([3.0, 4.0], [1.0, 2.0]) == 1
    assert best_guess([1.0, 3.0], [2.0, 4.0]) == 0.75
    assert best_guess([1.0, 4.0], [2.0, 3.0]) == 0.75


def question(kind: str, number: str, n: int) -> tuple[str, dict[str, Any]]:
    if kind == "login":
        body = {"number": number, "client_secret": f"{kind}{n}", "send_attempt": 1}
        return "/unstable/app.hearth/login/sms/request_code", body
    if kind == "password":
        identifier = {"type": "m.id.phone", "country": "GB", "phone": number}
        return "/v3/login", {"type": "m.login.password", "identifier": identifier, "password": "a wrong password"}
    body = {"country": "GB", "phone_number": number, "client_secret": f"{kind}{n}", "send_attempt": 1}
    path = {"reset": "/v3/account/password", "register": "/v3/register"}[kind]
    return f"{path}/msisdn/requestToken", body


@pytest.mark.parametrize("kind", ["login", "password", "reset", "register"])
@pytest.mark.parametrize(
    "samples", [5, pytest.param(SAMPLES, marks=[pytest.mark.full("phone"), pytest.mark.timeout(900)])]
)
async def test_known_and_unknown_numbers_get_the_same_answer_after_the_same_time(
    house: House, phones: Phones, kind: str, samples: int, record_property: Any
) -> None:
    """The time is judged where there are enough samples for the threshold not to be found by chance."""
    _, server, database = house
    chance = random.Random(1)
    if await database.fetchval("SELECT count(*) FROM threepids") == 0:
        await sign_up(server, phones, KNOWN)
    took: dict[bool, list[float]] = {True: [], False: []}
    answers: dict[bool, set[tuple[int, frozenset[str], str]]] = {True: set(), False: set()}
    order = [True, False] * (samples + 10)
    chance.shuffle(order)
    for n, is_known in enumerate(order):
        # Messages of before would make one number busier than the other: both begin anew each time.
        await database.execute("DELETE FROM sms_sends")
        await database.execute("DELETE FROM verifications")
        path, body = question(kind, KNOWN if is_known else "+447400130001", n)
        began = time.perf_counter()
        status, answer = await server.ask("POST", path, body)
        took[is_known].append(time.perf_counter() - began)
        answers[is_known].add((status, frozenset(answer), answer.get("error", "")))
    assert answers[True] == answers[False]
    assert len(answers[True]) == 1
    if samples == SAMPLES:
        guessed = best_guess(took[True][10:], took[False][10:])
        record_property("T12.1", f"{kind}: the best threshold guesses {guessed:.3f} of {2 * samples} rightly")
        assert guessed <= GUESSED_AT_MOST
