"""VideoClassifier: a video in, labelled actions out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from i3d_edge.errors import VideoError
from i3d_edge.spec import ModelSpec
from runtime.ahead import prepare_ahead
from runtime.clip import VideoClips, clips_of_frames, read_clips
from runtime.engine import Engine
from runtime.prediction import Classification, View, top_k

UInt8Array = npt.NDArray[np.uint8]


class VideoClassifier:
    """Labels the action in a video with a self-describing IR.

    Example:
        >>> with VideoClassifier("i3d.xml") as classifier:  # doctest: +SKIP
        ...     print(classifier.classify("cricket.avi").predictions[0].label)
        playing cricket
    """

    def __init__(
        self,
        ir: str | PathLike[str],
        *,
        device: str = "CPU",
        inference_precision: str | None = None,
        spec: str | PathLike[str] | None = None,
    ) -> None:
        """Load a model.

        Args:
            ir: The IR's .xml, as `i3d convert` writes it.
            device: An OpenVINO device.
            inference_precision: "f32", "bf16" or "f16"; None leaves it to the device.
            spec: A JSON file that describes an IR which does not describe itself.

        Raises:
            IRError: If the IR is incomplete or does not describe itself.
            DeviceError: If the device is absent or refuses the model.
        """
        self._engine: Engine | None = Engine(
            Path(ir),
            device=device,
            inference_precision=inference_precision,
            spec_path=None if spec is None else Path(spec),
        )
        self.spec: ModelSpec = self._engine.spec
        self.device = device
        self.precision = self._engine.precision

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the compiled model. The classifier cannot be used afterwards."""
        self._engine = None

    def classify(self, video: str | PathLike[str] | UInt8Array, *, k: int = 5, num_clips: int = 1) -> Classification:
        """Label one video.

        Args:
            video: A file that FFmpeg decodes; or frames, shape (F, H, W, 3), uint8, RGB 0..255, sampled at
                `spec.frame_rate_fps`.
            k: How many classes to return.
            num_clips: 1 for the centre clip; more are spread over the video and their probabilities averaged.

        Raises:
            VideoError: One of its kinds, if the file cannot be used.
            ClipShapeError: If frames have another shape or dtype.
        """
        if isinstance(video, np.ndarray):
            clips = clips_of_frames(video, self.spec, num_clips=num_clips)
        else:
            clips = read_clips(Path(video), self.spec, num_clips=num_clips)
        return self._answer(clips, k)

    def classify_all(
        self, videos: Iterable[str | PathLike[str]], *, k: int = 5, num_clips: int = 1
    ) -> Iterator[Classification | VideoError]:
        """Label videos one after the other, decoding the next ones meanwhile.

        Args:
            videos: Files that FFmpeg decodes; taken only a few ahead.
            k: How many classes to return.
            num_clips: As for `classify`.

        Yields:
            For each video in turn what `classify` returns, or the VideoError that it raises.
        """
        reading = prepare_ahead(lambda path: read_clips(Path(path), self.spec, num_clips=num_clips), videos)
        for _, result in reading:
            try:
                clips = result()
            except VideoError as error:
                yield error
            else:
                yield self._answer(clips, k)

    def _answer(self, clips: VideoClips, k: int) -> Classification:
        if self._engine is None:
            raise ValueError("classifier is closed")
        views = tuple(
            View(
                clip.start_s,
                clip.end_s,
                self._engine.probabilities(clip.to_layout(self.spec.layout)),
                clip.clip,
                clip.crop,
            )
            for clip in clips.clips
        )
        return Classification(
            predictions=top_k(np.mean([view.probabilities for view in views], axis=0), self.spec.labels, k),
            views=views,
            duration_s=clips.duration_s,
            num_frames=clips.num_frames,
            mean_fps=clips.mean_fps,
            warnings=clips.warnings,
        )
