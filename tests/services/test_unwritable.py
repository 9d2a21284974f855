"""What other servers say that JSON for clients cannot hold: never kept, never the fault of who asked for it."""

from typing import Any, cast

import orjson
import pytest

from homeserver.errors import Unavailable
from homeserver.federation.client.queries import Queries
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services.out_of_band import OutOfBand


def deep(levels: int) -> Any:
    """Lists in each other."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


class Peer:
    """Answers everything with the same."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    async def get(self, *_: object, **__: object) -> dict[str, Any]:
        return self.answer

    post = get


@pytest.mark.parametrize("value", [10**30, deep(250)], ids=["a great number", "many levels"])
async def test_an_answer_that_cannot_be_written_again_is_none(value: Any) -> None:
    queries = Queries(cast(Any, Peer({"org.example": value})))
    for asked in (
        queries.profile("b.test", "@u:b.test"),
        queries.hierarchy("b.test", "!r", suggested_only=False),
        queries.public_rooms("b.test", {}),
    ):
        with pytest.raises(Unavailable):
            await asked


async def test_of_the_state_shown_with_an_invite_what_no_client_could_read_is_left_out() -> None:
    nobody = cast(Any, None)
    entry = {"type": "m.room.name", "state_key": "", "sender": "@u:b.test"}
    state = [entry | {"content": {"name": value}} for value in ("N", 10**30, deep(200))]
    text = await OutOfBand(nobody, nobody, nobody, nobody).stripped("!r:b.test", ROOM_VERSIONS["5"], state)
    shown = orjson.loads(text)
    assert [one["content"]["name"] for one in shown] == ["N", pytest.approx(10**30)]
    assert orjson.loads(orjson.dumps(shown)) == shown
