"""The schedules of R-3b find what they are for: a stream with a planted fault does not pass them."""

import copy
from typing import TYPE_CHECKING

import pytest

from homeserver.storage import fragments
from homeserver.storage.database import LOST, REFUSED
from homeserver.storage.stream import Commit, Stream
from tests.reliability.test_commit_order import hold_schedules

if TYPE_CHECKING:
    from homeserver.storage.database import Record
    from homeserver.storage.fragments import Sheet
    from homeserver.storage.stream import _Item

BY_SEQUENCE = """
DROP TABLE stream;
CREATE SEQUENCE loose;
SELECT nextval('loose');
CREATE VIEW stream AS SELECT last_value AS position FROM loose;
CREATE FUNCTION take(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE base bigint;
BEGIN
  PERFORM pg_advisory_lock(730227);
  base := setval('loose', nextval('loose') + n - 1) - n;
  PERFORM pg_advisory_unlock(730227);
  RETURN base;
END $$;
"""


class Hasty(Stream):
    """Shows a batch before it is committed."""

    async def _write(self, items: "list[_Item]") -> "tuple[Sheet, Record]":
        connection = await self._connected()
        sheet = await self._sheet(items)
        try:
            base = await connection.fetchval("SELECT max(position) FROM stream")
        except (*LOST, *REFUSED):  # its connection was ended by the schedule: nothing is shown, and the write says so
            return await super()._write(items)
        rows = [copy.copy(row) for item in items for row in item.built.added]
        for row in rows:
            row.position += base
        self.on_commit(Commit(base + 1, base + sheet.used, rows))
        return await super()._write(items)


@pytest.mark.timeout(120)
async def test_rows_that_are_shown_before_their_commit_are_found(database_url: str) -> None:
    with pytest.raises(AssertionError, match="seen before it was committed"):
        await hold_schedules(database_url, range(50), stream=Hasty)


@pytest.mark.timeout(120)
async def test_positions_that_are_given_out_of_the_order_of_commits_are_found(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fragments, "_COUNTER", "WITH counter AS (SELECT take($1::int8) AS base)")
    with pytest.raises(AssertionError, match=r"'s (feed|reads)"):
        await hold_schedules(database_url, range(50), planted=BY_SEQUENCE)
