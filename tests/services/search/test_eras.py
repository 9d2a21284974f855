"""The eras of a room never overlap, however late its messages come; a search relies on it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from homeserver.services.search import index
from homeserver.services.search.index import Placing, Text
from homeserver.storage.search import Source

FULL = 4


def text(ts: int, nid: int, room_nid: int = 1) -> Text:
    source = Source(nid, f"${nid}", room_nid, nid, "m.room.message", "@a:x", ts, b"{}", is_encrypted=False)
    return Text(source, 1, ts, set())


@given(st.lists(st.integers(0, 60), max_size=60), st.integers(1, 10))
def test_eras_hold_stretches_of_time_that_do_not_overlap(times: list[int], batch: int) -> None:
    full, index.ERA_DOCUMENTS = index.ERA_DOCUMENTS, FULL
    try:
        eras, where = {}, []
        for start in range(0, len(times), batch):
            placing = Placing(list(eras.values()))
            where += [
                (ts, placing.document(text(ts, start + n)).era) for n, ts in enumerate(times[start : start + batch])
            ]
            eras |= {era.era: era for era in placing.changed()}
    finally:
        index.ERA_DOCUMENTS = full
    ordered = sorted(eras.values(), key=lambda era: era.first_ts)
    assert all(before.last_ts < after.first_ts for before, after in pairwise(ordered))
    for ts, number in where:
        assert eras[number].first_ts <= ts <= eras[number].last_ts
    assert sum(era.documents for era in ordered) == len(times)


def test_a_full_era_ends_with_its_newest_document() -> None:
    placing = Placing([])
    full, index.ERA_DOCUMENTS = index.ERA_DOCUMENTS, FULL
    try:
        numbers = [placing.document(text(ts, ts)).era for ts in (1, 2, 3, 5, 5, 4, 6, 7, 0)]
    finally:
        index.ERA_DOCUMENTS = full
    assert numbers == [1, 1, 1, 1, 1, 1, 2, 2, 3]
