"""`maskwatch alerts`: does a message arrive?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from maskwatch.cli.config_file import ConfigOption, actor, open_store, read_config
from maskwatch.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskwatch.store.records import Delivery
    from maskwatch.store.store import Store

app = typer.Typer(no_args_is_help=True, help="Try the channels that messages go through.")

_STEP_S = 0.2


@app.callback()
def _alerts() -> None:
    """Try the channels that messages go through."""


@app.command("test")
def try_channel(
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="Its name in the section `alerts.channels`.")
    ],
    wait: Annotated[
        float,
        typer.Option("--wait", "-w", metavar="S", min=0.0, help="Seconds to wait for the outcome."),
    ] = 30.0,
    config: ConfigOption = None,
) -> None:
    """Send a test message through a channel, and say what became of it for each recipient.

    The running service sends it, the same way as any alert. The exit code is 1 unless all were sent
    in time; those that were not are withdrawn. The audit log notes the test.
    """
    settings = read_config("alerts test", config)
    from datetime import UTC, datetime

    from maskwatch.alerts.policy import plan_test
    from maskwatch.store.records import DeliveryState

    queued = plan_test(settings.alerts, channel, datetime.now(UTC))
    with open_store(settings) as store:
        with store.transaction():
            store.deliveries.add(queued)
            store.audit.append(actor(), "channel.tested", channel)
        found = _settled(store, [each.id for each in queued], wait)
    for each in found:
        reason = f": {each.last_error}" if each.last_error else ""
        typer.echo(f"{each.recipient or each.channel}: {each.state.value}{reason}")
    if any(each.state is not DeliveryState.SENT for each in found):
        raise typer.Exit(ExitCode.FAILED)


def _settled(store: Store, ids: Sequence[str], wait_s: float) -> Sequence[Delivery]:
    """What became of the messages; those that still wait at the end are withdrawn."""
    deadline = time.monotonic() + wait_s
    waiting = set(ids)
    while waiting and time.monotonic() < deadline:
        time.sleep(_STEP_S)
        waiting = {each for each in waiting if not store.deliveries.get(each).state.is_settled}
    for each in waiting:
        last = store.deliveries.get(each).last_error
        why = last or "nobody sent it in time: is maskwatch serve running?"
        store.deliveries.take_back(each, why)
    return [store.deliveries.get(each) for each in ids]
