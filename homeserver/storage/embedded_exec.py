"""Become PostgreSQL: the few steps between our process and the `exec` of one of its programs.

Run as a script (`python -I -S embedded_exec.py PARENT MODE PROGRAM ARGS...`), so that they happen in a process without
threads.
PostgreSQL refuses uid 0, and its server must go when we, process PARENT, go. MODE is one of

- `plain`: only tie the server to the life of our process;
- `namespace:UID`: enter a user namespace in which our uid 0 is called UID. The files stay owned by root with mode 0700,
  no account is made and nothing is chmod-ed;
- `account:UID:GID`: become an existing account, where user namespaces are forbidden.

Not for anything else: no other module imports it but for its exit codes.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

NO_NAMESPACE = 71
"""Exit code: this system forbids user namespaces."""
NO_ACCOUNT = 72
"""Exit code: the account cannot be taken, or cannot reach the program."""

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def enter_user_namespace(uid: int) -> None:
    """Call ourselves `uid` in a namespace of our own; group 0 likewise becomes group `uid`."""
    own_uid, own_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {own_uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{uid} {own_gid} 1", encoding="ascii")


def become_account(uid: int, gid: int, program: str) -> None:
    """Drop to `uid`; raises OSError if that is refused or the account cannot run `program`."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not os.access(program, os.X_OK):
        raise PermissionError(program)


def die_with_parent(parent: int) -> None:
    """Ask Linux for SIGINT (a fast shutdown) when our parent dies; elsewhere the next start finds the server running.

    A change of uid clears the request, so it comes last.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def main(parent: str, mode: str, program: str, *arguments: str) -> None:
    """Take the identity that `mode` names, then exec; returns only by exit code."""
    kind, *ids = mode.split(":")
    if kind == "namespace":
        try:
            enter_user_namespace(int(ids[0]))
        except OSError:
            sys.exit(NO_NAMESPACE)
    elif kind == "account":
        try:
            become_account(int(ids[0]), int(ids[1]), program)
        except OSError:
            sys.exit(NO_ACCOUNT)
    die_with_parent(int(parent))
    os.execv(program, [program, *arguments])  # noqa: S606 - becoming PostgreSQL is what this file is for


if __name__ == "__main__":
    main(*sys.argv[1:])
