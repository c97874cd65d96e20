"""How far an evaluation is, on the terminal. Silent where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Watch = Callable[[str, int], None]  # called with a stage and its size whenever one more of it is done


@contextmanager
def counting(console: Console) -> Iterator[Watch]:
    """A bar for each stage, from the first thing done in it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bars: dict[str, TaskID] = {}

        def count(stage: str, size: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=size)
            progress.advance(bars[stage])

        yield count


def silent(_stage: str, _size: int) -> None:
    """Watches nothing."""
