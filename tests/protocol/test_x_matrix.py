import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.errors import BadSignature
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey, sign_json
from homeserver.protocol.x_matrix import BadAuthorization, XMatrix, authorization, parse_authorization

US, PEER = ServerName("us.example"), ServerName("peer.example:8448")
KEY = SigningKey(PEER, "ed25519:k1", b"\1" * 32)
SIG = "A" * 86
URI = "/_matrix/federation/v1/send/1?a=%2F"


def signed(content: dict[str, object] | None = None) -> XMatrix:
    return parse_authorization(authorization(KEY, method="PUT", uri=URI, destination=US, content=content))


@pytest.mark.parametrize("content", [None, {}, {"pdus": [{"a": 1}]}])
def test_a_request_that_a_peer_signed_is_verified(content: dict[str, object] | None) -> None:
    header = signed(content)
    assert (header.origin, header.destination, header.key_id) == (PEER, US, "ed25519:k1")
    header.verify(method="PUT", uri=URI, us=US, public_key=KEY.verify_key, content=content)


@pytest.mark.parametrize("raw", [b'{"a":1}', b'{ "a": 1 }'], ids=["as it was signed", "in another form"])
def test_a_body_is_verified_as_the_bytes_that_came(raw: bytes) -> None:
    request = {"method": "PUT", "uri": URI, "us": US, "public_key": KEY.verify_key}
    signed({"a": 1}).verify(**request, content={"a": 1}, raw=raw)
    with pytest.raises(BadSignature):
        signed({"a": 2}).verify(**request, content={"a": 1}, raw=raw)


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "GET"},
        {"uri": "/_matrix/federation/v1/send/1?a=/"},
        {"content": {"a": 2}},
        {"content": None},
        {"public_key": bytes(32)},
        {"us": ServerName("other.example")},
    ],
)
def test_a_request_that_was_changed_is_refused(changed: dict[str, object]) -> None:
    request = {"method": "PUT", "uri": URI, "us": US, "public_key": KEY.verify_key, "content": {"a": 1}}
    with pytest.raises(BadSignature):
        signed({"a": 1}).verify(**{**request, **changed})


def test_the_header_has_the_form_that_older_servers_read() -> None:
    header = authorization(KEY, method="GET", uri="/", destination=US)
    assert header.startswith('X-Matrix origin="peer.example:8448",destination="us.example",key="ed25519:k1",sig="')
    assert "\\" not in header
    assert ", " not in header


@pytest.mark.parametrize(
    "header",
    [
        f'X-Matrix origin="peer.example:8448",key="ed25519:k1",sig="{SIG}"',
        f"X-Matrix origin=peer.example:8448,key=ed25519:k1,sig={SIG}",
        f'x-matrix   ORIGIN="peer.example:8448" \t,\tKey=ed25519:k1 , sig="{SIG}"',
        f'X-Matrix sig={SIG},key="ed25519:k1",origin="peer.ex\\ample:8448"',
        f'X-Matrix unknown="a,b=\\"c",origin="peer.example:8448",key="ed25519:k1",sig={SIG}',
        f'X-Matrix origin="peer.example:8448",key="ed25519:k1",sig="{SIG}" ',
    ],
)
def test_all_ways_to_write_the_header_are_read(header: str) -> None:
    assert parse_authorization(header) == XMatrix(PEER, None, "ed25519:k1", SIG)


def test_a_header_without_destination_is_verified_without_it() -> None:
    covered = sign_json({"method": "GET", "uri": "/", "origin": PEER}, KEY)
    header = XMatrix(PEER, None, "ed25519:k1", covered["signatures"][PEER]["ed25519:k1"])
    header.verify(method="GET", uri="/", us=US, public_key=KEY.verify_key)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer abc",
        "X-Matrix",
        "X-Matrix ",
        'X-Matrixorigin="a"',
        f'X-Matrix key="ed25519:k1",sig="{SIG}"',
        f'X-Matrix origin="peer.example",sig="{SIG}"',
        'X-Matrix origin="peer.example",key="ed25519:k1"',
        f'X-Matrix origin="peer.example",origin="peer.example",key="ed25519:k1",sig="{SIG}"',
        f'X-Matrix origin="not a server",key="ed25519:k1",sig="{SIG}"',
        f'X-Matrix origin="peer.example",destination="",key="ed25519:k1",sig="{SIG}"',
        f'X-Matrix origin="peer.example",key="rsa:k1",sig="{SIG}"',
        'X-Matrix origin="peer.example",key="ed25519:k1",sig="short"',
        f'X-Matrix origin="peer.example",key="ed25519:k1",sig="{SIG}",',
        f'X-Matrix origin="peer.example",key="ed25519:k1",sig="{SIG}" x',
        f'X-Matrix origin="peer.example";key="ed25519:k1",sig="{SIG}"',
        f'X-Matrix origin="peer.example,key="ed25519:k1",sig="{SIG}"',
        "X-Matrix " + "a=b," * 2000 + f'origin="peer.example",key="ed25519:k1",sig="{SIG}"',
    ],
)
def test_a_header_that_is_not_well_formed_is_refused(header: str) -> None:
    with pytest.raises(BadAuthorization):
        parse_authorization(header)


@given(st.text(alphabet='X-Matrix origin=",\\key:sig \tab', max_size=60))
def test_no_header_makes_the_parser_fail_otherwise(text: str) -> None:
    with pytest.raises(BadAuthorization):
        parse_authorization("X-Matrix " + text)
