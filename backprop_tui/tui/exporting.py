"""Export from inside the app: ask where to, never write over a file unasked, say where it went."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from backprop_tui.errors import BackpropTuiError
from backprop_tui.tui.film import Film
from backprop_tui.tui.screens.ask import AskScreen

if TYPE_CHECKING:
    from textual.screen import Screen

SLICE_SECONDS = 0.008


def ask_and_export(screen: Screen[None], film: Film) -> None:
    """Ask for a path, then for leave if it exists, then write."""
    default = Path(film.trace.program.name).stem + ".md"

    def chosen(answer: str | None) -> None:
        if answer is None:
            return
        path = Path(answer).expanduser()
        if path.is_dir():
            path = path / default
        if path.exists():
            screen.app.push_screen(
                AskScreen(f"{path} exists. Replace it?", "yes or no", among=("yes", "no")),
                lambda leave: _write_if(screen, film, path, leave == "yes"),
            )
        else:
            _write_if(screen, film, path, True)

    screen.app.push_screen(AskScreen("Export to Markdown", "a path", value=default), chosen)


def _write_if(screen: Screen[None], film: Film, path: Path, leave: bool) -> None:
    if leave:
        screen.run_worker(_export(screen, film, path), name="export", exclusive=True)


async def _export(screen: Screen[None], film: Film, path: Path) -> None:
    from backprop_tui.export.files import replace_file
    from backprop_tui.export.markdown import export_markdown
    from backprop_tui.session import reading

    # Of a run that goes on elsewhere, what is there is exported.
    foreign = getattr(film.session, "foreign", False)
    if not (film.session.finished or foreign):
        screen.app.notify("Recording the rest first…", markup=False)
    while not (film.session.finished or foreign):
        film.grow(SLICE_SECONDS)
        await asyncio.sleep(0)
    try:
        with reading(film.session):
            text = await asyncio.to_thread(export_markdown, film.trace)
        replace_file(path, text)
    except BackpropTuiError as error:
        screen.app.notify(str(error), severity="error", timeout=8, markup=False)
        return
    screen.app.notify(f"Written to {path.resolve()}", timeout=8, markup=False)
