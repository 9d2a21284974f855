"""One server that many tests share, and each sees as its own."""

from typing import Any

from tests.support.client import PASSWORD, Server, User


class Crowd(Server):
    """A shared server: whoever signs up gets a name that is free, and signs in by the name that the test gave."""

    def __init__(self, shared: Server) -> None:
        super().__init__(shared.base_url, shared.name)
        self._named: dict[str, str] = {}

    async def register(self, localpart: str | None = None, *, password: str = PASSWORD, **more: object) -> User:
        """Sign up somebody; `localpart` is what the test calls them."""
        user = await super().register(None, password=password, **more)
        if localpart is not None:
            self._named[localpart] = user.user_id
        return user

    async def login(self, localpart: str, *, password: str = PASSWORD, **more: Any) -> User:
        """Sign in on a new device."""
        return await super().login(self._named.get(localpart, localpart), password=password, **more)
