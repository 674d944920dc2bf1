"""Whether every episode got exactly its messages, and how soon."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from maskwatch.events.rule import RuleSettings
from tests.end_to_end.serving import Program
from tests.end_to_end.surroundings import eventually
from tests.servers.mail import Received

Recipient = tuple[object, object]
"""Channel, and to whom there."""


def unsent(program: Program) -> int:
    """Messages about violations that wait, or are in hand."""
    query = "from deliveries where kind = 'violation' and state in ('pending', 'claimed')"
    return len(program.rows(f"select id {query}"))


def messages_by_episode(program: Program) -> dict[object, list[Recipient]]:
    """For whom there are messages, by episode; all of them must have been sent."""
    found: dict[object, list[Recipient]] = defaultdict(list)
    for (episode,) in program.rows("select id from episodes"):
        found[episode] = []
    columns = "episode_id, channel, recipient, state, last_error"
    for episode, channel, recipient, state, error in program.rows(
        f"select {columns} from deliveries where kind = 'violation'"  # noqa: S608
    ):
        assert state == "sent", (episode, channel, recipient, state, error)
        found[episode].append((channel, recipient))
    return {episode: sorted(whom, key=str) for episode, whom in found.items()}


def check_arrivals(
    program: Program, channel: str, arrived: Callable[[], Sequence[str]], crashes: int
) -> None:
    """Every message about a violation arrives once, save what a crash may repeat.

    Args:
        program: whose messages.
        channel: by name.
        arrived: gives the ids of the messages that the receiver has seen so far, which may be a
            moment after the server said that it has them.
        crashes: how often the program was killed; each may repeat one message of the channel.
    """

    def sent(which: str) -> set[str]:
        rows = program.rows(
            f"select id from deliveries where kind {which} 'violation'"  # noqa: S608
            f" and channel = '{channel}'"
        )
        return {str(each) for (each,) in rows}

    eventually(lambda: sent("=") <= set(arrived()), f"all messages of {channel} to arrive")
    others = sent("<>")
    counts = Counter(each for each in arrived() if each not in others)
    assert counts.keys() - sent("=") == set()
    repeated = {each: count for each, count in counts.items() if count > 1}
    assert sum(count - 1 for count in repeated.values()) <= crashes, repeated


def delays_of(program: Program, mails: Sequence[Received]) -> list[float]:
    """Seconds from a violation's confirmation to the whole mail about it at the server.

    A violation is confirmed once it has held for ``hold_s`` in the camera's picture.

    Args:
        program: whose database says when violations began, with the rule as it is by default.
        mails: as they came; those about other things are left out.
    """
    started = dict(program.rows("select id, started_at from episodes"))
    found = program.rows("select id, episode_id from deliveries where kind = 'violation'")
    episode = {str(delivery): about for delivery, about in found}
    delays = []
    for mail in mails:
        if mail.id in episode:
            began = datetime.fromisoformat(str(started[episode[mail.id]])).replace(tzinfo=UTC)
            confirmed = began + timedelta(seconds=RuleSettings().hold_s)
            delays.append((mail.at - confirmed).total_seconds())
    return delays
