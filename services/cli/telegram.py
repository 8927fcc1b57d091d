"""``telegram-login``: the session that reading channels with an account needs."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(name="telegram-login", rich_help_panel="Operation")(telegram_login)


def telegram_login() -> None:
    """Log a Telegram number in and print its session string, for collector.telegram.session.

    Asks for api_id and api_hash (from https://my.telegram.org), the number and the code that Telegram sends. The string
    is as good as the account's password; one session is for one process only.

    [dim]Examples:[/dim]

      claimwatch telegram-login > telegram-session
    """
    from services.collector.sources.telegram.login import main

    raise typer.Exit(main())
