"""The selected tensor in full; ← → (and the presenter's remote) still step through the film."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from backprop_tui.errors import TraceError, visible
from backprop_tui.session import reading
from backprop_tui.tui.film import Film
from backprop_tui.tui.screens.page import PageScreen
from backprop_tui.view.tensor_page import tensor_page
from backprop_tui.view.types import Pane, Run


class TensorScreen(PageScreen):
    """All values, the gradients, the history."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("right,pagedown", "step(1)", "Next step"),
        ("left,pageup", "step(-1)", "Previous step"),
        ("enter", "dismiss", "Back"),
        ("greater_than_sign", "element(1)", "Next element"),
        ("less_than_sign", "element(-1)", "Previous element"),
    ]

    def __init__(self, film: Film) -> None:
        super().__init__()
        self._film = film

    def pane(self, width: int) -> Pane:
        film = self._film
        tensor = film.selection.tensor
        assert tensor is not None, "opened for a selected tensor"
        try:
            with reading(film.session):
                return tensor_page(
                    film.trace,
                    film.index,
                    film.selected_name,
                    tensor,
                    width,
                    film.selection.element,
                )
        except TraceError as error:
            return Pane("Tensor", ((Run(visible(str(error)), "error"),),))

    def action_step(self, count: int) -> None:
        self._film.step(count)
        self.fill()

    def action_element(self, delta: int) -> None:
        self._film.element(delta)
        self.fill()
