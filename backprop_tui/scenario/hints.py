"""What to do about errors in PyTorch's words that students meet again and again."""

from __future__ import annotations

#: A part of the message → the hint.
HINTS: dict[str, str] = {
    "a leaf Variable that requires grad is being used in an in-place operation":
        "change parameters inside 'with torch.no_grad():', or through .data",
    "backward through the graph a second time":
        "the first backward() freed the graph: compute the loss again, or give the first "
        "backward() retain_graph=True",
    "grad can be implicitly created only for scalar outputs":
        "backward() starts at one number: take .sum() or .mean() first, or give a gradient",
    "does not require grad and does not have a grad_fn":
        "nothing that leads here has requires_grad=True, or it was computed under no_grad()",
    "modified by an inplace operation":
        "backward() needs the value from before: write x = x + … instead of x += …",
    "Can't call numpy() on Tensor that requires grad": "use tensor.detach().numpy()",
    "mat1 and mat2 shapes cannot be multiplied":
        "the columns of the first must be as many as the rows of the second; look at .shape",
    "must match the size of tensor":
        "look at .shape of both; sizes must be equal, or one of them 1",
    "Only Tensors of floating point": "write the numbers with a decimal point: 1.0",
    "Boolean value of Tensor with more than one value is ambiguous":
        "a condition needs one value: use .any(), .all() or .item()",
    "argument 'dtype' must be torch.dtype, not str": "write it without quotes: torch.float32",
    "a Tensor with": ".item() needs a tensor of one element; .tolist() takes any",
    "cannot assign module before Module.__init__() call":
        "call super().__init__() first, in the class's __init__",
    "cannot assign parameters before Module.__init__() call":
        "call super().__init__() first, in the class's __init__",
}  # fmt: skip


def hint_for(message: str) -> str:
    """The hint for a message, or nothing."""
    return next((hint for part, hint in HINTS.items() if part in message), "")
