"""How far an indexing is, on the terminal: pages fetched, files read, chunks embedded. Silent where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.tally import Tally


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[Tally, int], None]]:
    """What to call with the tally and the number of files, 0 while they are not known, whenever there is news."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files, {task.fields[chunks]} chunks embedded"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Starting", total=None, chunks="0")

        def show(tally: Tally, files: int) -> None:
            chunks = f"{tally.counts['chunks/embedded']:,}"
            fetching = files == 0
            progress.update(
                task,
                description="Fetching" if fetching else "Finishing" if tally.read == files else "Indexing",
                total=files or None,
                completed=tally.fetched if fetching else tally.read,
                chunks=chunks,
            )

        yield show


@contextmanager
def counting_dates(console: Console) -> Iterator[Callable[[int, int], None]]:
    """What to call with how many dates are folded, of how many."""
    columns = (TextColumn("Folding"), BarColumn(), MofNCompleteColumn(), TextColumn("dates"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Folding", total=None)
        yield lambda done, dates: progress.update(task, completed=done, total=dates)
