"""Pictures of the screens; look at a changed one before ``--snapshot-update`` accepts it."""

import pytest
from tui_films import FAILING, TWO_ROUNDS, app

BACKWARD = ["g", *"loss", "enter", "right", "right"]


@pytest.mark.parametrize(
    ("text", "size", "keys"),
    [
        pytest.param(TWO_ROUNDS, (160, 45), BACKWARD, id="wide"),
        pytest.param(TWO_ROUNDS, (80, 24), [*BACKWARD, "t"], id="narrow-light"),
        pytest.param(TWO_ROUNDS, (100, 30), [*BACKWARD, "2", "a", "f5"], id="presenting-autograd"),
        pytest.param(FAILING, (120, 30), ["end"], id="failed"),
        pytest.param(TWO_ROUNDS, (80, 24), ["question_mark"], id="help"),
    ],
)
def test_the_picture(snap_compare, text, size, keys):
    async def dismiss_notices(pilot):
        pilot.app.clear_notifications()
        await pilot.pause()

    assert snap_compare(app(text), press=keys, terminal_size=size, run_before=dismiss_notices)
