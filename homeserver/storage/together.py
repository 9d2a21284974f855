"""Reads that travel together: several questions, asked by different services at the same moment, in one statement.

Each read is an element of one row: an array of records. Not for writes, which have their batch in `stream`.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TURNS = 4
"""Of the loop, in which whoever was woken by the same thing, or was begun by that, adds their reads."""
_PARAMETER = re.compile(r"\$(\d+)")


@dataclass(slots=True)
class Read:
    """A statement that waits to be sent, and its rows once they are there."""

    sql: str
    args: tuple[object, ...]
    answer: "asyncio.Future[Sequence[Any]]"


class Row(tuple[Any, ...]):
    """A row with the ways of asyncpg's records that storage uses: by number, by name, its values."""

    __slots__ = ()
    places: Mapping[str, int] = {}

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - a column of any type, by number, slice or name
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> Iterator[str]:
        return iter(self.places)

    def values(self) -> Iterator[Any]:
        return iter(self)


_kinds: dict[tuple[str, ...], type[Row]] = {}


def rows_of(names: tuple[str, ...], records: Sequence[tuple[Any, ...]]) -> list[Row]:
    """Records with the names of their columns."""
    kind = _kinds.get(names)
    if kind is None:
        kind = _kinds[names] = type(
            "Row", (Row,), {"__slots__": (), "places": dict(zip(names, range(len(names)), strict=True))}
        )
    return list(map(kind, records))


def composed(reads: Sequence[Read]) -> tuple[str, list[object]]:
    """One statement for all of them, with all their arguments."""
    parts, args = [], list[object]()
    for number, read in enumerate(reads):
        first = len(args)
        sql = _PARAMETER.sub(lambda found, first=first: f"${int(found[1]) + first}", read.sql)  # type: ignore[misc]  # the default binds early
        parts.append(f"ARRAY(SELECT q FROM (\n{sql}\n) q) AS read_{number}")  # noqa: S608 - texts of storage modules
        args += read.args
    return "SELECT " + ",\n".join(parts), args


class Together:
    """Collects the reads of a few coroutines and sends what waits whenever none of them can go on."""

    def __init__(self, send: Callable[[list[Read]], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: list[Read] = []
        self._changed = asyncio.Event()
        self.is_open = True

    async def add(self, sql: str, args: tuple[object, ...]) -> Sequence[Any]:
        """Send a statement along with the others; its rows."""
        read = Read(sql, args, asyncio.get_running_loop().create_future())
        self._waiting.append(read)
        self._changed.set()
        return await read.answer

    async def run(self, coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        """Run them to their ends; what they return, in order. The first error ends the others."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one) for one in coroutines]
                for task in tasks:
                    task.add_done_callback(lambda _: self._changed.set())
                group.create_task(self._serve(tasks))
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        finally:
            self.is_open = False
        return [task.result() for task in tasks]

    async def join(self, coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        """Let more of them take part, for one that takes part itself."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one) for one in coroutines]
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        return [task.result() for task in tasks]

    async def _serve(self, tasks: Sequence["asyncio.Task[Any]"]) -> None:
        while not all(task.done() for task in tasks):
            await self._changed.wait()
            self._changed.clear()
            for _ in range(TURNS):
                await asyncio.sleep(0)
            reads, self._waiting = self._waiting, []
            if reads:
                await self._send(reads)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
