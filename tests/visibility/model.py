"""Who may see what, in forty lines: the expectation that every read endpoint is held against.

Written from the spec's words alone, not from the code under test. Spec: Client-Server API, Room History Visibility.
"""

from collections.abc import Sequence
from dataclasses import dataclass

VISIBILITIES = ("world_readable", "shared", "invited", "joined")

LIVES: dict[str, tuple[str, ...]] = {
    "never": (),
    "invited": ("invite",),
    "joined": ("invite", "join"),
    "declined": ("invite", "leave"),
    "left": ("invite", "join", "leave"),
    "kicked": ("invite", "join", "kick"),
    "banned": ("invite", "join", "ban"),
    "banned_unseen": ("ban",),
    "rejoined": ("invite", "join", "leave", "invite", "join"),
    "left_and_invited": ("invite", "join", "leave", "invite"),
    "left_and_declined": ("invite", "join", "leave", "invite", "leave"),
    "left_and_banned": ("invite", "join", "leave", "ban"),
    "unbanned": ("invite", "join", "ban", "unban"),
}
"""What happens to the reader, step by step; something is said before the first step and after each."""

_AFTER = {"kick": "leave", "unban": "leave"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A room's history visibility, and a reader's memberships: phase n lies between step n and step n + 1."""

    visibility: str
    life: str

    @property
    def lived(self) -> Sequence[str]:
        return ["leave", *(_AFTER.get(step, step) for step in LIVES[self.life])]

    @property
    def may_read(self) -> bool:
        """Whether the room answers at all: the world may read it, or the reader is in it, or was."""
        now = self.lived[-1]
        return self.visibility == "world_readable" or now == "join" or (now != "invite" and "join" in self.lived)

    def sees(self, phase: int) -> bool:
        """Whether the reader may see what was said in the phase."""
        then, later = self.lived[phase], self.lived[phase + 1 :]
        return self.may_read and (
            self.visibility == "world_readable"
            or then == "join"
            or (self.visibility == "shared" and "join" in later)
            or (self.visibility == "invited" and then == "invite")
        )

    def knows_state(self, phase: int) -> bool:
        """Whether the reader may know the state set in the phase, in force until it is set anew in the next one.

        Seen, or in force when they were joined, or when something happened that they see: /context tells that state.
        """
        seen_after = phase + 1 < len(self.lived) and self.sees(phase + 1)
        return self.sees(phase) or seen_after or "join" in self.lived[phase : phase + 2]
