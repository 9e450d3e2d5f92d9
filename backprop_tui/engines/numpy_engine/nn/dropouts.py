"""Dropout of whole channels, and of what selu makes."""

from __future__ import annotations

from typing import Any

import backprop_tui.engines.numpy_engine.layer_functions as L
from backprop_tui.engines.numpy_engine.nn.layers import Dropout
from backprop_tui.engines.numpy_engine.tensor import Tensor


class Dropout1d(Dropout):
    """While training, each channel of a row is dropped with probability p."""

    def forward(self, input: Tensor) -> Any:
        return L.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    """While training, each channel of an image is dropped with probability p."""

    def forward(self, input: Tensor) -> Any:
        return L.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(Dropout):
    """While training, each channel of a volume is dropped with probability p."""

    def forward(self, input: Tensor) -> Any:
        return L.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(Dropout):
    """Dropout that keeps mean and variance of what selu made."""

    def forward(self, input: Tensor) -> Any:
        return L.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(Dropout):
    """The same for whole channels."""

    def forward(self, input: Tensor) -> Any:
        return L.feature_alpha_dropout(input, self.p, self.training)
