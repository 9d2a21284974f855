"""What an admin sees of the peers: who answers, who does not and why, what waits for whom."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from homeserver.storage.destinations import Overview


def state_of(peer: Overview, now_ms: int) -> str:
    """In a word: `ok`, `behind` (answers, but has not everything yet), `failing`, `waiting` (left alone for now)."""
    if peer.failing_since_ts is not None:
        return "waiting" if peer.retry_ts > now_ms else "failing"
    return "behind" if peer.lag or peer.edus else "ok"


def lines(peers: Iterable[Overview], now_ms: int) -> Iterator[str]:
    """A table, those with trouble first."""
    listed = sorted(peers, key=lambda peer: (state_of(peer, now_ms) == "ok", -(peer.lag + peer.edus), peer.server))
    yield f"{'server':<40} {'state':<8} {'rooms':>6} {'lag':>9} {'EDUs':>6}  since / next try / last error"
    for peer in listed:
        state = state_of(peer, now_ms)
        row = f"{peer.server:<40} {state:<8} {peer.rooms:>6} {peer.lag:>9} {peer.edus:>6}"
        if peer.failing_since_ts is not None:
            row += f"  {_when(peer.failing_since_ts)} / {_when(peer.retry_ts)} / {peer.last_error or 'unknown'}"
        yield row
    yield f"{len(listed)} servers, {sum(state_of(peer, now_ms) != 'ok' for peer in listed)} with something to do."


def _when(ts_ms: int) -> str:
    if ts_ms <= 0:
        return "now"
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
