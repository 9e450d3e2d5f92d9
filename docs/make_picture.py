"""The picture of the README: ``python docs/make_picture.py`` drives the app and writes the SVG."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from backprop_tui.session import Session
from backprop_tui.trace.steps import Backward
from backprop_tui.tui.app import BackpropApp

PICTURE = Path(__file__).parent / "two_points.svg"
SIZE = (150, 42)


async def picture() -> str:
    """The stepper on the gradient of the sigmoid of two_points, as SVG."""
    session = Session.open("two_points")
    trace = session.complete()
    at = next(
        i for i, s in enumerate(trace) if isinstance(s, Backward) and s.node.name.startswith("Sig")
    )
    app = BackpropApp(session, at=at)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        drawn = app.export_screenshot(title="backprop-tui two_points")
    # The font is the reader's own: a picture must not need the network.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL).replace(
        "Fira Code", "DejaVu Sans Mono, Menlo, Consolas"
    )


if __name__ == "__main__":
    PICTURE.write_text(asyncio.run(picture()), encoding="utf-8")
