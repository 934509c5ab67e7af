import math
from dataclasses import replace
from pathlib import Path

import pytest
from runs import PROTOCOL, Run, Video, sure, videos_of, write_run

from i3d_edge.accuracy.gate.baseline import make_baseline
from i3d_edge.accuracy.gate.comparison import Comparison, compare, log_change
from i3d_edge.accuracy.result.recorded_run import read_run
from i3d_edge.core.errors import ComparisonError

LIST_HINT = "\n\nhint: run the baseline's own list, or make a baseline of this one with `i3d accuracy baseline`"


def between(tmp_path: Path, before: Run, after: Run, **options: int) -> Comparison:
    baseline = make_baseline(read_run(write_run(tmp_path / "before", before)), "m")
    return compare(baseline, read_run(write_run(tmp_path / "after", after)), "m", **options)


def refusal(tmp_path: Path, before: Run, after: Run, **options: int) -> str:
    with pytest.raises(ComparisonError) as caught:
        between(tmp_path, before, after, **options)
    return str(caught.value)


def run(outcomes: str) -> Run:
    return Run({"m": videos_of(outcomes)})


def test_flips_both_ways(tmp_path: Path) -> None:
    found = between(tmp_path, run("++++----"), run("+--+-+--"))
    assert [flip["video"] for flip in found["lost"]] == ["0001.mp4", "0002.mp4"]
    assert found["gained"] == [
        {"video": "0005.mp4", "label": "a", "before": "b", "before_prob": 0.9, "after": "a", "after_prob": 0.9}
    ]
    assert (found["num_videos"], found["num_identical"], found["num_other_class"]) == (8, 5, 3)
    assert (found["before_top1"], found["after_top1"], found["drop"]) == (0.5, 0.375, 0.125)
    assert (found["before_top5"], found["after_top5"]) == (1.0, 1.0)
    assert found["mcnemar_p"] == 1.0


def test_a_wrong_answer_that_becomes_another_is_no_flip(tmp_path: Path) -> None:
    after = Run({"m": [Video("0000.mp4", 0, [sure(2)]), Video("0001.mp4", 0, [sure(0)])]})
    found = between(tmp_path, run("-+"), after)
    assert (found["lost"], found["gained"], found["num_other_class"]) == ([], [], 1)


def test_order_changes_nothing(tmp_path: Path) -> None:
    before, after = videos_of("++--+"), videos_of("+-+-+")
    one = between(tmp_path / "one", Run({"m": before}), Run({"m": after}))
    other = between(tmp_path / "other", Run({"m": before[::-1]}), Run({"m": after[::-1]}))
    assert one == other


def test_identical(tmp_path: Path) -> None:
    found = between(tmp_path, run("++-"), run("++-"))
    assert (found["num_identical"], found["drift"]["mean"], found["drift"]["largest"]) == (3, 0.0, 0.0)


def test_drift_by_hand(tmp_path: Path) -> None:
    """The baseline's best class goes from 0.8 to 0.4 in one video, and in the other stays: ln 2 / 2."""
    before = Run({"m": [Video("a.mp4", 0, [sure(0, 0.8)]), Video("b.mp4", 0, [sure(0, 0.8)])]})
    after = Run({"m": [Video("a.mp4", 0, [sure(0, 0.4)]), Video("b.mp4", 0, [sure(0, 0.8)])]})
    found = between(tmp_path, before, after)
    assert found["drift"] == {
        "mean": pytest.approx(math.log(2) / 2),
        "largest": pytest.approx(math.log(2)),
        "largest_video": "a.mp4",
    }


def test_drift_of_a_class_that_left_the_best_five(tmp_path: Path) -> None:
    after = [[0.01, 0.3, 0.2, 0.2, 0.2, 0.03, 0.03, 0.03]]
    found = between(tmp_path, Run({"m": [Video("a", 0, [sure(0, 0.8)])]}), Run({"m": [Video("a", 0, after)]}))
    assert found["drift"]["mean"] == pytest.approx(math.log(80))


def test_a_probability_of_0_does_not_decide_alone() -> None:
    assert log_change(1.0, 0.0) == pytest.approx(6 * math.log(10))
    assert log_change(0.0, 0.0) == 0.0


def test_videos_are_known_by_their_hash(tmp_path: Path) -> None:
    before = Run({"m": [Video("old/a.mp4", 0, [sure(0)], sha256="aa")]})
    after = Run({"m": [Video("new/a.mp4", 0, [sure(1)], sha256="aa")]})
    assert [flip["video"] for flip in between(tmp_path, before, after)["lost"]] == ["new/a.mp4"]


def test_another_protocol(tmp_path: Path) -> None:
    after = replace(run("+"), protocol={**PROTOCOL, "num_clips": 3, "short_side_px": 224})
    assert refusal(tmp_path, run("+"), after) == (
        "the run follows another protocol than the baseline: num_clips=3, short_side_px=224, not num_clips=1, "
        "short_side_px=256\n\nhint: run again by the baseline's protocol, or make a baseline by this one"
    )


def test_a_protocol_with_a_part_that_the_other_does_not_know(tmp_path: Path) -> None:
    after = replace(run("+"), protocol={**PROTOCOL, "colour": "grey"})
    assert refusal(tmp_path, run("+"), after).startswith(
        "the run follows another protocol than the baseline: colour='grey', not colour=None"
    )


def test_other_classes(tmp_path: Path) -> None:
    after = Run({"m": [Video("0000.mp4", 0, [[0.5, 0.5]])]}, names=("a", "b"))
    assert refusal(tmp_path, run("+"), after) == "the run has 2 classes, the baseline 8"


def test_the_same_classes_in_another_order(tmp_path: Path) -> None:
    assert refusal(tmp_path, run("+"), replace(run("+"), names=tuple("bacdefgh"))) == (
        "class names of the run ('letters') differ from the baseline's ('letters'): other names, or another order"
    )


def test_another_manifest(tmp_path: Path) -> None:
    before = replace(run("+"), overrides={"data": {"path": "a", "manifest_digest": "11", "sha256": "0"}})
    after = replace(run("+"), overrides={"data": {"path": "a", "manifest_digest": "22", "sha256": "0"}})
    assert refusal(tmp_path, before, after) == (
        f"the run is of another manifest than the baseline: digest 22, not 11{LIST_HINT}"
    )


def test_other_videos(tmp_path: Path) -> None:
    after = Run({"m": [Video(f"other{number}.mp4", 0, [sure(0)]) for number in range(2)]})
    assert refusal(tmp_path, run("++"), after) == (
        f"the run is of another list than the baseline: 2 videos, not 2; 0 of them are the same{LIST_HINT}"
    )


def test_a_part_of_the_videos(tmp_path: Path) -> None:
    assert refusal(tmp_path, run("++++"), run("++")) == (
        f"the run is of another list than the baseline: 2 videos, not 4; 2 of them are the same{LIST_HINT}"
    )


def test_a_longer_list_whose_other_videos_were_dropped(tmp_path: Path) -> None:
    assert refusal(tmp_path, run("++"), replace(run("++"), dropped=["x.mp4"])) == (
        f"the run is of another list than the baseline: 3 videos, not 2; 2 of them are the same{LIST_HINT}"
    )


def test_a_label_taken_away_or_given(tmp_path: Path) -> None:
    labelled = videos_of("++")
    fewer = Run({"m": [labelled[0], replace(labelled[1], label=None)]})
    message = f"the run is of another list than the baseline: 2 videos, not 2; 1 of them are the same{LIST_HINT}"
    assert refusal(tmp_path / "taken", run("++"), fewer) == message
    assert refusal(tmp_path / "given", fewer, run("++")) == message


def test_other_labels(tmp_path: Path) -> None:
    after = Run({"m": [Video("0000.mp4", 1, [sure(0)])]})
    assert refusal(tmp_path, run("+"), after) == (
        f"the run labels videos otherwise than the baseline: '0000.mp4'{LIST_HINT}"
    )


def test_videos_that_the_run_dropped(tmp_path: Path) -> None:
    after = Run({"m": videos_of("++++++")[:1]}, dropped=[f"{number:04d}.mp4" for number in range(1, 6)])
    assert refusal(tmp_path / "a", run("++++++"), after) == (
        "the run lacks 5 of the baseline's 6 videos, and 0 may be missing: "
        "'0001.mp4', '0002.mp4', '0003.mp4' and 2 more\n\n"
        "hint: see why in result.json, or compare the others with --allow-dropped 5"
    )
    found = between(tmp_path / "b", run("++++++"), after, num_allowed_dropped=5)
    assert (found["num_videos"], len(found["missing"])) == (1, 5)


def test_a_run_that_dropped_everything_that_the_baseline_has(tmp_path: Path) -> None:
    before = Run({"m": [Video("a.mp4", 0, [sure(0)])]}, dropped=["b.mp4"])
    after = Run({"m": [Video("b.mp4", 0, [sure(0)])]}, dropped=["a.mp4"])
    assert refusal(tmp_path, before, after, num_allowed_dropped=1) == ("the run dropped all of the baseline's videos")


def test_videos_that_the_baseline_dropped(tmp_path: Path) -> None:
    before = Run({"m": videos_of("+++")[:2]}, dropped=["0002.mp4"])
    found = between(tmp_path, before, run("+++"))
    assert (found["num_videos"], found["added"]) == (2, ["0002.mp4"])


def hashed(outcomes: str, **other_bytes: str) -> list[Video]:
    """Return videos with hashes: those of their names, but for what is given, without the ending."""
    videos = videos_of(outcomes)
    return [replace(video, sha256=other_bytes.get(f"v{video.path[:4]}", video.path)) for video in videos]


def test_a_video_whose_bytes_changed_is_not_one_that_was_dropped(tmp_path: Path) -> None:
    """Both runs dropped the last video; the second scored another file under the name of the first."""
    before = Run({"m": hashed("+++")}, dropped=["9.mp4"])
    after = Run({"m": hashed("+++", v0000="other")}, dropped=["9.mp4"])
    assert refusal(tmp_path, before, after, num_allowed_dropped=1) == (
        "videos have changed since the baseline was made: '0000.mp4'\n\n"
        "hint: bring back the files that the baseline was made on, or make a baseline of these"
    )


def test_a_video_that_the_run_neither_scored_nor_dropped(tmp_path: Path) -> None:
    """Each list has three videos, of which one was dropped, but they are not the same three."""
    before = Run({"m": hashed("+++")[:2]}, dropped=["0002.mp4"])
    after = Run({"m": [hashed("+")[0], Video("x.mp4", 0, [sure(0)], "x")]}, dropped=["y.mp4"])
    assert refusal(tmp_path, before, after, num_allowed_dropped=1) == (
        f"the run is of another list than the baseline: 3 videos, not 3; 1 of them are the same{LIST_HINT}"
    )


def test_dropped_videos_are_named_by_their_paths(tmp_path: Path) -> None:
    after = Run({"m": hashed("+++")[:2]}, dropped=["0002.mp4"])
    assert "0 may be missing: '0002.mp4'\n" in refusal(tmp_path / "a", Run({"m": hashed("+++")}), after)
    found = between(tmp_path / "b", Run({"m": hashed("+++")}), after, num_allowed_dropped=1)
    assert found["missing"] == ["0002.mp4"]


def test_the_video_that_the_protocol_does_not_count(tmp_path: Path) -> None:
    """The last one flips, and neither the result's top-1 nor the comparison sees it."""
    protocol = {**PROTOCOL, "drops_last_video": True}
    before = Run({"m": hashed("+++-")}, protocol=protocol)
    found = between(tmp_path / "a", before, Run({"m": hashed("++++")}, protocol=protocol))
    assert (found["num_videos"], found["after_top1"], found["gained"]) == (3, 1.0, [])
    shorter = Run({"m": hashed("+++")}, protocol=protocol, dropped=["0003.mp4"])
    found = between(tmp_path / "b", before, shorter, num_allowed_dropped=1)
    assert (found["num_videos"], found["missing"]) == (2, ["0002.mp4"])


def test_videos_that_moved_are_the_same_answers(tmp_path: Path) -> None:
    before = Run({"m": [Video("old/a.mp4", 0, [sure(0)], sha256="aa")]})
    after = Run({"m": [Video("new/a.mp4", 0, [sure(0)], sha256="aa")]})
    assert between(tmp_path, before, after)["num_identical"] == 1


def test_one_video(tmp_path: Path) -> None:
    found = between(tmp_path, run("+"), run("-"))
    assert (found["drop"], found["drop_upper_bound"], found["mcnemar_p"]) == (1.0, pytest.approx(1.0), 1.0)
