import time
from typing import Any

import pytest

from homeserver.protocol.server_acl import MAX_GLOBS, ServerAcl, host_of, is_ip_literal


def allows(server: str, **content: Any) -> bool:
    return ServerAcl.of(content).allows(server)


def test_a_server_needs_a_match_in_the_allow_list() -> None:
    assert allows("good.example", allow=["*"])
    assert allows("good.example", allow=["good.example"])
    assert not allows("bad.example", allow=["good.example"])
    assert not allows("good.example")


def test_the_deny_list_comes_before_the_allow_list() -> None:
    assert not allows("evil.example", allow=["*"], deny=["evil.example"])
    assert not allows("www.evil.example", allow=["*"], deny=["*.evil.example"])
    assert allows("evil.example", allow=["*"], deny=["*.evil.example"])
    assert not allows("evil1.example", allow=["*"], deny=["evil?.example"])
    assert not allows("my-evil-host.example", allow=["*"], deny=["*evil*"])


@pytest.mark.parametrize("server", ["evil.example", "evil.example:8448", "evil.example:1234", "EVIL.example"])
def test_port_and_case_do_not_count(server: str) -> None:
    assert not allows(server, allow=["*"], deny=["Evil.Example"])


@pytest.mark.parametrize("server", ["1.2.3.4", "1.2.3.4:8448", "[::1]", "[2001:db8::1]", "[2001:db8::1]:8448"])
def test_ip_literals_can_be_kept_out(server: str) -> None:
    assert not allows(server, allow=["*"], allow_ip_literals=False)
    assert allows(server, allow=["*"], allow_ip_literals=True)
    assert allows(server, allow=["*"])
    assert allows(server, allow=["*"], allow_ip_literals=0)  # not a boolean: counts as absent


def test_values_of_other_types_count_as_absent() -> None:
    assert not allows("a.example", allow="*")
    assert allows("a.example", allow=[1, None, "*"], deny={"a.example": True})


def test_a_name_longer_than_any_server_name_is_never_allowed() -> None:
    assert not allows("a" * 256, allow=["*"])
    assert allows("a" * 255, allow=["*"])


def test_patterns_that_no_name_can_fit_are_left_out() -> None:
    assert not allows("a.example", allow=["?" * 256, "a" * 300])
    assert allows("a" * 255, allow=["?" * 255])


def test_ten_thousand_entries_are_answered_at_once() -> None:
    plain = [f"host{n}.example" for n in range(5_000)] + [f"*.host{n}.example" for n in range(5_000)]
    hostile = [f"*{n}*{n}*{n}*" for n in range(MAX_GLOBS * 2)]
    acl = ServerAcl.of({"allow": ["*"], "deny": plain + hostile})
    started = time.process_time()
    assert not acl.allows("host4999.example")
    assert not acl.allows("a.host4999.example")
    assert acl.allows("a.example")
    assert time.process_time() - started < 0.2


def test_entries_beyond_the_cap_of_globs_are_left_out() -> None:
    globs = [f"{n}?x" for n in range(MAX_GLOBS + 1)]
    assert allows(f"{MAX_GLOBS - 1}yx", allow=globs)
    assert not allows(f"{MAX_GLOBS}yx", allow=globs)


@pytest.mark.parametrize(
    ("server", "host"),
    [
        ("a.example", "a.example"),
        ("a.example:1", "a.example"),
        ("[::1]", "[::1]"),
        ("[::1]:8448", "[::1]"),
        ("a.example:", "a.example:"),
        ("a.example:port", "a.example:port"),
    ],
)
def test_the_host_is_the_name_without_its_port(server: str, host: str) -> None:
    assert host_of(server) == host


@pytest.mark.parametrize("host", ["1.2.3", "1.2.3.256", "[1.2.3.4]", "2001:db8::1", "[::1", "a.example", ""])
def test_other_hosts_are_no_ip_literals(host: str) -> None:
    assert not is_ip_literal(host)
