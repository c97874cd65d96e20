"""One question without a server: asked in this process, the answer shown as it comes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.embedder import load_encoder
from core.records import Event, Turn
from core.settings import Settings
from serving.desk import open_desk
from serving.embedding import EmbeddingThread, Encoders


async def ask(settings: Settings, turn: Turn, build: str | None, show: Callable[[Event], None]) -> Event:
    """Show each event of the turn as it happens; the last one is returned."""
    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, settings)))
    desk = open_desk(settings, embed, build=build)
    try:
        async with aclosing(desk.host.run(turn)) as events:
            async for event in events:
                show(event)
        return event
    finally:
        await desk.close()
        embed.close()


class Transcript:
    """Writes events to a terminal: what happens dimly, the answer as it comes, then where it comes from."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, event: Event) -> None:
        """Write one event."""
        match event.type:
            case "status":
                self._console.print(Text(f"{event.data['content']} …", style="dim"))
            case "token":
                self._console.print(Text(event.data["content"]), end="", soft_wrap=True)
            case "end":
                self._console.print("\n")
                if event.data["citations"]:
                    self._console.print(_sources(event))
            case "error":
                self._console.print(Text.assemble(("✗ ", "red"), event.data["content"]), soft_wrap=True)


def _sources(end: Event) -> Table:
    table = Table.grid(padding=(0, 1))
    for citation in end.data["citations"]:
        place = " · ".join(filter(None, [citation["title"], citation["heading"]]))
        table.add_row(Text(f"[{citation['n']}]", style="bold"), Text(place))
        table.add_row("", Text(citation["url"].partition("#:~:")[0], style="cyan"))
        table.add_row("", Text(f"“{citation['quote']}”", style="dim"))
    return table
