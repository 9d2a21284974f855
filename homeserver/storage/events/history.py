"""What state keys held at the events of a page: read once with the page, bisected in memory for each event."""

from bisect import bisect_right
from typing import NamedTuple


class KeyEvent(NamedTuple):
    """A state event of a key's history: `body` is None where the key was emptied."""

    event_nid: int | None
    event_id: str | None
    body: bytes | None


class KeyHistory:
    """What some state keys held at the states of a page's events, bisected in memory."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[tuple[int, int], list[list[tuple[int, KeyEvent]]]] = {}

    def add(self, leaf: int, hop: int, state_key_nid: int, sequence: int, event: KeyEvent) -> None:
        """Add a change of the key, on the chain `hop` steps up from `leaf`."""
        hops = self._entries.setdefault((leaf, state_key_nid), [])
        while len(hops) <= hop:
            hops.append([])
        hops[hop].append((sequence, event))

    def settle(self) -> None:
        """Sort; to be called once after the last `add`."""
        for hops in self._entries.values():
            for changes in hops:
                changes.sort(key=lambda change: change[0])

    def at(self, chain_id: int, sequence: int, state_key_nid: int) -> KeyEvent | None:
        """The event of the key in the state `(chain_id, sequence)`, where that is the state before a page's event."""
        for hop, changes in enumerate(self._entries.get((chain_id, state_key_nid), ())):
            n = len(changes) if hop else bisect_right(changes, sequence, key=lambda change: change[0])
            if n:
                event = changes[n - 1][1]
                return event if event.event_nid is not None else None
        return None
