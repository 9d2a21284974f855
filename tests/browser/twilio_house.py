"""A homeserver whose Twilio is on this machine: `python -m tests.browser.twilio_house URL python -m homeserver ...`."""

import runpy
import sys
from functools import partial
from unittest import mock

from homeserver.providers import sms
from tests.phone.test_twilio import LocalClient


def main() -> None:
    """Start the server that the rest of the command line names, in this process."""
    url, _python, _as_module, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    with mock.patch.object(sms, "AsyncTwilioHttpClient", partial(LocalClient, url)):
        runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
