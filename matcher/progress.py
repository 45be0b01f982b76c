"""Progress bars of the command line: on a terminal, on stderr, with what is left; elsewhere nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def _bars(quiet: bool) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=quiet or not console.is_terminal, transient=True,
    )  # fmt: skip


@contextmanager
def stages(quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Yield `tell(what, done, total)`: one bar for each `what`."""
    with _bars(quiet) as bars:
        known: dict[str, int] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in known:
                known[what] = int(bars.add_task(what, total=total))
            bars.update(known[what], completed=done, total=total)  # type: ignore[arg-type]

        yield tell


rows = stages
