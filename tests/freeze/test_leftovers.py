"""What a checkpoint holds besides an I3D's variables in float32: slots, averages, heads, halves and slices."""

from pathlib import Path

import numpy as np
import pytest
from checkpoints import save

from i3d_edge.core.errors import CheckpointFormError, CheckpointVariablesError
from i3d_edge.freeze import freeze_checkpoint, open_checkpoint, published
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.leftovers import classify
from i3d_edge.freeze.tensor_index import TensorEntry

VARIABLE = "RGB/inception_i3d/Conv3d_2b_1x1/conv_3d/w"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((f"{VARIABLE}/{slot}", "optimizer slot") for slot in ("Adam", "Adam_1", "AdamW_1", "Momentum", "Nadam")),
        *((f"train/{VARIABLE}/{slot}", "optimizer slot") for slot in ("RMSProp_1", "Adagrad", "Ftrl_1", "adam_m")),
        (f"Adam/v/{VARIABLE}", "optimizer slot"),
        ("RGB/dense/kernel/Adadelta", "optimizer slot"),
        ("beta1_power_1", "counter"),
        ("RGB/inception_i3d/Conv3d_2b_1x1/batch_norm/moving_mean/local_step", "counter"),
        (f"{VARIABLE}/ExponentialMovingAverage_1", "moving average"),
        (f"train/ema/{VARIABLE}", "moving average"),
        (f"{VARIABLE}_ema", "moving average"),
        ("RGB/dense/kernel/ExponentialMovingAverage", "unknown tensor"),
        ("adam_experiment/dense/kernel", "unknown tensor"),
        (f"{VARIABLE}/mask", "unknown tensor"),
        ("temperature", "unknown tensor"),
    ],
)
def test_what_else_a_checkpoint_holds(name: str, kind: str) -> None:
    assert classify(TensorEntry(name, "float32", (), 0, 0, 4, 0), {VARIABLE}) == kind


def test_a_head_above_the_logits_is_no_published_network(
    checkpoint_prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_checkpoint(checkpoint_prefix)
    crc32c = {name: entry.crc32c for name, entry in opened.entries.items()}
    monkeypatch.setattr(published, "crc32c_table", lambda: {"rgb_scratch": crc32c})
    extra = {"dense/kernel": np.ones((400, 7), np.float32), "dense/kernel/Adam": np.ones((400, 7), np.float32)}
    with_slots = save(tmp_path / "slots", {**opened.read(), "step": np.int64(1), "x/Adam": np.float32([1])})
    assert open_checkpoint(with_slots).origin == "rgb_scratch"
    headed = open_checkpoint(save(tmp_path / "head", {**opened.read(), **extra}))
    assert (headed.origin, headed.unknown) == ("unknown", ("dense/kernel",))
    with pytest.raises(CheckpointVariablesError, match="holds more than an I3D: 'dense/kernel' would not be in"):
        freeze_checkpoint(headed, tmp_path / "g.pb")
    assert freeze_checkpoint(headed, tmp_path / "g.pb", ignore_unknown=True).spec.origin == "unknown"


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_weights_of_another_precision(checkpoint_prefix: Path, tmp_path: Path, dtype: str) -> None:
    values = open_checkpoint(checkpoint_prefix).read()
    stored = {name: tf.cast(value, dtype) for name, value in values.items()}
    opened = open_checkpoint(save(tmp_path / "model.ckpt", stored))
    for name, value in opened.read().items():
        assert np.array_equal(value, tf.cast(stored[name], tf.float32)), name


def test_a_partitioned_variable_is_refused(checkpoint_prefix: Path, tmp_path: Path) -> None:
    values = open_checkpoint(checkpoint_prefix).read()
    name = "Logits/Conv3d_0c_1x1/conv_3d/w"
    tensors = [(key, "", value) for key, value in values.items() if key != name]
    for start in (0, 100):
        part = values[name][..., start : start + 100 if start == 0 else None]
        where = f"{start},{part.shape[-1]}"
        tensors.append((name, f"1 1 1 1024 400 -:-:-:-:{where}", part))
    names, slices, arrays = zip(*tensors, strict=True)
    prefix = tmp_path / "model.ckpt"
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=slices, tensors=arrays)
    with pytest.raises(CheckpointFormError, match=f"holds variables in slices: '{name}'"):
        open_checkpoint(prefix)
