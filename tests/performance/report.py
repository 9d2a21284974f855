"""Tables of figures, as text and as ratios."""

from collections.abc import Mapping

from tests.performance.measure import Figures

HEAD = ("scenario", "per s", "p50 ms", "p99 ms", "server", "database", "driver", "commits", "WAL KB", "cores")
NOTE = "server, database, driver: ms of CPU per operation; commits and WAL per operation"


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
            f"{one.commits:.2f}",
            f"{one.wal_kb:.1f}",
            f"{one.cores:.2f}",
        )
        for name, one in results.items()
    ]
    return "\n".join([*_aligned([HEAD, *rows]), NOTE])


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


def _times(better: float, worse: float) -> str:
    return f"{better / worse:.1f} x" if worse > 0 else "-"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return lines
