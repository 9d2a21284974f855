"""What the metrics tell of the house."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from homeserver.asgi.observe import Counts
from homeserver.storage.database import count_trip, trips_so_far


def test_a_count_is_told_as_it_is_when_asked_for() -> None:
    registry, counts = CollectorRegistry(), {"reads": 1}
    Counts(registry, "hearth_things", "Things", "kind", lambda: counts)
    counts["reads"] = 3
    assert b'hearth_things_total{kind="reads"} 3.0' in generate_latest(registry)


def test_every_trip_to_the_database_is_counted_for_the_process() -> None:
    reads, writes = trips_so_far.reads, trips_so_far.writes
    count_trip()
    count_trip(write=True)
    count_trip(write=True)
    assert (trips_so_far.reads - reads, trips_so_far.writes - writes) == (1, 2)
