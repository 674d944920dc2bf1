"""`maskwatch users`: the way back in when nobody can log in any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from maskwatch.cli.config_file import ConfigOption, actor, open_store, read_config

app = typer.Typer(no_args_is_help=True, help="Give a user of the dashboard a new password.")


@app.callback()
def _users() -> None:
    """Give a user of the dashboard a new password."""


@app.command()
def password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the user.")],
    config: ConfigOption = None,
) -> None:
    """Give a user a new password, which is asked for, such as when an administrator's is lost.

    The user is logged out everywhere, and their tokens are revoked. The audit log notes it.
    """
    settings = read_config("users password", config)
    from maskwatch.web.actions.users import give_password, user_called

    with open_store(settings) as store:
        user = user_called(store, name)
        new = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
        give_password(store, user, new, settings.web.login, datetime.now(UTC), actor=actor())
    typer.echo(f"{user.name} has a new password")
