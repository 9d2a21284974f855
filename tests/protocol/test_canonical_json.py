"""Canonical JSON against the specification's examples and another implementation."""

import json

import canonicaljson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.canonical_json import (
    MAX_DEPTH,
    MAX_INT,
    check_depth,
    check_strict,
    decode,
    encode,
    encode_checked,
    encode_lenient,
)
from homeserver.protocol.errors import BadJson
from tests.protocol.strategies import lenient_values, strict_values
from tests.support.spec import spec_json


def test_the_examples_of_the_specification_come_out_the_same() -> None:
    for example in spec_json("test-vectors.json")["canonical_json"]:
        # One example holds 1e10. Its text takes that for the integer; in events other servers, and we, see a float.
        value = json.loads(example["input"], parse_float=lambda text: int(float(text)))
        assert encode(value) == example["canonical"].encode()


@given(strict_values)
def test_another_implementation_writes_the_same_bytes(value: object) -> None:
    assert encode(value) == encode_lenient(value) == canonicaljson.encode_canonical_json(value)


@given(lenient_values)
def test_lenient_bytes_are_the_same_too(value: object) -> None:
    assert encode_lenient(value) == canonicaljson.encode_canonical_json(value)


@given(lenient_values)
def test_what_is_written_reads_as_it_was(value: object) -> None:
    assert decode(encode_lenient(value)) == value


def test_integers_beyond_64_bits_stay_exact() -> None:
    assert decode("[18446744073709551617,1.5]") == [2**64 + 1, 1.5]
    assert decode(b'{"a":{"b":-36893488147419103233}}') == {"a": {"b": -(2**65) - 1}}


@pytest.mark.parametrize("value", [MAX_INT, -MAX_INT, True, None, "é", [], {}])
def test_strict_json_takes_the_largest_integers(value: object) -> None:
    assert decode(encode({"a": value})) == {"a": value}


@pytest.mark.parametrize("value", [MAX_INT + 1, -MAX_INT - 1, 1.0, float("nan"), "\ud800", {"\udc00": 1}, {1: 2}, {1}])
def test_strict_json_refuses(value: object) -> None:
    with pytest.raises(BadJson):
        encode([value])


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), "\ud800", {1}])
def test_lenient_json_refuses(value: object) -> None:
    with pytest.raises(BadJson):
        encode_lenient([value])


@pytest.mark.parametrize("text", ["", "{", "[1,]", "NaN", '"\\ud800"', b"\xff", "01", '{"a":1}x', "[" * 2000])
def test_what_is_not_json_is_refused(text: bytes | str) -> None:
    with pytest.raises(BadJson):
        decode(text)


def test_what_is_nested_too_deep_for_floats_is_refused() -> None:
    with pytest.raises(BadJson):
        decode("[" * 1020 + "1.5" + "]" * 1020)


def test_the_last_of_two_equal_keys_counts() -> None:
    assert decode('{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize("check", [check_strict, check_depth])
@pytest.mark.parametrize("shape", ["list", "object"])
def test_nesting_ends_at_127_levels(check: object, shape: str) -> None:
    assert callable(check)
    check(nested(MAX_DEPTH, shape))
    with pytest.raises(BadJson):
        check(nested(MAX_DEPTH + 1, shape))


def nested(levels: int, shape: str) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value] if shape == "list" else {"a": value}
    return value


@given(st.integers())
def test_what_was_checked_is_written_without_a_second_look(value: int) -> None:
    if abs(value) <= MAX_INT:
        assert encode_checked(value) == str(value).encode()
    else:
        with pytest.raises(BadJson):
            encode_checked(value)
