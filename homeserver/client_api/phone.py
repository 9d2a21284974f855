"""Signing in by phone number: docs/extensions.md. The login itself is in `login`."""

from typing import Any, Literal

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import NONE, USER, Call, EndpointTable
from homeserver.errors import Forbidden
from homeserver.services.discovery.contacts import ALGORITHM, ContactDiscovery
from homeserver.services.phone.approval import Approval
from homeserver.services.phone.numbers import of_msisdn
from homeserver.services.phone.own_numbers import Overview, OwnNumbers
from homeserver.services.phone.signing_in import Asked, SigningIn
from homeserver.storage.phone_accounts import PhoneAccount

BASE = "/_matrix/client/unstable/app.hearth"
MAX_DEVICE = 200


class RequestCode(msgspec.Struct):
    """Body of POST login/sms/request_code."""

    number: str
    client_secret: str
    send_attempt: int
    country: str | None = None
    proof: str | None = None


class SecondFactor(msgspec.Struct):
    """Body of PUT account/second_factor."""

    enabled: bool
    auth: dict[str, Any] | None = None


class ChangeNumber(msgspec.Struct):
    """Body of POST account/phone/change. `wait`: in a week, without being asked for anything."""

    sid: str
    client_secret: str
    old: str | None = None
    wait: bool = False
    auth: dict[str, Any] | None = None


class ChangeDiscovery(msgspec.Struct):
    """Body of PUT account/discovery; what is absent stays."""

    by_number: Literal["nobody", "contacts"] | None = None
    invites: bool | None = None


class Lookup(msgspec.Struct):
    """Body of POST contacts/lookup."""

    addresses: list[str]
    algorithm: str
    pepper: str


class WaitsForAnswer(msgspec.Struct):
    """Body of POST login/sms/approval."""

    sid: str
    client_secret: str


class AnswerSignIn(msgspec.Struct):
    """Body of POST account/sign_ins/<id>. `number`: that the new device shows; without it the answer is no."""

    number: str | None = None


def endpoints(
    endpoint: EndpointTable,
    signing_in: SigningIn,
    own_numbers: OwnNumbers,
    discovery: ContactDiscovery,
    approval: Approval,
) -> None:
    """Register the endpoints."""

    @endpoint("POST", f"{BASE}/login/sms/request_code", auth=NONE, limit="login", body=RequestCode)
    async def request_code(call: Call[RequestCode]) -> Answer:
        """Spec: none; docs/extensions.md, Phone numbers: send a code to a number, known or not."""
        body = call.body
        asked = Asked(
            number=body.number,
            country=body.country,
            client_secret=body.client_secret,
            send_attempt=body.send_attempt,
            ip=call.ip,
            device=call.user_agent[:MAX_DEVICE],
            proof=body.proof,
        )
        sid, number = await signing_in.request_code(asked)
        return {"sid": sid, "number": number.international, "digits": 6}

    @endpoint("GET", f"{BASE}/account/second_factor", auth=USER, limit="read", socket=True)
    async def second_factor(call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, Phone numbers: whether the password is asked for after the code."""
        return {"enabled": await signing_in.second_factor(call.requester)}

    @endpoint("PUT", f"{BASE}/account/second_factor", auth=USER, limit="account", body=SecondFactor)
    async def set_second_factor(call: Call[SecondFactor]) -> Answer:
        """Spec: none; docs/extensions.md, Phone numbers: whether to ask for it; both ways want the password now."""
        await signing_in.set_second_factor(call.requester, call.body.auth, wanted=call.body.enabled)
        return {}

    @endpoint("GET", f"{BASE}/account/phone", auth=USER, limit="read", socket=True)
    async def own_phone(call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, One's own numbers."""
        return _overview(await own_numbers.overview(call.requester), discovery=discovery.enabled)

    @endpoint("POST", f"{BASE}/account/phone/change", auth=USER, limit="account", body=ChangeNumber)
    async def change_number(call: Call[ChangeNumber]) -> Answer:
        """Spec: none; docs/extensions.md, One's own numbers."""
        body = call.body
        credentials = {"sid": body.sid, "client_secret": body.client_secret}
        if body.wait:
            due_ts = await own_numbers.change_later(call.requester, credentials, body.old)
            return {"changed": False, "due_ts": due_ts}
        await own_numbers.change(call.requester, credentials, body.old, body.auth)
        return {"changed": True}

    @endpoint("DELETE", f"{BASE}/account/phone/change", auth=USER, limit="account")
    async def take_back_number_change(call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, One's own numbers."""
        await own_numbers.take_back(call.requester)
        return {}

    _sign_in_endpoints(endpoint, approval)
    _discovery_endpoints(endpoint, discovery)


def _sign_in_endpoints(endpoint: EndpointTable, approval: Approval) -> None:
    @endpoint("POST", f"{BASE}/login/sms/approval", auth=NONE, limit="public", body=WaitsForAnswer)
    async def sign_in_state(call: Call[WaitsForAnswer]) -> Answer:
        """Spec: none; docs/extensions.md, Coming in on a new device: what another device said."""
        return {"state": await approval.state(call.body.sid, call.body.client_secret)}

    @endpoint("POST", f"{BASE}/account/sign_ins/<request_id>", auth=USER, limit="account", body=AnswerSignIn)
    async def answer_sign_in(call: Call[AnswerSignIn], request_id: str) -> Answer:
        """Spec: none; docs/extensions.md, Coming in on a new device: say yes or no to one."""
        return {"state": await approval.answer(call.requester, request_id, call.body.number)}

    @endpoint("DELETE", f"{BASE}/account/recovery", auth=USER, limit="account")
    async def stop_recovery(call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, Coming in on a new device: nobody comes in by waiting."""
        await approval.stop_recovery(call.requester)
        return {}


def _discovery_endpoints(endpoint: EndpointTable, discovery: ContactDiscovery) -> None:
    @endpoint("GET", f"{BASE}/account/discovery", auth=USER, limit="read", socket=True)
    async def discovery_settings(call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, Being found by number."""
        return discovery_of(await discovery.settings(call.requester), available=discovery.enabled)

    @endpoint("PUT", f"{BASE}/account/discovery", auth=USER, limit="account", body=ChangeDiscovery, socket=True)
    async def change_discovery(call: Call[ChangeDiscovery]) -> Answer:
        """Spec: none; docs/extensions.md, Being found by number."""
        body = call.body
        is_found = None if body.by_number is None else body.by_number == "contacts"
        await discovery.change(call.requester, is_found=is_found, is_invitable=body.invites)
        return discovery_of(await discovery.settings(call.requester), available=discovery.enabled)

    @endpoint("GET", f"{BASE}/contacts/hash_details", auth=USER, limit="read", socket=True)
    async def contact_hash_details(_call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, Being found by number."""
        return hash_details_of(discovery)

    @endpoint("POST", f"{BASE}/contacts/lookup", auth=USER, limit="directory", body=Lookup, socket=True)
    async def look_contacts_up(call: Call[Lookup]) -> Answer:
        """Spec: none; docs/extensions.md, Being found by number."""
        body = call.body
        found = await discovery.lookup(call.requester.user_id, body.addresses, body.algorithm, body.pepper)
        return {"mappings": found}

    @endpoint("DELETE", f"{BASE}/contacts", auth=USER, limit="account", socket=True)
    async def forget_contacts(call: Call[None]) -> Answer:
        """Spec: none; docs/extensions.md, Being found by number."""
        await discovery.forget(call.requester)
        return {}


def hash_details_of(discovery: ContactDiscovery) -> dict[str, Any]:
    """How hashes are made here. Raises Forbidden where nobody is found."""
    if not discovery.enabled:
        raise Forbidden("Nobody is found by number on this server.")
    return {"algorithms": [ALGORITHM], "lookup_pepper": discovery.pepper}


def _overview(told: Overview, *, discovery: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "numbers": [
            {"address": one.address, "shown": of_msisdn(one.address).international, "added_ts": one.added_ts}
            for one in told.numbers
        ],
        "has_password": told.has_password,
        "second_factor": told.account.second_factor,
        "discovery": discovery_of(told.account, available=discovery),
    }
    if told.pending is not None:
        answer["pending_change"] = {"shown": told.pending.shown, "due_ts": told.pending.due_ts}
    return answer


def discovery_of(account: PhoneAccount, *, available: bool) -> dict[str, Any]:
    """Who finds the account by number. `available`: whether this server lets anybody be found."""
    is_found = available and account.found
    return {
        "available": available,
        "by_number": "contacts" if is_found else "nobody",
        "invites": account.invitable,
    }
