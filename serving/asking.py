"""One question without a server: asked in this process, the answer shown as it comes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing, closing

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.database import named_build, open_database
from core.embedder import load_encoder
from core.records import ActionState, Event, Session, Turn
from core.settings import Settings
from serving.desk import Desk, open_desk
from serving.embedding import Embed, EmbeddingThread, Encoders
from serving.rehearsal import MemoryTurns

_SHOWN = 4  # choices of a field


async def ask(settings: Settings, turn: Turn, build: str | None, show: Callable[[Event], None]) -> Event:
    """Show each event of the turn as it happens; the last one is returned.

    The turn is kept as a visitor's would be, unless a build is named: that is a rehearsal.
    """
    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, settings)))
    desk = open_desk(settings, embed) if build is None else _rehearsal(settings, embed, turn.session, build)
    try:
        async with aclosing(desk.host.run(turn)) as events:
            async for event in events:
                show(event)
        return event
    finally:
        await desk.close()
        embed.close()


def _rehearsal(settings: Settings, embed: Embed, session: Session, build: str) -> Desk:
    """A desk that answers from the build and knows what was said in the session, but adds nothing to it."""
    with closing(open_database(settings.database_location)) as database:
        chosen = named_build(database, session.site, build)
        said = database.turns.history(session, settings.history_messages)
    return open_desk(settings, embed, build=chosen.id, turns=MemoryTurns({session.id: said}))


class Transcript:
    """Writes events to a terminal: what happens dimly, the answer as it comes, then where it comes from."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._offers: list[Event] = []

    def show(self, event: Event) -> None:
        """Write one event."""
        match event.type:
            case "status":
                self._console.print(Text(f"{event.data['content']} …", style="dim"))
            case "token":
                self._console.print(Text(event.data["content"]), end="", soft_wrap=True)
            case "action" if event.data["action"]["state"] == ActionState.OPEN:
                self._offers.append(event)
            case "end":
                self._console.print("\n")
                if event.data["citations"]:
                    self._console.print(_sources(event))
                for offer in self._offers:
                    self._console.print(_offer(offer))
            case "error":
                self._console.print(Text.assemble(("✗ ", "red"), event.data["content"]), soft_wrap=True)


def _offer(offered: Event) -> Table:
    """What waits for a yes on the page or over HTTP; a terminal only says that it does."""
    action = offered.data["action"]
    table = Table.grid(padding=(0, 1))
    table.add_row(Text("?", style="bold"), Text(action["title"], style="bold"))
    for field in action["fields"]:
        known = field["value"] or "; ".join(choice["label"] for choice in field["choices"][:_SHOWN])
        table.add_row("", Text(f"{field['label']}: {known}", style="dim"))
    table.add_row("", Text(f"Say yes with POST /chat/actions/{action['id']}", style="cyan"))
    return table


def _sources(end: Event) -> Table:
    table = Table.grid(padding=(0, 1))
    for citation in end.data["citations"]:
        place = " · ".join(filter(None, [citation["title"], citation["heading"]]))
        table.add_row(Text(f"[{citation['n']}]", style="bold"), Text(place))
        table.add_row("", Text(citation["url"].partition("#:~:")[0], style="cyan"))
        table.add_row("", Text(f"“{citation['quote']}”", style="dim"))
    return table
