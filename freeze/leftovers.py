"""Tensors of a checkpoint that are not the network's: what training left there, and what nobody knows."""

import re
from collections.abc import Container
from typing import Literal

from i3d_edge.freeze.tensor_index import TensorEntry

Kind = Literal["optimizer slot", "counter", "moving average", "unknown tensor"]

_AVERAGE = re.compile(
    r"(?:^|[/_:.-])(?:exponential_?moving_?average|moving_?average|ema|shadow|averaged?|avg|polyak|swa)(?:_\d+)?(?=/|$)",
    re.IGNORECASE,
)
_SLOT = re.compile(
    r"(?:^|/)(?:(?:proximal_?|contrib_?|n|r|decoupled_?)?(?:adam|adamw|adamax|amsgrad|nesterov|momentum|sgdw?|rms_?prop|"
    r"adagrad|adagrad_?da|ada_?delta|ada_?factor|adabound|addsign|powersign|ftrl|lamb|lars|lion|yogi|novograd|shampoo)"
    r"(?:_?optimizer)?|optimizers?)(?:_(?:m|v|vhat|ms|mg|rms|momentum|velocity|accumulator|linear))?(?:_\d+)?(?=/|$)",
    re.IGNORECASE,
)
_COUNTER = re.compile(
    r"(?:^|/)(?:beta_?[12]_power|global_?step|local_?step|iter(?:ations?)?|step|epoch|learning_?rate|lr|decay|"
    r"momentum|beta_[12]|loss_scale|good_steps|save_counter|keep_prob|total|count|loss|accuracy)(?:_\d+)?$",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"/moving_(?:mean|variance)/(?:biased|local_step)$")
"""What TensorFlow's running means of batch norm keep beside themselves."""


def classify(entry: TensorEntry, tensors: Container[str]) -> Kind:
    """Say what a tensor is that is not one of the network's variables; an average is one of a tensor that is there."""
    if _AVERAGE.search(entry.name) and _variable_of(entry.name, tensors) in tensors:
        return "moving average"
    if _SLOT.search(entry.name):
        return "optimizer slot"
    is_single = entry.shape in ((), (1,))
    if not entry.dtype.endswith(("float16", "float32", "float64")) or _BESIDE.search(entry.name):
        return "counter"
    return "counter" if is_single and _COUNTER.search(entry.name) else "unknown tensor"


def is_copy_of_training(scope: str) -> bool:
    """Return whether what stands before a network's names makes it a copy: an optimizer's, or of averages."""
    return bool(_AVERAGE.search(scope.rstrip("/")) or _SLOT.search(scope.rstrip("/")))


def _variable_of(average: str, tensors: Container[str]) -> str:
    """Return the name of the variable that a moving average is of: without what says so, and without a scope."""
    variable = _AVERAGE.sub("", average).lstrip("/")
    parts = variable.split("/")
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail in tensors), variable)
