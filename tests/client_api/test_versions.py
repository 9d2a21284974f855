"""What the server says it can do is what it can do: each flag with an endpoint has that endpoint."""

import pytest

from tests.support.client import Server

SERVED = {
    "fi.mau.msc2246.stable": ("POST", "/_matrix/media/v1/create"),
    "org.matrix.e2e_cross_signing": ("POST", "/v3/keys/device_signing/upload"),
    "org.matrix.msc2432": ("GET", "/v3/rooms/!r:x/aliases"),
    "org.matrix.msc3715.stable": ("GET", "/v1/rooms/!r:x/relations/$e"),
    "org.matrix.msc3856.stable": ("GET", "/v1/rooms/!r:x/threads"),
    "org.matrix.msc3916.stable": ("GET", "/v1/media/config"),
    "org.matrix.msc4140": ("GET", "/unstable/org.matrix.msc4140/delayed_events"),
    "org.matrix.msc4143": ("GET", "/unstable/org.matrix.msc4143/rtc/transports"),
    "org.matrix.simplified_msc3575": ("POST", "/unstable/org.matrix.simplified_msc3575/sync"),
    "uk.half-shot.msc2666.query_mutual_rooms": ("GET", "/unstable/uk.half-shot.msc2666/user/mutual_rooms"),
    "uk.half-shot.msc2666.query_mutual_rooms.stable": ("GET", "/v1/mutual_rooms"),
    "uk.tcpip.msc4133": ("PUT", "/unstable/uk.tcpip.msc4133/profile/@a:b/m.tz"),
    "uk.tcpip.msc4133.stable": ("PUT", "/v3/profile/@a:b/m.tz"),
    "uk.timedout.msc4323.stable": ("GET", "/v1/admin/lock/@a:b"),
}


@pytest.mark.parametrize("flag", SERVED)
async def test_what_is_announced_is_there(shared_server: Server, flag: str) -> None:
    features = (await shared_server.call("GET", "/versions"))["unstable_features"]
    assert features[flag] is True
    status, answer = await shared_server.ask(*SERVED[flag], token="hea_of_nobody")
    assert (status, answer["errcode"]) == (401, "M_UNKNOWN_TOKEN")


async def test_the_versions_of_the_specification_are_told(shared_server: Server) -> None:
    versions = (await shared_server.call("GET", "/versions"))["versions"]
    assert {"r0.6.1", "v1.1", "v1.12", "v1.19"} <= set(versions)


async def test_profile_fields_go_by_their_old_name_too(shared_server: Server) -> None:
    alice = await shared_server.register()
    path = f"/unstable/uk.tcpip.msc4133/profile/{alice.user_id}/org.example.mood"
    await alice.call("PUT", path, {"org.example.mood": ["fine"]})
    assert (await alice.call("GET", f"/v3/profile/{alice.user_id}"))["org.example.mood"] == ["fine"]
    await alice.call("DELETE", path)
    assert (await alice.ask("GET", path))[0] == 404


@pytest.mark.parametrize("path", ["/v1/auth_metadata", "/unstable/org.matrix.msc2965/auth_metadata"])
async def test_clients_that_ask_for_oauth_learn_that_it_is_not_here(shared_server: Server, path: str) -> None:
    status, answer = await shared_server.ask("GET", path)
    assert (status, answer["errcode"]) == (404, "M_UNRECOGNIZED")
