"""What all tests of searching need."""

from collections.abc import Iterator

import pytest

from homeserver.services.search import messages


@pytest.fixture(autouse=True, scope="module")
def patient() -> Iterator[None]:
    """A search waits for the index as long as a busy machine may take, and not for the second that people are given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "CAUGHT_UP_S", 15.0)
        yield
