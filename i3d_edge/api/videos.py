"""Classifying videos, and watching live sources."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from i3d_edge.core.device import normalise_device
from i3d_edge.core.errors import VideoDecodeError
from i3d_edge.core.files import StrPath
from i3d_edge.core.messages import LOG, Say

if TYPE_CHECKING:
    from i3d_edge.core.cluster import Cluster
    from i3d_edge.core.errors import ClipShapeError, VideoError
    from i3d_edge.core.spec import ModelSpec
    from i3d_edge.runtime import Classification, Engine, Source, VideoClassifier, ViewOptions
    from i3d_edge.runtime.inference.engine import Mode
    from i3d_edge.runtime.live import LiveStream, StreamOptions


def best_mode(videos: Sequence[StrPath], views: ViewOptions) -> Mode:
    """Return "latency" for one clip of one file, and "throughput" for everything else."""
    is_one_file = len(videos) == 1 and not glob.has_magic(str(videos[0])) and not os.path.isdir(videos[0])
    has_one_view = views.hop is None and views.num_clips == views.num_crops == 1
    return "latency" if is_one_file and has_one_view else "throughput"


def classify_videos(
    videos: Sequence[StrPath],
    model: StrPath,
    views: ViewOptions | None = None,
    *,
    k: int = 5,
    cluster: Cluster | None = None,
    **engine: Any,
) -> Iterator[tuple[str, Classification | VideoError | ClipShapeError]]:
    """Label the action in videos, decoding ahead.

    Args:
        videos: Files, addresses, patterns, lists, folders of videos or of numbered images, and .npy clips.
        model: The IR's .xml.
        views: Which clips and crops of each video; the centre clip if None.
        k: Classes in each answer.
        cluster: Classify there; None is in this process.
        engine: Further arguments of `VideoClassifier`: device, inference_precision, mode, num_streams, num_threads,
            cache, spec, flow.

    Yields:
        Each video's name, and its answer or the error that kept it from one.

    Raises:
        IRError, DeviceError: If the model cannot be read or compiled.

    Example:
        >>> for name, answer in classify_videos(["clips"], "rgb.xml"): print(name, answer)
    """
    from i3d_edge.runtime import VideoClassifier, ViewOptions, find_sources

    views = views or ViewOptions()
    engine.setdefault("mode", best_mode(videos, views))
    with (
        VideoClassifier(model, **engine) as classifier,
        find_sources([str(path) for path in videos], classifier.spec, frames_fps=views.frames_fps) as sources,
    ):
        answers = classify_sources(classifier, sources, views, k, cluster, Path(model), engine)
        yield from zip((source.name for source in sources), answers, strict=True)


def classify_sources(
    classifier: VideoClassifier,
    sources: Sequence[Source],
    views: ViewOptions,
    k: int,
    cluster: Cluster | None,
    model: Path,
    engine: dict[str, Any],
    say: Say = LOG.info,
) -> Iterator[Classification | VideoError | ClipShapeError]:
    """Classify here, or by classifiers of the same model and arguments `engine` on a cluster, see `ask_cluster`."""
    if cluster is None:
        return classifier.classify_all(sources, views, k=k)
    from i3d_edge.core.cluster import ask_cluster
    from i3d_edge.runtime.inference.ir import ir_sha256

    there = {**engine, "num_threads": cluster.num_threads}
    opening = partial(_open_classifier, model, ir_sha256(model), views, k, there)
    return ask_cluster(cluster, opening, sources, lost_video, say)


def lost_video(source: Source, reason: str) -> VideoDecodeError:
    """Return the error for a video that its worker gave no answer for."""
    return VideoDecodeError(f"cannot use video {source.name!r}: {reason}")


def _open_classifier(
    model: Path, sha256: object, views: ViewOptions, k: int, engine: dict[str, Any]
) -> Callable[[Source], Classification | VideoError | ClipShapeError]:
    from i3d_edge.core.errors import DeviceError
    from i3d_edge.runtime import VideoClassifier
    from i3d_edge.runtime.inference.ir import ir_sha256

    if ir_sha256(model) != sha256:
        raise DeviceError("its model files are others")
    classifier = VideoClassifier(model, **engine)
    return lambda source: next(classifier.classify_all([source], views, k=k))


def open_stream(
    source: str,
    model: StrPath,
    options: StreamOptions | Callable[[ModelSpec], StreamOptions] | None = None,
    *,
    say: Say = LOG.info,
    compiled: Callable[[Engine], None] = lambda _engine: None,
    **engine: Any,
) -> LiveStream:
    """Open a live source, and compile a model for it; iterate over it for answers and events.

    Args:
        source: A file, `camera:N`, `/dev/videoN`, `rtsp://...`, `http(s)://...`, or `-` for standard input.
        model: The .xml of an IR, of clips or of steps.
        options: How the stream is read and watched, or a function that says so of the model.
        say: Called with messages for the user, from any thread.
        compiled: Called with the engine, once the source is open.
        engine: Further arguments of `Engine`: device, inference_precision, num_threads, cache, spec_path.

    Raises:
        IRError, DeviceError: If the model cannot be read or compiled.
        StreamError: If the source cannot be reached or, while iterating, if it is lost.

    Example:
        >>> for event in open_stream("rtsp://camera.local/stream1", "rgb_int8.xml"): print(event.to_json())
    """
    import openvino as ov

    from i3d_edge.runtime.inference.devices import require_device
    from i3d_edge.runtime.inference.ir import read_ir
    from i3d_edge.runtime.live import LiveStream
    from i3d_edge.runtime.live.answers import StreamAnswers, open_engines

    ir = read_ir(Path(model), spec_path=engine.get("spec_path"), steps=True)
    require_device(ov.Core(), normalise_device(engine.get("device", "CPU")))
    options = options(ir[1]) if callable(options) else options
    stream = LiveStream(
        source, ir[1], lambda clip: answers.infer(clip), options, restart=lambda: answers.restart(), say=say
    )
    try:
        stream.open()
        own, window = open_engines(Path(model), ir, say=say, **engine)
        answers = StreamAnswers(own, window=window, is_behind=lambda: stream.is_behind)
        compiled(own)
    except BaseException:
        stream.close()
        raise
    return stream
