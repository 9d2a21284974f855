"""Tables of figures, as text and as ratios."""

from collections.abc import Mapping

from tests.performance.measure import Figures

CPU_GOAL, WALL_GOAL = 1.2, 1.5
SAME_TRIPS = 0.1
"""What the server does beside the operations (leases, presence) may add so much to their trips."""

HEAD = (
    "scenario",
    "per s",
    "p50 ms",
    "p99 ms",
    "server",
    "database",
    "driver",
    "trips",
    "commits",
    "WAL KB",
    "grown KB",
)
MORE = ("server MB", "database MB", "cores")
NOTE = """server, database, driver: ms of CPU per operation; round trips to the database, commits, WAL and growth of the
server's memory per operation; memory of server and PostgreSQL at the end"""


def table(results: Mapping[str, Figures]) -> str:
    """One subject's figures."""
    rows = [
        (
            name,
            f"{one.per_second:.0f}",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
            f"{one.server_ms:.3f}",
            f"{one.database_ms:.3f}",
            f"{one.driver_ms:.3f}",
            "-" if one.trips is None else f"{one.trips:.2f}",
            f"{one.commits:.2f}",
            f"{one.wal_kb:.1f}",
            f"{one.grown_kb:.1f}",
            f"{one.server_mb:.0f}",
            f"{one.database_mb:.0f}",
            f"{one.cores:.2f}",
        )
        for name, one in results.items()
    ]
    return "\n".join([*_aligned([(*HEAD, *MORE), *rows]), NOTE])


def compared(ours: Mapping[str, Figures], theirs: Mapping[str, Figures]) -> str:
    """How many times better ours are; CPU is server and database together. Sockets stand beside the peer's `/sync`."""
    head = ("ours : theirs", "per s", "p50", "p99", "CPU", "WAL")
    rows = []
    for name, one in ours.items():
        other = theirs.get(name) or theirs.get(name.replace("socket", "/sync"))
        if other is not None:
            rows.append(
                (
                    name,
                    _times(one.per_second, other.per_second),
                    _times(other.p50_ms, one.p50_ms),
                    _times(other.p99_ms, one.p99_ms),
                    _times(other.server_ms + other.database_ms, one.server_ms + one.database_ms),
                    _times(other.wal_kb, one.wal_kb),
                )
            )
    return "\n".join(_aligned([head, *rows]))


def aged(young: Mapping[str, Figures], old: Mapping[str, Figures]) -> tuple[str, list[str]]:
    """What age costs: a table of old to young, and the goals that are missed."""
    head = ("old : young", "trips", "trips old", "server CPU", "database CPU", "CPU", "wall")
    rows, missed = [], []
    for name, one in young.items():
        other = old[name]
        ratios = (
            _ratio(other.server_ms, one.server_ms),
            _ratio(other.database_ms, one.database_ms),
            _ratio(other.server_ms + other.database_ms, one.server_ms + one.database_ms),
            _ratio(one.per_second, other.per_second),
        )
        trips = (one.trips or 0.0, other.trips or 0.0)
        if abs(trips[0] - trips[1]) > SAME_TRIPS * max(1.0, *trips):
            missed.append(f"{name}: {trips[0]:.2f} round trips young, {trips[1]:.2f} old")
        if ratios[2] > CPU_GOAL:
            missed.append(f"{name}: CPU of server and PostgreSQL {ratios[2]:.2f} times, goal {CPU_GOAL}")
        if ratios[3] > WALL_GOAL:
            missed.append(f"{name}: wall clock {ratios[3]:.2f} times, goal {WALL_GOAL}")
        rows.append((name, *(f"{count:.2f}" for count in trips), *(f"{ratio:.2f} x" for ratio in ratios)))
    return "\n".join(_aligned([head, *rows])), missed


def _ratio(more: float, less: float) -> float:
    return more / less if less > 0 else 1.0


def _times(better: float, worse: float) -> str:
    return f"{better / worse:.1f} x" if worse > 0 else "-"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return lines
