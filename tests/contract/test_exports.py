import subprocess
import sys

import i3d_edge


def test_the_public_names() -> None:
    assert i3d_edge.__all__ == [
        "Classification",
        "Cluster",
        "Event",
        "EventRules",
        "FeatureExtractor",
        "FeatureOptions",
        "I3DError",
        "LabelRules",
        "LabelSet",
        "LiveStream",
        "ModelSpec",
        "Prediction",
        "StreamOptions",
        "VideoClassifier",
        "ViewOptions",
        "WindowAnswer",
        "annotate_video",
        "bench_models",
        "classify_videos",
        "compare_run",
        "compare_stages",
        "convert_graph",
        "convert_weights",
        "explain",
        "freeze_checkpoint",
        "learn_ir",
        "merge_runs",
        "open_stream",
        "quantize_ir",
        "replay_events",
        "run_accuracy",
        "score_events",
        "score_reviews",
        "write_page",
        "write_report",
    ]
    assert dir(i3d_edge) == i3d_edge.__all__
    for name in i3d_edge.__all__:
        assert getattr(i3d_edge, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    code = "import i3d_edge; i3d_edge.nonsense"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "AttributeError: module 'i3d_edge' has no attribute 'nonsense'" in result.stderr


def test_every_error_is_below_the_base() -> None:
    from i3d_edge.core import errors

    kinds = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    for kind in kinds.values():
        assert issubclass(kind, errors.I3DError)
        assert kind.__doc__
