"""The same work asked for by several at once is done once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Results are handed to all who wait; when whoever does the work is cancelled, one of the others begins anew."""

    def __init__(self) -> None:
        self._flying: dict[object, asyncio.Future[T | None]] = {}

    async def once(self, key: object, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, or of the work for this key that is being done already; what it raises is raised."""
        while (flying := self._flying.get(key)) is not None:
            result = await asyncio.shield(flying)
            if result is not None:
                return result
        future: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._flying[key] = future
        try:
            result = await work()
            future.set_result(result)
        except Exception as error:
            future.set_exception(error)
            future.exception()  # nobody has to wait for it
            raise
        finally:
            del self._flying[key]
            if not future.done():
                future.set_result(None)
        return result


async def to_the_end(work: Awaitable[T]) -> T:
    """The result of `work`, which is not broken off in the middle when its caller is: the caller ends after it."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
