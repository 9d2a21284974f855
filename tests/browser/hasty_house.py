"""A homeserver that looks for what is due twice a second: `python -m tests.browser.hasty_house python -m ...`."""

import runpy
import sys
from unittest import mock

from homeserver.services.phone import approval, own_numbers

ROUND_S = 0.5


def main() -> None:
    """Start the server that the rest of the command line names, in this process."""
    _python, _as_module, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    with mock.patch.object(own_numbers, "ROUND_S", ROUND_S), mock.patch.object(approval, "ROUND_S", ROUND_S):
        runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
