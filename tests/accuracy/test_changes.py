"""What two runs record of themselves, side by side."""

from pathlib import Path

from runs import Run, videos_of, write_run

from i3d_edge.accuracy.gate.baseline import Baseline, make_baseline
from i3d_edge.accuracy.gate.changes import changes, format_changes
from i3d_edge.accuracy.result.recorded_run import read_run


def made(tmp_path: Path) -> Baseline:
    return make_baseline(read_run(write_run(tmp_path / "run", Run({"m": videos_of("++-")}))), "m")


def test_nothing_changed(tmp_path: Path) -> None:
    one = made(tmp_path)
    assert changes(one, one) == []
    assert format_changes([]) == ("nothing that the two record: same model, precision, device, processor and versions")


def test_what_changed_is_named_in_order(tmp_path: Path) -> None:
    one = made(tmp_path)
    one["where"] = {**one["where"], "versions": {"openvino": "1", "python": "3.11"}}
    what = {**one["what"], "sha256": "abcdef0123456789", "executed_precision": "bf16", "weights_sha256": None}
    other: Baseline = {
        **one,
        "what": what,
        "where": {**one["where"], "cpu": "Another", "versions": {"openvino": "2", "python": "3.11", "av": "18"}},
    }
    one["what"]["weights_sha256"] = "1" * 64
    before = one["what"]["executed_precision"]
    assert format_changes(changes(one, other)) == (
        f"model file 00000000 -> abcdef01; weights 11111111 -> none; ran in {before} -> bf16; "
        f"processor {one['where']['cpu']} -> Another; openvino 1 -> 2; av none -> 18"
    )
