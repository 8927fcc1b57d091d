"""Logs a number in and prints its session string: ``python -m services.collector.sources.telegram.login``.

Questions go to standard error, so that ``> session.txt`` keeps the string alone. It is as good as the account's
password.
"""

from __future__ import annotations

import asyncio
import sys
from getpass import getpass

from services.collector.sources.telegram.telethon_client import log_in
from shared.errors import Retry
from shared.settings import Secret


def ask(question: str) -> str:
    """Put *question* on standard error and return the answer."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def main() -> int:
    """Ask, log in, print; return the exit status."""
    number = ask("api_id, from https://my.telegram.org: ")
    if not number.isdecimal():
        sys.stderr.write("api_id is a number.\n")
        return 2
    api_hash = Secret(getpass("api_hash: "))
    try:
        session = asyncio.run(log_in(api_id=int(number), api_hash=api_hash, ask=ask, ask_hidden=getpass))
    except Retry as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    sys.stderr.write("Put this into collector.telegram.session, and keep it as you would keep a password:\n")
    sys.stdout.write(f"{session.get_secret_value()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
