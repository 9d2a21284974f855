"""Public keys for end-to-end encryption. Spec: Client-Server API, End-to-End Encryption."""

from collections.abc import Mapping
from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import MatrixError
from homeserver.services.cross_signing import CrossSigning
from homeserver.services.e2e_keys import E2eKeys
from homeserver.services.sync.device_changes import DeviceChanges

Json = dict[str, Any]


class Upload(msgspec.Struct):
    """Body of POST /keys/upload."""

    device_keys: Json | None = None
    one_time_keys: Json | None = None
    fallback_keys: Json | None = None


class Query(msgspec.Struct):
    """Body of POST /keys/query."""

    device_keys: Json
    timeout: int | None = None


class Claim(msgspec.Struct):
    """Body of POST /keys/claim."""

    one_time_keys: Json
    timeout: int | None = None


class DeviceSigning(msgspec.Struct, omit_defaults=True):
    """Body of POST /keys/device_signing/upload."""

    master_key: Json | None = None
    self_signing_key: Json | None = None
    user_signing_key: Json | None = None
    auth: Json | None = None


def endpoints(endpoint: EndpointTable, keys: E2eKeys, cross_signing: CrossSigning, changes: DeviceChanges) -> None:
    """Register the endpoints."""

    @endpoint("POST", "/v3/keys/upload", auth=USER_OR_GUEST, limit="keys", body=Upload, socket=True)
    async def upload_keys(call: Call[Upload]) -> Answer:
        """Spec: Client-Server API, POST /keys/upload."""
        body = call.body
        left = await keys.upload(call.requester, body.device_keys, body.one_time_keys or {}, body.fallback_keys or {})
        return {"one_time_key_counts": left.counts}

    @endpoint("POST", "/v3/keys/query", auth=USER_OR_GUEST, limit="keys", body=Query, socket=True)
    async def query_keys(call: Call[Query]) -> Answer:
        """Spec: Client-Server API, POST /keys/query."""
        return await keys.query(call.requester, call.body.device_keys, call.body.timeout)

    @endpoint("POST", "/v3/keys/claim", auth=USER_OR_GUEST, limit="keys", body=Claim, socket=True)
    async def claim_keys(call: Call[Claim]) -> Answer:
        """Spec: Client-Server API, POST /keys/claim."""
        claimed, failed = await keys.claim(call.body.one_time_keys, call.body.timeout)
        return {"one_time_keys": claimed, "failures": {server: {} for server in failed}}

    @endpoint("GET", "/v3/keys/changes", auth=USER, limit="keys", socket=True)
    async def key_changes(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /keys/changes."""
        lists = await changes.between(call.requester, call.query.required("from"), call.query.required("to"))
        return {"changed": lists.changed, "left": lists.left}

    @endpoint("POST", "/v3/keys/device_signing/upload", auth=USER, limit="keys", body=DeviceSigning)
    async def upload_cross_signing_keys(call: Call[DeviceSigning]) -> Answer:
        """Spec: Client-Server API, POST /keys/device_signing/upload."""
        given = {name: key for name, key in msgspec.structs.asdict(call.body).items() if key and name != "auth"}
        await cross_signing.upload_keys(call.requester, given, call.body.auth)
        return {}

    @endpoint("POST", "/v3/keys/signatures/upload", auth=USER, limit="keys", body=dict, socket=True)
    async def upload_signatures(call: Call[Json]) -> Answer:
        """Spec: Client-Server API, POST /keys/signatures/upload."""
        failures = await cross_signing.upload_signatures(call.requester, call.body)
        return {"failures": {user_id: _shown(errors) for user_id, errors in failures.items()}}


def _shown(errors: Mapping[str, MatrixError]) -> Json:
    return {key_id: error.body() for key_id, error in errors.items()}
