"""Plays a PyTorch script as a film of its own back-propagation."""

__version__ = "0.1.0"
