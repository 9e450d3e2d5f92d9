"""Functions of PyTorch's that are more, or less, than the operations they run."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from backprop_tui.engines.torch_engine.recorder import Handler, Recorder

#: Where PyTorch's own layers and loaders are made.
_HOME = Path(torch.__file__).parent
_LAYERS, _DATA = str(_HOME / "nn" / "modules"), str(_HOME / "utils" / "data")
#: Where a Parameter is copied with the module that it belongs to.
_COPIES = str(_HOME / "nn" / "parameter.py")
_MAKERS = frozenset(
    {"__init__", "reset_parameters", "_reset_parameters", "init_weights", "initialize_parameters"}
)


def _silently(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """It only looks at tensors, or makes them from nothing."""
    with recorder.muted():
        return func(*args, **kwargs)


def _exposing(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """From now on somebody may write to a tensor's memory without saying so."""
    recorder.written(args[0])
    return _silently(recorder, func, args, kwargs)


def _set_data(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    if torch.nn.parameter.is_lazy(args[0]):
        func(*args, **kwargs)  # it gets its shape: nothing was said of it yet
        return
    recorder.written(args[0])
    func(*args, **kwargs)
    recorder.book.moved(args[0])
    recorder.assigned("data", args[0])


def _get_grad(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    recorder.has_grad(args[0])
    return func(*args, **kwargs)


def _set_grad(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    func(*args, **kwargs)
    recorder.assigned("grad", args[0])


def _set_requires_grad(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    before = args[0].requires_grad
    recorder.mentions.relabelled(args[0])
    result = func(*args, **kwargs)
    if args[0].requires_grad != before:
        recorder.assigned("requires_grad", args[0])
    return result


def _retain_grad(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    recorder.mentions.relabelled(args[0])
    func(*args, **kwargs)
    recorder.retains(args[0])


def _register_hook(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    tensor, hook = args[0], args[1] if len(args) > 1 else kwargs["hook"]

    @functools.wraps(hook)
    def heard(grad: Any) -> Any:
        with recorder.heard():
            return hook(grad)

    recorder.hooked = True
    return func(tensor, heard)


def _filled(recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """``nn.init`` and random numbers in place; unheard while PyTorch makes a layer of its own."""
    with recorder.muted():
        result = func(*args, **kwargs)
    if not _made_by_torch():
        recorder.filled(args[0] if args else kwargs["tensor"])
    return result


def _by_layers(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """An ordinary operation; unheard while PyTorch makes or copies a layer of its own."""
    if _made_by_torch():
        return _silently(recorder, func, args, kwargs)
    return recorder.plainly(func, args, kwargs)


def _as_one(recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A question that PyTorch puts together of several operations."""
    with recorder.muted():
        answer = func(*args, **kwargs)
    seen, tensor = recorder.mentions.seen, args[0] if args else kwargs["input"]
    inputs = [("self", seen(tensor))]
    recorder.note(recorder.decoder.named, func.__name__, inputs, {}, [seen(answer)])
    recorder.flush()
    return answer


def _reshape(
    recorder: Recorder, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """A view where possible, of the kind that PyTorch makes when nobody watches its operations."""
    tensor = args[0] if args else kwargs["input"]
    if not tensor.is_contiguous():
        with torch._C._DisableTorchDispatch():
            plain = tensor.detach()
            made = func(plain, *args[1:], **{k: v for k, v in kwargs.items() if k != "input"})
        if made is not plain and made._is_view() and made.data_ptr() == tensor.data_ptr():
            func = torch.ops.aten._reshape_alias.default
            args, kwargs = (tensor, tuple(made.shape), made.stride()), {}
    return recorder.plainly(func, args, kwargs)


def _made_by_torch() -> bool:
    """Whether the call comes out of the making of one of PyTorch's layers or loaders."""
    frame: Any = sys._getframe(2)
    for _ in range(12):
        if frame is None:
            return False
        where, name = frame.f_code.co_filename, frame.f_code.co_name
        if (name in _MAKERS and where.startswith(_LAYERS)) or where.startswith(_DATA):
            return True
        if name == "__deepcopy__" and where == _COPIES:
            return True
        frame = frame.f_back
    return False


def _methods(names: str) -> list[Any]:
    return [getattr(torch.Tensor, n) for n in names.split() if hasattr(torch.Tensor, n)]


_init = torch.nn.init

HANDLED: dict[Any, Handler] = {
    **dict.fromkeys(
        [
            *_methods(
                "__repr__ __format__ __bool__ __float__ __int__ __index__ __len__ __contains__ "
                "__deepcopy__ __reduce_ex__ item tolist equal allclose isclose is_nonzero nonzero "
                "new_tensor"
            ),
            torch.Tensor.data.__get__,
            torch.tensor, torch.as_tensor, torch.from_numpy, torch.equal, torch.allclose,
            torch.isclose, torch.nonzero, torch.normal, torch.is_nonzero,
            torch.nn.functional.one_hot, torch.linalg.matrix_rank,
            torch.unravel_index,
        ],
        _silently,
    ),
    **dict.fromkeys(
        _methods(
            "__array__ __dlpack__ numpy storage untyped_storage _typed_storage data_ptr "
            "share_memory_"
        ),
        _exposing,
    ),
    torch.Tensor.data.__set__: _set_data,
    torch.Tensor.grad.__get__: _get_grad,
    torch.Tensor.grad.__set__: _set_grad,
    torch.Tensor.grad.__delete__: _set_grad,
    torch.Tensor.requires_grad.__set__: _set_requires_grad,
    torch.Tensor.requires_grad_: _set_requires_grad,
    torch.Tensor.retain_grad: _retain_grad,
    torch.Tensor.register_hook: _register_hook,
    **dict.fromkeys(
        [
            *_methods("uniform_ normal_ random_ bernoulli_ exponential_ geometric_ log_normal_"),
            _init.uniform_, _init.normal_, _init.constant_, _init.kaiming_uniform_,
        ],
        _filled,
    ),
    **dict.fromkeys(
        [*_methods("isfinite isinf"), torch.isfinite, torch.isinf], _as_one
    ),
    **dict.fromkeys(
        [*_methods("reshape reshape_as flatten"), torch.reshape, torch.flatten], _reshape
    ),
    **dict.fromkeys(_methods("fill_ zero_ copy_ mul_ div_ add_ erfinv_ clamp_ clone"), _by_layers),
}  # fmt: skip
