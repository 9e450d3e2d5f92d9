"""Plays a PyTorch script as a film of its own back-propagation."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprop_tui.recording import record

__version__ = "0.1.0"
__all__ = ["__version__", "record"]


def __getattr__(name: str) -> Any:
    if name == "record":
        from backprop_tui.recording import record

        return record
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
