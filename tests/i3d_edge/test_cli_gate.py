"""The gate from the command line: `i3d accuracy score`, `baseline` and `compare`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from runs import PROTOCOL, Run, Video, read_rows, sure, videos_of, write_rows, write_run
from synthetic import write_numbered

from i3d_edge.cli import main


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, ["accuracy", *map(str, args)], catch_exceptions=False)


def run(folder: Path, outcomes: str, prob: float = 0.9) -> Path:
    return write_run(folder, Run({"ir": videos_of(outcomes, prob)}))


def flipped(lost: int, gained: int, num_videos: int = 400) -> str:
    """Return outcomes after a run of "+" and "-" in equal parts has lost some and gained some."""
    half = num_videos // 2
    return "-" * lost + "+" * (half - lost) + "+" * gained + "-" * (half - gained)


BEFORE = flipped(0, 0)


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    result = i3d("baseline", run(folder / "run", BEFORE), "-o", folder / "baseline.json")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"written: {folder / 'baseline.json'}, 400 videos by 'ir'\n"
    return folder / "baseline.json"


def test_exit_codes(baseline: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for lost, gained, options, exit_code, last in [
        (0, 0, [], 0, "PASSED: the predictions are identical"),
        (0, 0, ["--max-drop-top1", "0", "--max-drift", "0"], 0, "PASSED: the predictions are identical; "),
        (2, 2, [], 0, "PASSED: the upper 95 % bound of the drop, 1.06 points, is within the limit of 2 points"),
        (0, 40, [], 0, "PASSED: the upper 95 % bound of the drop, -7.80 points, is within the limit of 2 points"),
        (4, 0, [], 4, "UNDECIDED: the upper 95 % bound of the drop, 2.21 points, is beyond the limit of 2 points: "),
        (4, 0, ["--max-drop-top1", "3"], 0, "PASSED: the upper 95 % bound of the drop, 2.21 points, is within "),
        (4, 0, ["--undecided", "pass"], 0, "UNDECIDED: the upper 95 % bound"),
        (4, 0, ["--undecided", "fail"], 3, "UNDECIDED: the upper 95 % bound"),
        (20, 9, [], 4, "UNDECIDED: the drop of 2.75 points exceeds the limit of 2 points, but McNemar's p is 0.061: "),
        (24, 4, [], 3, "FAILED: the drop of 5.00 points exceeds the limit of 2 points, and McNemar's p is 0.00018"),
        (24, 4, ["--undecided", "pass"], 3, "FAILED: the drop of 5.00 points"),
        (24, 4, ["--max-drop-top1", "6"], 4, "UNDECIDED: the upper 95 % bound"),
        (2, 2, ["--max-drift", "0.01"], 3, "FAILED: the drift of 0.0414 exceeds the limit of 0.01"),
        (2, 2, ["--max-drift", "0.05"], 0, "PASSED: the upper 95 % bound of the drop, 1.06 points, is within the "),
        (4, 0, ["--max-drift", "0.01", "--undecided", "pass"], 3, "FAILED: the drift of 0.0414 exceeds the limit "),
    ]:
        with subtests.test(lost=lost, gained=gained, options=options):
            result = i3d("compare", baseline, run(tmp_path / "run", flipped(lost, gained)), *options)
            assert result.exit_code == exit_code, result.output
            assert result.stdout.splitlines()[-1].startswith(last)


def test_what_stderr_says(baseline: Path, tmp_path: Path) -> None:
    failed = i3d("compare", baseline, run(tmp_path / "a", flipped(24, 4)))
    assert failed.stderr == (
        "GateFailedError: model 'ir' against the baseline: the drop of 5.00 points exceeds the limit of "
        "2 points, and McNemar's p is 0.00018\n"
    )
    undecided = run(tmp_path / "b", flipped(20, 9))
    reason = (
        "the drop of 2.75 points exceeds the limit of 2 points, but McNemar's p is 0.061: 904 videos would be needed"
    )
    assert i3d("compare", baseline, undecided).stderr == (
        f"GateUndecidedError: model 'ir' against the baseline: {reason}\n\n"
        "hint: compare on more videos, or choose with --undecided pass or fail\n"
    )
    assert i3d("compare", baseline, undecided, "--undecided", "fail").stderr == (
        f"GateFailedError: model 'ir' against the baseline: {reason}\n\nhint: --undecided fail makes this a failure\n"
    )
    assert i3d("compare", baseline, undecided, "--undecided", "pass").stderr == (
        f"undecided, and let through by --undecided pass: {reason}\n"
    )


def test_files_for_ci_are_written_whatever_the_verdict(baseline: Path, tmp_path: Path) -> None:
    made = run(tmp_path / "run", flipped(24, 4))
    options = ["--junit", tmp_path / "out" / "gate.xml", "--markdown", tmp_path / "out" / "gate.md", "--json"]
    result = i3d("compare", baseline, made, *options)
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["verdict"] == "failed"
    assert (len(document["comparison"]["lost"]), len(document["comparison"]["gained"])) == (24, 4)
    suite = ElementTree.parse(tmp_path / "out" / "gate.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.attrib["failures"] == "1"
    markdown = (tmp_path / "out" / "gate.md").read_text(encoding="utf-8")
    assert markdown.startswith("## Accuracy gate failed: `ir` against the baseline\n")
    assert markdown.count(".mp4 ") == 28 + 1  # every flip, and the largest drift

    assert i3d("compare", baseline, made, *options).exit_code == 3  # what it wrote itself is replaced
    (tmp_path / "out" / "gate.md").write_text("# Notes\n")
    again = i3d("compare", baseline, made, *options)
    assert again.exit_code == 1
    assert again.stderr.startswith(f"OutputError: output '{tmp_path}/out/gate.md' exists already")
    assert i3d("compare", baseline, made, *options, "--force").exit_code == 3


def test_the_recipe_of_the_page_works_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "gate-a-build.md").read_text(encoding="utf-8")
    recipe = page.split("```")[3].splitlines()
    [run_line] = [line for line in recipe if line.startswith("i3d accuracy run ")]
    [compare_line] = [line for line in recipe if line.startswith("i3d accuracy compare ")]
    assert run_line.endswith(" --force")
    run(tmp_path / "results", "+" * 200)
    monkeypatch.chdir(tmp_path)
    assert i3d("baseline", "results", "-o", "baseline.json").exit_code == 0
    for _ in range(2):
        assert i3d(*compare_line.split()[2:]).exit_code == 0


def test_a_refusal_is_written_too(baseline: Path, tmp_path: Path) -> None:
    """A file that an earlier comparison left must not pass for this one's."""
    files = ["--junit", tmp_path / "gate.xml", "--markdown", tmp_path / "gate.md", "--force"]
    assert i3d("compare", baseline, run(tmp_path / "same", BEFORE), *files).exit_code == 0
    other = write_run(tmp_path / "run", Run({"ir": videos_of(BEFORE)}, protocol={**PROTOCOL, "num_clips": 3}))
    result = i3d("compare", baseline, other, *files)
    assert result.exit_code == 1
    reason = "the run follows another protocol than the baseline: num_clips=3, not num_clips=1"
    assert result.stderr.startswith(f"ComparisonError: {reason}")
    [error] = ElementTree.parse(tmp_path / "gate.xml").getroot().iter("error")
    assert error.get("message") == reason
    assert (tmp_path / "gate.md").read_text().startswith("## Accuracy gate: nothing to compare\n\nthe run follows")


def test_arguments_the_wrong_way_round(baseline: Path, tmp_path: Path) -> None:
    made = run(tmp_path / "run", BEFORE)
    for name in (str(made), f"{made}:ir"):
        result = i3d("compare", name, baseline)
        assert result.exit_code == 2
        assert result.stderr.endswith(
            f"the baseline comes first, then the run: {name!r} is a folder, {str(baseline)!r} a file\n\n"
            f"hint: i3d accuracy compare {baseline} {name}\n"
        )
    assert "is a folder, not a file" in i3d("compare", made, made).stderr
    assert "is a file\n\nhint: give the folder" in i3d("compare", baseline, baseline).stderr


def test_a_share_taken_for_points(baseline: Path, tmp_path: Path) -> None:
    made = run(tmp_path / "run", BEFORE)
    assert i3d("compare", baseline, made, "--max-drop-top1", "0.02").stderr == (
        "note: --max-drop-top1 0.02 is 0.02 points, not 2 %\n"
    )
    assert i3d("compare", baseline, made, "--max-drop-top1", "0.5").stderr == ""


def test_one_model_of_several(baseline: Path, tmp_path: Path) -> None:
    made = write_run(tmp_path / "a:b", Run({"fp32": videos_of(BEFORE), "int8": videos_of(flipped(24, 4))}))
    assert i3d("compare", baseline, f"{made}:fp32").exit_code == 0
    assert i3d("compare", baseline, f"{made}:int8").exit_code == 3
    unnamed = i3d("compare", baseline, made)
    assert unnamed.exit_code == 1
    assert "has several models: 'fp32', 'int8'" in unnamed.stderr
    unknown = i3d("baseline", f"{made}:int4", "-o", tmp_path / "b.json")
    assert (unknown.exit_code, (tmp_path / "b.json").exists()) == (1, False)
    assert "no model 'int4' in run" in unknown.stderr


def test_a_name_with_colons(tmp_path: Path) -> None:
    name = "rgb@HETERO:NPU,CPU"
    made = write_run(tmp_path / "a:b", Run({name: videos_of(BEFORE), "fp32": videos_of(BEFORE)}))
    written = i3d("baseline", f"{made}:{name}", "-o", tmp_path / "b.json")
    assert written.exit_code == 0, written.output
    absent = i3d("baseline", f"{tmp_path}/none:{name}", "-o", tmp_path / "c.json")
    assert f"no result.json in '{tmp_path}/none'" in absent.stderr


def test_one_video(tmp_path: Path) -> None:
    assert i3d("baseline", run(tmp_path / "a", "+"), "-o", tmp_path / "b.json").exit_code == 0
    assert i3d("compare", tmp_path / "b.json", tmp_path / "a").exit_code == 0
    assert i3d("compare", tmp_path / "b.json", run(tmp_path / "same", "+", 0.8)).exit_code == 4
    assert i3d("compare", tmp_path / "b.json", run(tmp_path / "other", "-")).exit_code == 4


def test_dropped_videos(tmp_path: Path) -> None:
    assert i3d("baseline", run(tmp_path / "a", "+" * 400), "-o", tmp_path / "b.json").exit_code == 0
    less = write_run(tmp_path / "less", Run({"ir": videos_of("+" * 400)[:-2]}, dropped=["0398.mp4", "0399.mp4"]))
    refused = i3d("compare", tmp_path / "b.json", less)
    assert refused.exit_code == 1
    assert "0 may be missing: '0398.mp4', '0399.mp4'" in refused.stderr
    assert i3d("compare", tmp_path / "b.json", less, "--allow-dropped", 1).exit_code == 1
    allowed = i3d("compare", tmp_path / "b.json", less, "--allow-dropped", 2)
    assert allowed.exit_code == 0
    assert "not compared: 2 of the baseline's videos, which the run dropped" in allowed.stdout


def test_no_labelled_video(tmp_path: Path) -> None:
    made = run(tmp_path / "a", "+")
    rows = read_rows(made)
    rows[0]["label"] = None
    write_rows(made, rows)
    result = i3d("baseline", made, "-o", tmp_path / "b.json")
    assert result.exit_code == 1
    assert "have 0 scored videos by 'ir'; result.json counts 1" in result.stderr


def test_limits_are_numbers(baseline: Path, subtests: pytest.Subtests) -> None:
    for value in ["nan", "inf", "-1", "101"]:
        with subtests.test(value=value):
            assert i3d("compare", baseline, baseline.parent / "run", "--max-drop-top1", value).exit_code == 2
            if value != "101":
                assert i3d("compare", baseline, baseline.parent / "run", "--max-drift", value).exit_code == 2


def test_the_default_limit_is_the_rooms() -> None:
    from i3d_edge.accuracy.gate.verdict import DEFAULT_MAX_DROP
    from i3d_edge.cli.accuracy_gate import compare

    [option] = [param for param in compare.params if param.name == "max_drop_points"]
    assert option.default == 100 * DEFAULT_MAX_DROP


def test_a_damaged_run_makes_no_baseline(tmp_path: Path) -> None:
    made = run(tmp_path / "a", "+-+")
    path = made / "predictions.jsonl"
    path.write_bytes(path.read_bytes()[:-50])
    result = i3d("baseline", made, "-o", tmp_path / "b.json")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"ResultError: predictions '{path}', line 3 is not JSON: ")
    assert not (tmp_path / "b.json").exists()


def test_score(tmp_path: Path) -> None:
    videos = [Video("a.mp4", 0, [sure(0)]), Video("b.mp4", 1, [sure(0)]), Video("c.mp4", 1, [sure(0)])]
    made = write_run(tmp_path / "run", Run({"ir": videos}))
    result = i3d("score", made)
    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert "ir: mean class top-1 50.0 % over 2 classes; expected calibration error 56.7 points" in lines
    assert lines[lines.index("label    taken for      videos") + 2].split() == ["b", "a", "2"]
    assert lines[-1] == f"recomputed from {made}/predictions.jsonl, and as result.json says"

    document = json.loads(i3d("score", made, "--json").stdout)
    assert document["ir"]["metrics"]["video_top1"]["num_correct"] == 1
    assert document["ir"]["details"]["mean_class_top1"] == 0.5

    write_rows(made, read_rows(made)[:-1])
    refused = i3d("score", made)
    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        f"ResultError: predictions '{made}/predictions.jsonl' have 2 decoded videos by 'ir'; result.json counts 3"
    )


def test_a_real_run_goes_all_the_way(ir_path: Path, tmp_path: Path) -> None:
    """What `i3d accuracy run` writes is what the gate reads."""
    rows = [f"{write_numbered(tmp_path / f'{number}.mp4', 20 + 5 * number)} {number}" for number in range(3)]
    (tmp_path / "val.txt").write_text("\n".join(rows))
    common = ["--model", ir_path, "--num-clips", 2, "--inference-precision", "f32"]
    for name in ("a", "b"):
        result = i3d("run", tmp_path / "val.txt", *common, "-o", tmp_path / name)
        assert result.exit_code == 0, result.output
    assert i3d("score", tmp_path / "a").exit_code == 0
    assert i3d("baseline", tmp_path / "a", "-o", tmp_path / "b.json").exit_code == 0
    compared = i3d("compare", tmp_path / "b.json", f"{tmp_path / 'b'}:{ir_path.stem}")
    assert compared.exit_code == 0, compared.output
    verdict = "PASSED: the predictions are identical; otherwise 3 videos would be too few for this limit"
    assert compared.stdout.splitlines()[-1] == verdict


def test_protocols_that_name_themselves(baseline: Path, tmp_path: Path) -> None:
    named = replace(Run({"ir": videos_of(BEFORE)}), protocol={**PROTOCOL, "name": "10x3", "version": 2})
    made = write_run(tmp_path / "run", named)
    assert "name='10x3', version=2, not name='centre', version=1" in i3d("compare", baseline, made).stderr
