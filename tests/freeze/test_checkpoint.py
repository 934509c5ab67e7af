import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkpoints import save

from i3d_edge.core.errors import (
    CheckpointDamagedError,
    CheckpointError,
    CheckpointFormError,
    CheckpointMissingError,
    CheckpointVariablesError,
    DependencyError,
    LabelError,
)
from i3d_edge.core.file_kind import TENSOR_TABLE_END
from i3d_edge.core.labels import LabelSet
from i3d_edge.freeze import checkpoint, published
from i3d_edge.freeze._tensorflow import tf
from i3d_edge.freeze.checkpoint import Checkpoint, open_checkpoint
from i3d_edge.freeze.tensor_index import read_index

DATA = "model.ckpt.data-00000-of-00001"


@pytest.fixture
def prefix(checkpoint_prefix: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    for path in checkpoint_prefix.parent.glob("model.ckpt*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "model.ckpt"


def test_the_index_agrees_with_tensorflow(checkpoint_prefix: Path) -> None:
    reader = tf.train.load_checkpoint(str(checkpoint_prefix))
    entries = read_index(Path(f"{checkpoint_prefix}.index"))
    assert {name: list(entry.shape) for name, entry in entries.items()} == reader.get_variable_to_shape_map()


def test_a_checkpoint_is_found_by_any_of_its_names(prefix: Path, subtests: pytest.Subtests) -> None:
    for given in ["model.ckpt", "model.ckpt.index", DATA, "."]:
        with subtests.test(given=given):
            assert open_checkpoint(prefix.parent / given).prefix == prefix


def test_a_checkpoint_is_identified(prefix: Path) -> None:
    opened = open_checkpoint(prefix)
    assert (opened.scope, opened.stream, len(opened.entries)) == ("RGB/inception_i3d/", "rgb", 230)
    assert (opened.origin, opened.labels.name, len(opened.labels)) == ("unknown", "kinetics-400", 400)


def test_batch_norm_is_read_in_both_published_shapes(checkpoint_prefix: Path, tmp_path: Path) -> None:
    full = open_checkpoint(checkpoint_prefix).read()
    flat = {name: value.reshape(-1) if "batch_norm" in name else value for name, value in full.items()}
    opened = open_checkpoint(save(tmp_path / "flat", flat))
    assert opened.scope == ""
    assert opened.fingerprint == open_checkpoint(checkpoint_prefix).fingerprint
    for name, value in opened.read().items():
        assert np.array_equal(value, full[name]), name


def test_a_folder_of_several_says_which_is_the_last(prefix: Path) -> None:
    folder = prefix.parent
    for path in list(folder.glob("model.ckpt*")):
        for step in (900, 1000):
            shutil.copy(path, folder / path.name.replace("ckpt", f"ckpt-{step}"))
        path.unlink()
    assert message(CheckpointMissingError, folder) == (
        f"folder '{folder}' holds 2 checkpoints: 'model.ckpt-900', 'model.ckpt-1000'\n\n"
        f"hint: give one of them, for instance {folder / 'model.ckpt-1000'}"
    )
    (folder / "checkpoint").write_text('model_checkpoint_path: "/old/place/model.ckpt-900"\n')
    opened = open_checkpoint(folder)
    assert (opened.prefix.name, opened.passed_over) == ("model.ckpt-900", ("model.ckpt-1000",))
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-1100"\n')
    assert "names 'model.ckpt-1100', which is not there" in message(CheckpointMissingError, folder)


@pytest.mark.parametrize("name", ["exp.data-aug", "run.index", "a.meta"])
def test_a_prefix_may_look_like_a_part(prefix: Path, name: str) -> None:
    for path in list(prefix.parent.glob("model.ckpt*")):
        path.rename(path.with_name(path.name.replace("model.ckpt", name)))
    assert open_checkpoint(prefix.with_name(name)).prefix.name == name


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("rgb.pt", b"PK\3\4" + bytes(26) + b"archive/data.pkl", "a PyTorch file"),
        ("renamed", b"PK\3\4" + bytes(26) + b"rgb/data.pkl", "a PyTorch file"),
        ("old.pth", b"\x80\2", "a PyTorch file"),
        ("weights", b"\x89HDF\r\n\x1a\n", "a Keras file"),
        ("m.onnx", b"\x08\7", "an ONNX model"),
        ("m.safetensors", b"", "a safetensors file"),
        ("v1.ckpt", bytes(50) + TENSOR_TABLE_END, "a TensorFlow checkpoint in the first format (V1)"),
        ("page.index", b"\n<!DOCTYPE html>", "a web page"),
        ("g.pb", b"", "a frozen graph already, not a checkpoint"),
    ],
)
def test_files_of_other_programs_are_not_called_damaged(tmp_path: Path, name: str, content: bytes, title: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert message(CheckpointFormError, path).startswith(f"'{path}' is {title}\n\nhint: ")


def test_a_checkpoint_of_a_big_endian_machine(prefix: Path) -> None:
    path = Path(f"{prefix}.index")
    data = path.read_bytes()
    assert data.count(b"\x08\x01\x1a\x02") == 1
    path.write_bytes(data.replace(b"\x08\x01\x1a\x02", b"\x10\x01\x1a\x02"))
    assert "was written on a big-endian machine" in message(CheckpointFormError, prefix)


def test_two_streams_and_any_number_of_classes(checkpoint_prefix: Path, tmp_path: Path) -> None:
    variables = open_checkpoint(checkpoint_prefix).read()
    variables["Conv3d_1a_7x7/conv_3d/w"] = variables["Conv3d_1a_7x7/conv_3d/w"][..., :2, :]
    unit = "Logits/Conv3d_0c_1x1/conv_3d"
    variables[f"{unit}/w"], variables[f"{unit}/b"] = variables[f"{unit}/w"][..., :7], variables[f"{unit}/b"][:7]
    opened = open_checkpoint(
        save(tmp_path / "flow", {f"Flow/inception_i3d/{name}": value for name, value in variables.items()})
    )
    assert (opened.stream, opened.scope, opened.labels.name) == ("flow", "Flow/inception_i3d/", "numbered-7")


def message(error: type[Exception], path: Path) -> str:
    with pytest.raises(error) as caught:
        open_checkpoint(path)
    return str(caught.value)


def test_no_such_prefix(prefix: Path) -> None:
    path = prefix.with_name("other.ckpt")
    assert message(CheckpointMissingError, path) == (
        f"checkpoint '{path}' has no .index file\n\nhint: checkpoints in that folder: model.ckpt"
    )


def test_no_such_folder(tmp_path: Path) -> None:
    path = tmp_path / "no" / "model.ckpt"
    assert message(CheckpointMissingError, path) == (
        f"checkpoint '{path}' has no .index file\n\nhint: `i3d fetch` downloads the published ones"
    )


def test_an_empty_folder(tmp_path: Path) -> None:
    assert message(CheckpointMissingError, tmp_path) == (
        f"folder '{tmp_path}' holds no checkpoint, which would have a file that ends in .index\n\n"
        "hint: `i3d fetch` downloads the published ones"
    )


def test_no_data_file(prefix: Path) -> None:
    prefix.with_name(DATA).unlink()
    assert message(CheckpointMissingError, prefix) == (
        f"checkpoint '{prefix}' lacks data file 0 of 1\n\n"
        "hint: the .index alone holds no weights: its data file belongs beside it"
    )


def test_truncated_data(prefix: Path) -> None:
    path = prefix.with_name(DATA)
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.truncate(size // 2)
    assert message(CheckpointDamagedError, prefix) == (
        f"checkpoint file '{path}' is truncated: it has {size // 2} of {size} bytes\n\nhint: fetch or copy it again"
    )


def test_truncated_index(prefix: Path) -> None:
    path = Path(f"{prefix}.index")
    path.write_bytes(path.read_bytes()[:1000])
    assert message(CheckpointDamagedError, prefix) == (
        f"checkpoint index '{path}' is truncated or something else: it has no table footer\n\n"
        "hint: fetch the checkpoint again"
    )


def test_index_with_scrambled_blocks(prefix: Path) -> None:
    path = Path(f"{prefix}.index")
    data = path.read_bytes()
    path.write_bytes(b"\xff" * (len(data) - 48) + data[-48:])
    assert message(CheckpointDamagedError, prefix).startswith(f"checkpoint index '{path}' is damaged: ")


def test_git_lfs_pointer(prefix: Path, subtests: pytest.Subtests) -> None:
    for name in [DATA, "model.ckpt.index"]:
        with subtests.test(name=name):
            path = prefix.with_name(name)
            path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 50952284\n")
            assert message(CheckpointFormError, prefix) == (
                f"'{path}' is a git-LFS pointer\n\nhint: run `git lfs pull` in its repository, or `i3d fetch`"
            )


def test_other_variables(tmp_path: Path) -> None:
    prefix = save(tmp_path / "resnet", {"conv1/kernel": np.zeros(3, np.float32), "fc/bias": np.zeros(2, np.float32)})
    assert message(CheckpointVariablesError, prefix) == (
        f"checkpoint '{prefix}' is no Inception-v1 I3D, which has 230 variables: 230 missing "
        "('Conv3d_1a_7x7/conv_3d/w', 'Conv3d_1a_7x7/batch_norm/beta', 'Conv3d_1a_7x7/batch_norm/moving_mean' "
        "and 227 more); 2 unexpected ('conv1/kernel', 'fc/bias')\n\n"
        "hint: i3d-edge takes kinetics-i3d checkpoints, and copies trained further under the same names"
    )


def test_misshaped_variables(checkpoint_prefix: Path, tmp_path: Path) -> None:
    variables = dict(open_checkpoint(checkpoint_prefix).read())
    variables["Conv3d_2b_1x1/conv_3d/w"] = np.zeros((1, 1, 1, 64, 32), np.float32)
    del variables["Mixed_3b/Branch_0/Conv3d_0a_1x1/batch_norm/beta"]
    prefix = save(tmp_path / "odd", variables)
    assert (
        ": 1 missing ('Mixed_3b/Branch_0/Conv3d_0a_1x1/batch_norm/beta'); "
        "1 mis-shaped ('Conv3d_2b_1x1/conv_3d/w float32[1, 1, 1, 64, 32] of 8192 bytes instead of "
        "float32[1, 1, 1, 64, 64]')"
    ) in message(CheckpointVariablesError, prefix)


def test_a_flipped_bit_is_found(prefix: Path) -> None:
    path = prefix.with_name(DATA)
    data = bytearray(path.read_bytes())
    entries = read_index(Path(f"{prefix}.index")).values()
    [hit] = [entry for entry in entries if entry.offset <= len(data) // 2 < entry.offset + entry.num_bytes]
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointDamagedError, match=" is damaged: its CRC32C is ") as caught:
        open_checkpoint(prefix)
    assert caught.value.message.startswith(f"tensor '{hit.name}' of '{prefix}' ")
    assert caught.value.hint == "fetch the checkpoint again"


@pytest.mark.parametrize(
    ("changes", "error", "finding"),
    [
        ({"shape": (1, 1, 1, 1024, 50_000_000)}, CheckpointVariablesError, "1024, 50000000] of 1638400 bytes instead"),
        ({"shape": (1, 1, 1, 1024, 2**64 - 1)}, CheckpointVariablesError, "1 mis-shaped"),
        ({"shape": ()}, CheckpointVariablesError, "1 mis-shaped"),
        ({"num_bytes": 4}, CheckpointVariablesError, "1024, 400] of 4 bytes instead of float32[1, 1, 1, 1024, 400]"),
        ({"offset": 2**62}, CheckpointDamagedError, "is truncated: it has "),
        ({"offset": 0}, CheckpointDamagedError, "is damaged: its CRC32C is "),
        ({"shard": 2**31 - 1}, CheckpointMissingError, "lacks data file 0 of 2147483648"),
    ],
)
def test_an_index_is_not_believed(
    checkpoint_prefix: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], error: type, finding: str
) -> None:
    entries = read_index(Path(f"{checkpoint_prefix}.index"))
    name = "RGB/inception_i3d/Logits/Conv3d_0c_1x1/conv_3d/w"
    forged = {**entries, name: replace(entries[name], **changes)}
    monkeypatch.setattr(checkpoint, "read_index", lambda _path: forged)
    with pytest.raises(error) as caught:
        open_checkpoint(checkpoint_prefix)
    assert finding in caught.value.message


def test_a_two_dimensional_network_is_called_one(tmp_path: Path) -> None:
    prefix = save(tmp_path / "resnet", {"conv1/kernel": np.zeros((7, 7, 3, 64), np.float32)})
    assert message(CheckpointVariablesError, prefix).endswith(
        "hint: i3d-edge takes kinetics-i3d checkpoints, and copies trained further under the same names"
    )


def test_another_three_dimensional_network_is_called_one(tmp_path: Path) -> None:
    prefix = save(tmp_path / "c3d", {"conv1/kernel": np.zeros((3, 3, 3, 3, 64), np.float32)})
    assert message(CheckpointVariablesError, prefix).endswith(
        "hint: i3d-edge takes kinetics-i3d checkpoints, and copies trained further under the same names"
    )


def test_a_module_in_the_format_of_tensorflow_2(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    (tmp_path / "variables").mkdir()
    save(tmp_path / "variables" / "variables", {"variables/0/.ATTRIBUTES/VARIABLE_VALUE": np.zeros(3, np.float32)})
    assert message(CheckpointFormError, tmp_path).endswith(
        "is in TensorFlow 2's object format, which has no variable names\n\nhint: take version 1 of the TF-Hub "
        "module, or save its variables under DeepMind's names with tf.compat.v1.train.Saver"
    )


def test_a_module_without_its_variables(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    prefix = tmp_path / "variables" / "variables"
    assert message(CheckpointMissingError, tmp_path).startswith(f"checkpoint '{prefix}' has no .index file")


def test_what_a_broken_download_leaves_is_no_data_file(prefix: Path) -> None:
    data = prefix.with_name(DATA)
    data.rename(data.with_name(f"{DATA}.part"))
    assert message(CheckpointMissingError, prefix).startswith(f"checkpoint '{prefix}' lacks data file 0 of 1")


def test_a_prefix_may_hold_brackets(prefix: Path) -> None:
    for path in list(prefix.parent.glob("model.ckpt*")):
        path.rename(path.with_name(path.name.replace("model", "run[1]")))
    assert len(open_checkpoint(prefix.with_name("run[1].ckpt")).entries) == 230


def test_a_damaged_index_is_never_a_traceback(prefix: Path) -> None:
    path = Path(f"{prefix}.index")
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    num_refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 4):
            damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(damaged))
        try:
            open_checkpoint(prefix).read()
        except (CheckpointError, LabelError):
            num_refused += 1
    assert num_refused > 100


def test_two_networks_in_one_checkpoint(checkpoint_prefix: Path, tmp_path: Path) -> None:
    variables = open_checkpoint(checkpoint_prefix).read()
    both = {f"{scope}/inception_i3d/{name}": value for scope in ("RGB", "Flow") for name, value in variables.items()}
    prefix = save(tmp_path / "both", both)
    assert message(CheckpointVariablesError, prefix) == (
        f"checkpoint '{prefix}' holds 2 networks, in the scopes Flow/inception_i3d/, RGB/inception_i3d/\n\n"
        "hint: save each network's variables to a checkpoint of its own"
    )


def test_labels_may_be_given(checkpoint_prefix: Path) -> None:
    labels = LabelSet("mine", tuple(f"action {index}" for index in range(400)))
    assert open_checkpoint(checkpoint_prefix, labels=labels).labels is labels
    with pytest.raises(LabelError) as caught:
        open_checkpoint(checkpoint_prefix, labels=LabelSet("mine", ("a", "b")))
    assert str(caught.value) == (f"checkpoint '{checkpoint_prefix}' has 400 classes; label set 'mine' has 2")


@pytest.mark.shared
@pytest.mark.parametrize("name", list(published.CHECKPOINTS))
def test_published_checkpoints_are_recognised_by_their_index(
    shared: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoint, "read", cannot_verify)
    opened = open_checkpoint(without_weights(shared / "checkpoints" / name / "model.ckpt", tmp_path / "model.ckpt"))
    assert opened.origin == name
    ignored = {kind: len(names) for kind, names in opened.ignored.items()}
    assert ignored == ({"optimizer slot": 116} if name == "rgb_scratch_kin600" else {})
    assert opened.labels.name == ("kinetics-600" if name == "rgb_scratch_kin600" else "kinetics-400")


@pytest.mark.shared
def test_the_hub_module_has_the_variables_of_rgb_scratch(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoint, "read", cannot_verify)
    source = shared / "tfhub/i3d-kinetics-400-1"
    (tmp_path / "variables").mkdir()
    shutil.copy(source / "saved_model.pb", tmp_path)
    without_weights(source / "variables/variables", tmp_path / "variables/variables")
    opened = open_checkpoint(tmp_path)
    assert (opened.origin, opened.is_hub_module, len(opened.entries)) == ("rgb_scratch", True, 230)


def cannot_verify(_checkpoint: Checkpoint) -> None:
    """Stand for a machine that lacks the package for checksums."""
    raise DependencyError("no google-crc32c")


def without_weights(source: Path, prefix: Path) -> Path:
    """Copy an index and put zeros in the place of the weights, which are not at hand."""
    index = Path(f"{prefix}.index")
    shutil.copy(f"{source}.index", index)
    size = max(entry.offset + entry.num_bytes for entry in read_index(index).values())
    with Path(f"{prefix}.data-00000-of-00001").open("wb") as stream:
        stream.truncate(size)
    return prefix
