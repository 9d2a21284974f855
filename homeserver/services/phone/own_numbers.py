"""The numbers of one's own account: seeing them, changing one that one no longer has. Security: S-15, S-16 (d), (e).

A change is confirmed by the password or by the old phone. Who has neither any more waits for a week, in which every
device shows the change, each can take it back, and so does whoever signs in by the old number.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import structlog

from homeserver.clock import Clock
from homeserver.errors import Forbidden, MatrixError, NotFound, StorageFull, ThreepidInUse, Unavailable
from homeserver.services.confirmation import Confirmation
from homeserver.services.phone.numbers import of_msisdn
from homeserver.services.requester import Requester
from homeserver.services.threepids.addresses import NUMBER, Addresses
from homeserver.services.threepids.mail import MailCarrier
from homeserver.services.threepids.verifications import Proof, ThreepidAuthFailed, Verifications
from homeserver.storage.phone_accounts import NumberChange, PhoneAccount, PhoneAccounts
from homeserver.storage.users import Threepid, Users

log = structlog.get_logger()

WAIT_MS: Final = 7 * 24 * 3600 * 1000
ROUND_S: Final = 300.0
SUBJECT: Final = "The phone number of your account"
CHANGED: Final = (
    "The phone number of your account {user} was changed.\n\nIf that was not you, write to the admin of the server.\n"
)
PLANNED: Final = (
    "Somebody, probably you, wants another phone number for your account {user}. It changes in seven days.\n\n"
    "If that is not you, sign in, look at your settings and take it back.\n"
)

Json = Mapping[str, Any]


class Pending(NamedTuple):
    """A change that waits. `shown`: the new number as people read it."""

    shown: str
    due_ts: int


class Overview(NamedTuple):
    """What the owner is shown."""

    numbers: list[Threepid]
    has_password: bool
    account: PhoneAccount
    pending: Pending | None


class OwnNumbers:
    """Shows and changes numbers."""

    def __init__(
        self,
        *,
        verifications: Verifications,
        addresses: Addresses,
        accounts: PhoneAccounts,
        users: Users,
        confirmation: Confirmation,
        mail: MailCarrier | None,
        clock: Clock,
    ) -> None:
        """`mail` None: this server sends none."""
        self._verifications = verifications
        self._addresses = addresses
        self._accounts = accounts
        self._users = users
        self._confirmation = confirmation
        self._mail = mail
        self._clock = clock

    async def overview(self, requester: Requester) -> Overview:
        """What there is about the requester's numbers [4 trips]."""
        user = await self._users.read(requester.user_id)
        planned = await self._accounts.planned_change(requester.user_id)
        pending = None
        if planned is not None:
            shown = of_msisdn(self._addresses.opened(planned.sealed)).international
            pending = Pending(shown, planned.due_ts)
        return Overview(
            numbers=await self._of(requester.user_id),
            has_password=user is not None and user.password_hash is not None,
            account=await self._accounts.read(requester.user_id),
            pending=pending,
        )

    async def change(self, requester: Requester, credentials: Json, old: str | None, auth: Json | None) -> None:
        """Put a proven number in the place of `old` (digits; None: of the only one).

        Raises NotFound, ThreepidAuthFailed, ThreepidInUse, ui_auth.Required.
        """
        before = await self._old(requester.user_id, old)
        proof = await self._proof(requester, credentials)
        body = {"sid": proof.sid, "old": before.address}
        await self._confirmation.check(requester, "POST account/phone/change", body, auth)
        await self._addresses.replace(requester.user_id, before, proof)
        await self._accounts.drop_change(requester.user_id)
        await self._tell(requester.user_id, CHANGED)

    async def change_later(self, requester: Requester, credentials: Json, old: str | None) -> int:
        """The same without being asked for anything, after a week; when that is. Raises as `change` does."""
        before = await self._old(requester.user_id, old)
        proof = await self._proof(requester, credentials)
        if await self._addresses.owner(NUMBER, proof.address) not in {None, requester.user_id}:
            raise ThreepidInUse("Another account has this number.")
        await self._verifications.use(proof)
        planned = NumberChange(
            user_id=requester.user_id,
            old_address=self._addresses.index(NUMBER, before.address),
            new_address=self._addresses.index(NUMBER, proof.address),
            sealed=self._addresses.sealed(proof),
            validated_ts=proof.validated_ts,
            due_ts=self._clock.now_ms() + WAIT_MS,
        )
        await self._accounts.plan_change(planned)
        await self._tell(requester.user_id, PLANNED)
        return planned.due_ts

    async def take_back(self, requester: Requester) -> None:
        """Let the number be as it is. Raises NotFound where no change waits."""
        if not await self._accounts.drop_change(requester.user_id):
            raise NotFound("No change of your number waits.")

    async def check_may_go(self, user_id: str, medium: str, address: str) -> None:
        """Raise Forbidden for the last way into an account: a number without a password or a mail address beside it."""
        others = {(one.medium, one.address) for one in await self._addresses.of_user(user_id)} - {(medium, address)}
        user = await self._users.read(user_id)
        if medium == NUMBER and not others and user is not None and user.password_hash is None:
            raise Forbidden("You sign in by this number alone: set a password first, or change the number.")

    async def run(self) -> None:
        """Do what is due; runs as long as the process."""
        while True:
            await self._clock.sleep(ROUND_S)
            try:
                await self.change_due()
            except (Unavailable, StorageFull) as error:
                log.warning("number_changes.put_off", error=type(error).__name__)

    async def change_due(self) -> None:
        """Carry out the changes whose time has come; one whose number somebody has by now is dropped.

        Raises Unavailable, StorageFull.
        """
        now = self._clock.now_ms()
        for planned in await self._accounts.due_changes(now):
            new = Threepid(
                NUMBER, planned.new_address, planned.user_id, planned.validated_ts, now, sealed=planned.sealed
            )
            try:
                await self._addresses.replace_stored(planned.old_address, new)
                await self._tell(planned.user_id, CHANGED)
            except (Unavailable, StorageFull):
                raise
            except MatrixError as error:
                log.info("a number was not changed", user=planned.user_id, why=error.errcode)
            await self._accounts.drop_change(planned.user_id)

    async def _of(self, user_id: str) -> list[Threepid]:
        return [one for one in await self._addresses.of_user(user_id) if one.medium == NUMBER]

    async def _old(self, user_id: str, old: str | None) -> Threepid:
        numbers = [one for one in await self._of(user_id) if old is None or one.address == old]
        if len(numbers) != 1:
            raise NotFound("Your account has no such number: say which one goes in `old`.")
        return numbers[0]

    async def _proof(self, requester: Requester, credentials: Json) -> Proof:
        try:
            return await self._verifications.proven(credentials, "msisdn", "add", requester.user_id)
        except ThreepidAuthFailed:
            return await self._verifications.proven(credentials, "msisdn", "add")

    async def _tell(self, user_id: str, text: str) -> None:
        for one in await self._addresses.of_user(user_id):
            if one.medium == "email" and self._mail is not None:
                await self._mail.notify(one.address, SUBJECT, text.format(user=user_id))
