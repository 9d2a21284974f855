"""Reads of one room touch what is that room's: their plans look everything up, and read no index from end to end."""

import re

from homeserver.storage.events import pages
from homeserver.storage.state_at import DIFFERENCE, UNDER_KEYS, WHOLE
from tests.storage.test_fragments import fill
from tests.storage.world import opened

READS = {
    **{name: getattr(pages, name).presented for name in ("_BACK", "_FORTH", "_LATEST", "_LISTED", "_AROUND")},
    "the whole state": WHOLE,
    "state under keys": UNDER_KEYS,
    "difference of states": DIFFERENCE,
}
SCAN = re.compile(r"(Index|Index Only|Seq) Scan")


def whole_scans(plan: list[str]) -> list[str]:
    """Scans of the plan that have no condition to find their rows by."""
    found = []
    for n, line in enumerate(plan):
        if SCAN.search(line):
            own = []
            for below in plan[n + 1 :]:
                if "->" in below or "CTE " in below or "SubPlan" in below:
                    break
                own.append(below)
            if not any("Index Cond" in one for one in own):
                found.append(line.strip())
    return found


async def test_no_read_of_a_room_goes_through_what_other_rooms_have(database_url: str) -> None:
    async with opened(database_url) as world:
        await fill(world.database)
        connection = await world.database.open_writer("hearth-explain")
        # A plan made for NULLs knows that nothing will be found, and says nothing of how it would be looked for.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        bad: dict[str, list[str]] = {}
        for number, (name, text) in enumerate(READS.items()):
            await connection.execute(f"PREPARE read{number} AS {text}")
            count = len((await connection.prepare(text)).get_parameters())
            plan = await connection.fetch(f"EXPLAIN EXECUTE read{number}({', '.join('NULL' for _ in range(count))})")
            bad[name] = whole_scans([row[0] for row in plan])
        await connection.close()
        assert {name: scans for name, scans in bad.items() if scans} == {}
