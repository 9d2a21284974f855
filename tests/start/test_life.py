"""What goes on beside requests: it outlives a database that is away, and ends with any other fault."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast

import pytest

from homeserver import app
from homeserver.app import App
from homeserver.opening import Task
from homeserver.storage.errors import DatabaseDown


def living(*tasks: Task) -> App:
    return App(cast("Any", None), cast("Any", None), tasks, AsyncExitStack())


async def test_a_task_that_the_database_left_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "RESTART_S", 0.01)
    errors = [DatabaseDown(), ExceptionGroup("together", [ExceptionGroup("inside", [DatabaseDown()])])]
    has_begun_anew = asyncio.Event()

    async def task() -> None:
        if errors:
            raise errors.pop()
        has_begun_anew.set()

    life = asyncio.ensure_future(living(task).run())
    async with asyncio.timeout(15):
        await has_begun_anew.wait()
    life.cancel()
    with pytest.raises(asyncio.CancelledError):
        await life


async def test_a_fault_beside_a_database_that_is_away_ends_all() -> None:
    async def task() -> None:
        raise ExceptionGroup("together", [DatabaseDown(), ValueError("a fault")])

    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.timeout(15):
            await living(task).run()
    assert raised.value.subgroup(ValueError) is not None
    assert raised.value.subgroup(DatabaseDown) is None
