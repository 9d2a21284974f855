"""The rest of `/_synapse/admin`: reports, registration tokens, accounts by secret, notices, peers, files, the server.

Longer than others because it is a list: one function for each endpoint.
"""

from typing import Annotated, Any

import msgspec
import orjson

import homeserver
from homeserver.asgi.responses import Answer
from homeserver.client_api.admin.paging import MAX_PAGE, one_of
from homeserver.client_api.http import ADMIN, NONE, Call, EndpointTable
from homeserver.client_api.register import tokens_answer
from homeserver.clock import Clock, Rng
from homeserver.errors import InvalidParam, NotFound
from homeserver.services.admin.jobs import AdminJobs
from homeserver.services.admin.notices import Notices
from homeserver.services.admin.rooms import AdminRooms
from homeserver.services.admin.secret import SharedSecret
from homeserver.storage.destinations import Destination, Destinations
from homeserver.storage.registration_tokens import RegistrationToken, RegistrationTokens
from homeserver.storage.reports import Report, Reports

ROOT = "/_synapse/admin"
TOKEN_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")
MAX_TOKEN = 64
TOKEN_LENGTH = 16

Json = dict[str, Any]
Uses = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None
Time = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] | None


class NewToken(msgspec.Struct):
    """Body of POST registration_tokens/new."""

    token: str | None = None
    uses_allowed: Uses = None
    expiry_time: Time = None
    length: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOKEN)] = TOKEN_LENGTH


class ChangeToken(msgspec.Struct):
    """Body of PUT registration_tokens/{token}; what is absent stays."""

    uses_allowed: Uses | msgspec.UnsetType = msgspec.UNSET
    expiry_time: Time | msgspec.UnsetType = msgspec.UNSET


class Register(msgspec.Struct):
    """Body of POST register."""

    nonce: str
    username: str
    password: str
    mac: str
    admin: bool = False
    user_type: str | None = None


class Notice(msgspec.Struct):
    """Body of send_server_notice."""

    user_id: str
    content: dict[str, Any]
    type: str = "m.room.message"
    state_key: str | None = None


def endpoints(
    endpoint: EndpointTable,
    *,
    reports: Reports,
    rooms: AdminRooms,
    jobs: AdminJobs,
    tokens: RegistrationTokens,
    secret: SharedSecret,
    notices: Notices,
    destinations: Destinations,
    clock: Clock,
    rng: Rng,
) -> None:
    """Register the endpoints."""
    _about_reports(endpoint, reports, rooms)
    _about_tokens(endpoint, tokens, clock, rng)
    _about_destinations(endpoint, destinations)

    @endpoint("GET", f"{ROOT}/v1/server_version", auth=NONE, limit="public", resource="admin")
    async def admin_server_version(_call: Call[None]) -> Answer:
        """Tell the version."""
        return {"server_version": f"Hearth {homeserver.__version__}"}

    @endpoint("GET", f"{ROOT}/v1/background_updates/status", auth=ADMIN, limit="admin", resource="admin")
    async def admin_background_updates(_call: Call[None]) -> Answer:
        """Tell which rewrites of a new release are under way."""
        updates = await jobs.rewrites()
        return {"enabled": True, "current_updates": updates}

    @endpoint("GET", f"{ROOT}/v1/register", auth=NONE, limit="registration", resource="admin")
    async def admin_register_nonce(_call: Call[None]) -> Answer:
        """Give a nonce."""
        return {"nonce": secret.nonce()}

    @endpoint("POST", f"{ROOT}/v1/register", auth=NONE, limit="registration", body=Register, resource="admin")
    async def admin_register(call: Call[Register]) -> Answer:
        """Make an account by the shared secret."""
        body = call.body
        return tokens_answer(
            await secret.register(
                body.nonce, body.username, body.password, body.mac, is_admin=body.admin, user_type=body.user_type
            )
        )

    async def notice(call: Call[Notice], txn: tuple[int, str] | None) -> Answer:
        body = call.body
        event_id = await notices.send(
            body.user_id, body.content, event_type=body.type, state_key=body.state_key, txn=txn
        )
        return {"event_id": event_id}

    @endpoint("POST", f"{ROOT}/v1/send_server_notice", auth=ADMIN, limit="admin", body=Notice, resource="admin")
    async def admin_send_notice(call: Call[Notice]) -> Answer:
        """Send a notice to a user."""
        return await notice(call, None)

    @endpoint("PUT", f"{ROOT}/v1/send_server_notice/<txn_id>", auth=ADMIN, limit="admin", body=Notice, resource="admin")
    async def admin_send_notice_once(call: Call[Notice], txn_id: str) -> Answer:
        """Send a notice to a user, once for a transaction id."""
        del txn_id
        return await notice(call, call.txn)


def _about_reports(endpoint: EndpointTable, reports: Reports, rooms: AdminRooms) -> None:
    @endpoint("GET", f"{ROOT}/v1/event_reports", auth=ADMIN, limit="admin", resource="admin")
    async def admin_reports(call: Call[None]) -> Answer:
        """List reports of events."""
        query = call.query
        start, limit = query.int("from", 0), query.int("limit", 100, low=1, high=MAX_PAGE)
        found, total = await reports.page(
            start,
            limit,
            reporter=query.text("user_id"),
            room_id=query.text("room_id"),
            user_id=query.text("event_sender_user_id"),
            newest=one_of(query, "dir", ("f", "b"), "b") == "b",
        )
        answer: Json = {"event_reports": [await _shown(report, rooms) for report in found], "total": total}
        if start + limit < total:
            answer["next_token"] = start + len(found)
        return answer

    @endpoint("GET", f"{ROOT}/v1/event_reports/<report_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_report(_call: Call[None], report_id: str) -> Answer:
        """Show a report with its event."""
        report = await reports.read(_number(report_id))
        if report is None:
            raise NotFound("Event report not found")
        event = await rooms.event(report.event_id) if report.event_id is not None else None
        return await _shown(report, rooms) | {
            "event_json": orjson.loads(event.body) if event is not None else None,
        }

    @endpoint("DELETE", f"{ROOT}/v1/event_reports/<report_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_report(_call: Call[None], report_id: str) -> Answer:
        """Delete a report."""
        if not await reports.delete(_number(report_id)):
            raise NotFound("Event report not found")
        return {}


async def _shown(report: Report, rooms: AdminRooms) -> Json:
    name, alias = await rooms.names(report.room_id) if report.room_id is not None else (None, None)
    return {
        "id": report.report_id,
        "received_ts": report.received_ts,
        "room_id": report.room_id,
        "name": name,
        "canonical_alias": alias,
        "event_id": report.event_id,
        "user_id": report.reporter,
        "sender": report.user_id,
        "reason": report.reason,
        "score": report.score,
    }


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise InvalidParam("The id of a report is a number.")
    return int(text)


def _about_tokens(endpoint: EndpointTable, tokens: RegistrationTokens, clock: Clock, rng: Rng) -> None:
    async def shown(token: str) -> Answer:
        found = await tokens.read(token)
        if found is None:
            raise NotFound(f"No such registration token: {token}")
        return _token(found)

    @endpoint("GET", f"{ROOT}/v1/registration_tokens", auth=ADMIN, limit="admin", resource="admin")
    async def admin_tokens(call: Call[None]) -> Answer:
        """List registration tokens: all, or those that can or cannot be used."""
        found = await tokens.all()
        if call.query.text("valid") is not None:
            wanted, now = call.query.flag("valid"), clock.now_ms()
            found = [token for token in found if token.is_valid(now) is wanted]
        return {"registration_tokens": [_token(token) for token in found]}

    @endpoint("GET", f"{ROOT}/v1/registration_tokens/<token>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_token(_call: Call[None], token: str) -> Answer:
        """Show a registration token."""
        return await shown(token)

    @endpoint("POST", f"{ROOT}/v1/registration_tokens/new", auth=ADMIN, limit="admin", body=NewToken, resource="admin")
    async def admin_new_token(call: Call[NewToken]) -> Answer:
        """Make a registration token."""
        body = call.body
        token = body.token if body.token is not None else rng.letters(body.length)
        if not 0 < len(token) <= MAX_TOKEN or not TOKEN_LETTERS.issuperset(token):
            raise InvalidParam(f"A token has 1 to {MAX_TOKEN} letters, digits and . _ ~ -")
        _check_end(body.expiry_time, clock)
        made = await tokens.create(
            token, uses_allowed=body.uses_allowed, expires_ts=body.expiry_time, now_ms=clock.now_ms()
        )
        if not made:
            raise InvalidParam(f"There is a token {token} already.")
        return await shown(token)

    @endpoint(
        "PUT", f"{ROOT}/v1/registration_tokens/<token>", auth=ADMIN, limit="admin", body=ChangeToken, resource="admin"
    )
    async def admin_change_token(call: Call[ChangeToken], token: str) -> Answer:
        """Change how often or how long a token can be used."""
        before = await tokens.read(token)
        if before is None:
            raise NotFound(f"No such registration token: {token}")
        uses, end = call.body.uses_allowed, call.body.expiry_time
        if not isinstance(end, msgspec.UnsetType):
            _check_end(end, clock)
        await tokens.change(
            token,
            uses_allowed=before.uses_allowed if isinstance(uses, msgspec.UnsetType) else uses,
            expires_ts=before.expires_ts if isinstance(end, msgspec.UnsetType) else end,
        )
        return await shown(token)

    @endpoint("DELETE", f"{ROOT}/v1/registration_tokens/<token>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_token(_call: Call[None], token: str) -> Answer:
        """Delete a registration token."""
        if not await tokens.delete(token):
            raise NotFound(f"No such registration token: {token}")
        return {}


def _check_end(expires_ts: int | None, clock: Clock) -> None:
    if expires_ts is not None and expires_ts < clock.now_ms():
        raise InvalidParam("`expiry_time` is in the past.")


def _token(token: RegistrationToken) -> Json:
    return {
        "token": token.token,
        "uses_allowed": token.uses_allowed,
        "pending": token.pending,
        "completed": token.completed,
        "expiry_time": token.expires_ts,
    }


def _about_destinations(endpoint: EndpointTable, destinations: Destinations) -> None:
    @endpoint("GET", f"{ROOT}/v1/federation/destinations", auth=ADMIN, limit="admin", resource="admin")
    async def admin_destinations(call: Call[None]) -> Answer:
        """List other servers, those that do not answer among them."""
        query = call.query
        start, limit = query.int("from", 0), query.int("limit", 100, low=1, high=MAX_PAGE)
        term = query.text("destination") or ""
        found = sorted((one for one in await destinations.all() if term in one.server), key=lambda one: one.server)
        if one_of(query, "dir", ("f", "b"), "f") == "b":
            found.reverse()
        answer: Json = {
            "destinations": [_destination(one) for one in found[start : start + limit]],
            "total": len(found),
        }
        if start + limit < len(found):
            answer["next_token"] = str(start + limit)
        return answer

    @endpoint("GET", f"{ROOT}/v1/federation/destinations/<server>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_destination(_call: Call[None], server: str) -> Answer:
        """Tell how another server is reached."""
        found = await destinations.read(server)
        if found is None:
            raise NotFound("Unknown destination")
        return _destination(found)

    @endpoint(
        "POST",
        f"{ROOT}/v1/federation/destinations/<server>/reset_connection",
        auth=ADMIN,
        limit="admin",
        resource="admin",
    )
    async def admin_reset_connection(_call: Call[None], server: str) -> Answer:
        """Ask a server again at once that did not answer."""
        found = await destinations.read(server)
        if found is None:
            raise NotFound("Unknown destination")
        await destinations.save_contact(server, retry_ts=0, failing_since_ts=None, failures=0)
        return {}


def _destination(destination: Destination) -> Json:
    return {
        "destination": destination.server,
        "retry_last_ts": destination.failing_since_ts or 0,
        "retry_interval": max(0, destination.retry_ts - (destination.failing_since_ts or 0)),
        "failure_ts": destination.failing_since_ts,
        "last_successful_stream_ordering": destination.cursor,
    }
