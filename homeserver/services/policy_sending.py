"""Sending into rooms that have a policy server: signed there first, then committed on whatever the head is by then.

Not for: rooms without one, whose events are built when their batch is cut (`commits`). Spec: Server-Server API,
Asking for a Policy Server signature on an event.
"""

from homeserver.errors import Forbidden, Unavailable
from homeserver.services.acceptance import Acceptance, Verdict
from homeserver.services.commits import Commits
from homeserver.services.heads import Room
from homeserver.services.intents import Committed, Intent, Repeated, Stale
from homeserver.services.policy_server import PolicyServers, is_asked, policy_of


class PolicySending:
    """Takes the place of the room queue where a signature is to be asked for."""

    def __init__(self, commits: Commits, acceptance: Acceptance, policy: PolicyServers) -> None:
        self._commits = commits
        self._acceptance = acceptance
        self._policy = policy

    def wants(self, room: Room, intent: Intent) -> bool:
        """Whether such an event of ours needs the signature."""
        return is_asked(intent.draft.type, intent.draft.state_key) and policy_of(room) is not None

    async def commit(self, room: Room, intent: Intent) -> Committed:
        """Build, have signed and commit. Raises what the policy server says, Forbidden, Unavailable."""
        event = await self._policy.signed(room, await self._commits.sealed(room, intent))
        try:
            verdict = await self._acceptance.take(room.room_id, event, txn=intent.txn)
        except Stale as stale:
            raise Unavailable("The room is too busy; try again.") from stale
        except Repeated as repeated:
            return Committed(repeated.event_id, 0, repeated=True)
        if verdict not in (Verdict.ACCEPTED, Verdict.KNOWN):
            raise Forbidden("The room does not allow that any more.")
        return Committed(event.event_id, 0)
