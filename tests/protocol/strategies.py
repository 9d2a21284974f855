"""Hypothesis strategies: JSON values as events hold them, and events of ours."""

from hypothesis import strategies as st

from homeserver.protocol.canonical_json import MAX_INT
from homeserver.protocol.room_versions import ROOM_VERSIONS

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
integers = st.integers(-MAX_INT, MAX_INT)
versions = st.sampled_from(list(ROOM_VERSIONS.values()))


def nested(scalars: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    )


strict_values = nested(st.none() | st.booleans() | integers | texts)
"""What canonical JSON can hold."""
lenient_values = nested(
    st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False, allow_infinity=False)
)
"""What the events of room versions 3 to 5 can hold."""
contents = st.dictionaries(texts, strict_values, max_size=4)
kinds = st.sampled_from(
    [
        "m.room.message",
        "m.room.member",
        "m.room.create",
        "m.room.power_levels",
        "m.room.redaction",
        "m.room.join_rules",
        "m.room.topic",
    ]
)
