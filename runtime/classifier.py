"""VideoClassifier: a video in, labelled actions out."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from i3d_edge.core.arrays import Array
from i3d_edge.core.errors import ClipShapeError, VideoError
from i3d_edge.core.schema import check_arguments
from i3d_edge.core.spec import Fusion, ModelSpec
from i3d_edge.runtime.frames.sources import Source, source_of_frames, source_of_path
from i3d_edge.runtime.fusion import fuse
from i3d_edge.runtime.inference.answers import Answer
from i3d_edge.runtime.inference.engine import Engine, Mode
from i3d_edge.runtime.inference.head import Extra
from i3d_edge.runtime.inference.inputs import Inputs, model_inputs
from i3d_edge.runtime.overlap import Overlap, StepEngines
from i3d_edge.runtime.prediction import Classification, View, top_k
from i3d_edge.runtime.views.decoding import DecodePool, Outcome, Restart
from i3d_edge.runtime.views.flow import FlowMethod, flow_method
from i3d_edge.runtime.views.options import ViewOptions
from i3d_edge.runtime.views.plan import Clip, ViewPlan

Frames = Array

# Answers that are ready wait no longer than this for the next view to be decoded.
_IDLE_S = 0.02
_MOST_DECODERS = 8
MOST_FEATURE_MAPS_BYTES = 1 << 30
"""What the feature maps of one video's views may fill: of about 500 clips of I3D."""


class VideoClassifier:
    """Labels the action in a video with a self-describing IR. Thread-safe, but not to be used across `os.fork()`.

    Attributes:
        spec: What the model is.
        device: As asked for.
        precision: What most convolutions really run in.
        flow: How optical flow is computed, "tvl1" or "dis"; None where the model takes none.

    Example:
        >>> with VideoClassifier("i3d.xml") as classifier:  # doctest: +SKIP
        ...     print(classifier.classify("cricket.avi").predictions[0].label)
        playing cricket
    """

    def __init__(
        self,
        ir: str | PathLike[str] | Engine,
        *,
        device: str = "CPU",
        inference_precision: str | None = None,
        mode: Mode = "latency",
        num_streams: int | None = None,
        num_threads: int | None = None,
        cache: str | PathLike[str] | None = None,
        spec: str | PathLike[str] | None = None,
        flow: FlowMethod | None = None,
        extras: Sequence[Extra] = (),
    ) -> None:
        """Load a model.

        Args:
            ir: The IR's .xml, as `i3d convert` writes it; or an engine, which others may use too, and to which no
                argument but `flow` applies.
            device: An OpenVINO device.
            inference_precision: "f32", "bf16" or "f16"; None leaves it to the device.
            mode: "latency" answers one clip soonest; "throughput" runs several at once, for many videos or views.
            num_streams: How many clips run at once; None leaves it to the device and the mode.
            num_threads: That inference may use, on a CPU; None is all cores.
            cache: A folder where compiled models are kept, for a quicker start; None for none.
            spec: A JSON file that describes an IR which does not describe itself.
            flow: How optical flow is computed for a flow or joint model: "tvl1", as DeepMind did and if not given,
                or "dis".
            extras: What each `View` is to have beside its probabilities, see `Extra`.

        Raises:
            IRError: If the IR is incomplete or does not describe itself, or its network does not end as `extras` need.
            DeviceError: If the device is absent or refuses the model.
            OutputError: If the cache cannot be written.
            ClipShapeError: If `flow` is given and the model takes RGB alone.
            DependencyError: If OpenCV lacks the method of flow.
        """
        self._step_engines: StepEngines | None = None
        if not isinstance(ir, Engine):
            settings: dict[str, Any] = {
                "device": device,
                "inference_precision": inference_precision,
                "num_threads": num_threads,
                "cache": None if cache is None else Path(cache),
                "spec_path": None if spec is None else Path(spec),
                "extras": tuple(extras),
            }
            self._step_engines = StepEngines(Path(ir), **settings)
            ir = Engine(Path(ir), mode=mode, num_streams=num_streams, **settings)
        self._engine: Engine | None = ir
        self.spec: ModelSpec = ir.spec
        self.flow = flow_method(self.spec, flow)
        self.device = ir.device
        self.precision = ir.precision
        self._num_decoders = min(_MOST_DECODERS, os.cpu_count() or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the model. The classifier cannot be used afterwards."""
        self._engine = None
        if self._step_engines:
            self._step_engines.close()

    @property
    def engine(self) -> Engine:
        """What runs the model; raises ValueError if the classifier is closed, ForkError in a child of its process."""
        if self._engine is None:
            raise ValueError("classifier is closed")
        _ = self._engine.compiled
        return self._engine

    def classify(
        self, video: str | PathLike[str] | Frames | Source, views: ViewOptions | None = None, *, k: int = 5
    ) -> Classification:
        """Label one video.

        Args:
            video: A file that FFmpeg decodes; a folder of numbered images; an .npy clip; or frames, see `ClipArray.of`,
                sampled at `spec.frame_rate_fps`.
            views: Which clips and crops of it; the centre clip if not given.
            k: How many classes to return.

        Raises:
            VideoError: One of its kinds, if the file cannot be used.
            ClipShapeError: If frames have another shape, dtype or range.
            ArgumentError: If `k` is less than 1.
        """
        [result] = self.classify_all([video], views, k=k)
        if not isinstance(result, Classification):
            raise result
        return result

    def classify_all(
        self, videos: Iterable[str | PathLike[str] | Frames | Source], views: ViewOptions | None = None, *, k: int = 5
    ) -> Iterator[Classification | VideoError | ClipShapeError]:
        """Label videos in order, decoding a few ahead; yield for each what `classify` returns or raises.

        Of the extra "feature_map" a video's first views are kept, in `MOST_FEATURE_MAPS_BYTES`; later ones have none.
        """
        check_arguments(top_k, k=k)
        wanted = views or ViewOptions()
        plan = ViewPlan.of_spec(self.spec, wanted, flow=self.flow)
        overlap = Overlap(self._step_engines, self.spec, wanted)
        sources = (self._source(video, wanted) for video in videos)
        seen: list[View] = []
        with (
            DecodePool(sources, plan, num_workers=1 if self.flow else self._num_decoders) as pool,
            closing(self.engine.answers(self._questions(pool, overlap))) as answers,
        ):
            for (item, in_steps), of_clip in answers:
                answer = in_steps if of_clip is None else of_clip
                if isinstance(item, Clip):
                    assert answer is not None
                    place = (item.start_s, item.end_s, np.asarray(answer), item.clip, item.crop)
                    extras = dict(answer.extras)
                    if "feature_map" in extras and extras["feature_map"].nbytes * len(seen) >= MOST_FEATURE_MAPS_BYTES:
                        del extras["feature_map"]
                    seen.append(View(*place, extras))
                elif isinstance(item, Restart):
                    seen.clear()
                elif isinstance(item, Outcome):
                    yield item.error or self._conclude(seen, item, k, wanted.fusion or self.spec.head.view_fusion)
                    seen = []

    def _questions(
        self, pool: DecodePool[Source], overlap: Overlap
    ) -> Iterator[tuple[tuple[Clip | Restart | Outcome | None, Answer | None], Inputs | None]]:
        """Yield each view with its answer or what the engine is asked of it, and what else happens without either."""
        for feed in pool:
            for item in feed.views(_IDLE_S):
                if not isinstance(item, Clip):
                    yield (item, None), None
                elif (answer := overlap.answer(item)) is None:
                    yield (item, None), model_inputs(item, self.spec)
                else:
                    yield (item, answer), None
            yield (feed.outcome, None), None

    def _conclude(self, views: Sequence[View], outcome: Outcome, k: int, fusion: Fusion) -> Classification:
        timeline = outcome.timeline
        assert timeline is not None
        predictions = top_k(fuse(fusion, np.stack([view.probabilities for view in views])), self.spec.labels, k)
        least = self.spec.none_below
        return Classification(
            predictions=predictions,
            views=tuple(views),
            duration_s=timeline.duration_s,
            num_frames=timeline.num_frames,
            mean_fps=timeline.mean_fps,
            warnings=outcome.warnings,
            flow=outcome.flow,
            none_of_these=None if least is None else predictions[0].prob < least,
        )

    def _source(self, video: str | PathLike[str] | Frames | Source, views: ViewOptions) -> Source:
        if isinstance(video, Source):
            return video
        if isinstance(video, np.ndarray):
            return source_of_frames(video, self.spec)
        return source_of_path(Path(video), self.spec, frames_fps=views.frames_fps)
