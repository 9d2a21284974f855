"""Password hashes: what is refused, and that the server is not drowned by them."""

import asyncio

import pytest

from homeserver.errors import LimitExceeded, WeakPassword
from homeserver.services.passwords import AT_ONCE, MAX_WAITING, Passwords


@pytest.fixture
def passwords() -> Passwords:
    return Passwords("test")


async def test_a_password_matches_its_hash_and_no_other(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert await passwords.matches("correct horse", stored)
    assert not await passwords.matches("wrong horse", stored)
    assert stored.startswith("$argon2id$")
    assert stored != await passwords.hash("correct horse")


@pytest.mark.parametrize("stored", [None, "", "plain", "$argon2id$broken"])
async def test_nothing_matches_what_is_no_hash(passwords: Passwords, stored: str | None) -> None:
    assert not await passwords.matches("nobody's password", stored)


@pytest.mark.parametrize("password", ["", "short", "x" * 513])
async def test_a_password_has_a_sensible_length(passwords: Passwords, password: str) -> None:
    with pytest.raises(WeakPassword):
        await passwords.hash(password)


async def test_a_flood_of_passwords_is_turned_away(passwords: Passwords) -> None:
    tries = (passwords.matches("guess", None) for _ in range(MAX_WAITING + AT_ONCE + 20))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    turned_away = [answer for answer in answers if isinstance(answer, LimitExceeded)]
    assert len(turned_away) == AT_ONCE + 20
    assert not await passwords.matches("guess", None), "the pool is free again"
