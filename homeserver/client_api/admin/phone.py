"""Text messages and numbers as an admin sees them. Not of the specification: docs/extensions.md, For admins."""

from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import ADMIN, Call, EndpointTable
from homeserver.errors import NotFound
from homeserver.services.admin.accounts import Accounts
from homeserver.services.phone.carrier import SmsCarrier
from homeserver.services.phone.guard import SpendGuard
from homeserver.services.phone.numbers import parse

BASE = "/_matrix/client/unstable/app.hearth/admin"


class WhoseNumber(msgspec.Struct):
    """Body of POST numbers/owner: in the body, because numbers are never in addresses of pages."""

    number: str
    country: str | None = None


def endpoints(
    endpoint: EndpointTable, guard: SpendGuard, carrier: SmsCarrier, accounts: Accounts, *, provider: str
) -> None:
    """Register the endpoints. `provider`: by its name in the configuration."""

    @endpoint("GET", f"{BASE}/sms", auth=ADMIN, limit="admin")
    async def admin_sms(_call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, For admins: where the guard of text messages stands."""
        budget = await guard.budget()
        answer: dict[str, Any] = {
            "provider": provider,
            "provider_down": carrier.is_down,
            "budget": budget._asdict(),
            "sent": guard.sent,
            "refusals": guard.refusals,
            "alarms": guard.alarms.counts,
            "countries": [
                {"country": country, "sent": sent, "given_back": completed, "blocked": is_blocked}
                for country, sent, completed, is_blocked in await guard.countries()
            ],
        }
        return answer

    @endpoint("POST", f"{BASE}/numbers/owner", auth=ADMIN, limit="admin", body=WhoseNumber)
    async def admin_owner_of_number(call: Call[WhoseNumber]) -> Answer:
        """Spec: none; docs/extensions.md, For admins: the account that has a number."""
        owner = await accounts.owner_of("msisdn", parse(call.body.number, call.body.country).msisdn)
        if owner is None:
            raise NotFound("No account has this number.")
        return {"user_id": owner}
