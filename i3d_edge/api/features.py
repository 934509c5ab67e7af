"""Features of videos: what the network's classifier would read, clip after clip, as arrays."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.environment import versions
from i3d_edge.core.errors import ArgumentError, ClipShapeError, OutputError, VideoError
from i3d_edge.core.files import StrPath, check_output, make_folder, staged
from i3d_edge.core.schema import Format, Positive, check_arguments, to_json
from i3d_edge.runtime import Classification, Source, VideoClassifier, ViewOptions, find_sources
from i3d_edge.runtime.frames.preprocess import TEN_CROPS
from i3d_edge.runtime.frames.sources import CLIP_SUFFIX, VIDEO_SUFFIXES
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.inference.ir import ir_sha256

Layer = Literal["embedding", "mean", "logits"]
FileFormat = Literal["rows", "per-crop", "ms-tcn"]
"""How features lie in files. "rows": one .npy, (T, C), or (T, 10, C) with ten crops. "per-crop": an .npy for each
crop, `NAME__0.npy` and so on, (T, C). "ms-tcn": one .npy, (C, frames of the video), where each frame has the row of the
clip whose middle is nearest."""

_OTHER_HINT = "choose another folder, or pass --force to replace them"
_POOLING: Mapping[Layer, str] = {
    "embedding": "averaged as the classifier reads them: over a pool's window, then over its places",
    "mean": "averaged over all frames and places of the last feature map",
    "logits": "as 'embedding', then the classifier",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOptions:
    """Which features are taken of a video.

    Attributes:
        stride: Samples from one clip's start to the next one's. A rest at the end that fills no clip is left out.
        layer: "embedding" is what the classifier reads; "mean" the last feature map, averaged; "logits".
        ten_crop: Take `TEN_CROPS` of each clip instead of the centre.
        every_frame: Whether a video's own frames are the samples, at whatever rate, instead of the model's rate.
        frames_fps: The rate of folders of images and of raw streams, where it is not stated or wrong.

    Raises:
        ArgumentError: If one is not as said.
    """

    stride: Positive = 16
    layer: Layer = "embedding"
    ten_crop: bool = False
    every_frame: bool = False
    frames_fps: Fraction | None = None

    def __post_init__(self) -> None:
        check_arguments(FeatureOptions, stride=self.stride, layer=self.layer)


@dataclass(frozen=True, slots=True)
class Features:
    """The features of one video.

    Attributes:
        values: Shape (T, C), or (T, 10, C) with ten crops; float32. Of two models the second's follow the first's.
        start_s: Of each row's clip, from the video's first frame.
        end_s: Where its last frame ends; beyond the video's end where a short video repeats.
        video: The answer of the first model, for the video's length, rate and warnings.
    """

    values: Float32Array
    start_s: tuple[float, ...]
    end_s: tuple[float, ...]
    video: Classification

    def per_frame(self) -> Float32Array:
        """Return for each frame of the video the row of the clip whose middle is nearest; shape (C, num_frames)."""
        middles = np.add(self.start_s, self.end_s) / 2
        times = (np.arange(self.video.num_frames) + 0.5) / self.video.mean_fps
        rows = np.searchsorted((middles[1:] + middles[:-1]) / 2, times)
        return np.ascontiguousarray(self.values[rows].T)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRecord:
    """What the JSON file beside arrays of features says.

    Attributes:
        settings: All that decides what features are, from `FeatureExtractor`, and how they lie in files.
        video: Its name and size, length and rate, and what a user should know of it.
        arrays: Shape and dtype of each array, by the name of its file.
        rows: `start_s` and `end_s` of each row's clip.
        made_with: Versions of packages.
    """

    settings: Mapping[str, Any]
    video: Mapping[str, Any]
    arrays: Mapping[str, Mapping[str, Any]]
    rows: Mapping[str, tuple[float, ...]]
    made_with: Mapping[str, str]


_RECORDS = Format(
    kind=FeatureRecord,
    noun="description of features",
    error=OutputError,
    version=1,
    hint=_OTHER_HINT,
    version_hint=_OTHER_HINT,
)


class FeatureExtractor:
    """Takes features of videos, with one model or with two: RGB and flow.

    Attributes:
        engines: What runs the models.
        settings: All that decides what features are, as JSON values.

    Example:
        >>> with FeatureExtractor(["rgb.xml"]) as extractor:  # doctest: +SKIP
        ...     [found] = extractor.extract(["cricket.avi"])
    """

    def __init__(
        self,
        models: Sequence[StrPath],
        options: FeatureOptions = FeatureOptions(),
        *,
        flow: Any = None,
        **engine: Any,
    ) -> None:
        """Load the models.

        Args:
            models: The .xml of an IR, or of two that take clips of the same length, rate and size.
            options: Which features.
            flow: How the last model's optical flow is computed, see `VideoClassifier`.
            engine: Further arguments of `VideoClassifier`.

        Raises:
            IRError, DeviceError: If a model cannot be read or compiled, or has no such features.
            ClipShapeError: If two models take different clips.
        """
        self.options = options
        self._stack = ExitStack()
        self._classifiers: list[VideoClassifier] = []
        for number, path in enumerate(models, start=1):
            arguments = {"mode": "throughput", **engine, "extras": [options.layer]}
            arguments["flow"] = flow if number == len(models) else None
            classifier = self._stack.enter_context(VideoClassifier(path, **arguments))
            if options.every_frame:
                classifier.spec = replace(classifier.spec, frame_rate_fps=None)
            self._classifiers.append(classifier)
        self.spec, *others = [classifier.spec for classifier in self._classifiers]
        for other in others:
            if other.clip_form[1:] != self.spec.clip_form[1:]:
                raise ClipShapeError(f"the models take different clips: {self.spec.title()} and {other.title()}")
        self.engines: Sequence[Engine] = [classifier.engine for classifier in self._classifiers]
        self.settings = self._describe(models)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def extract(self, videos: Sequence[StrPath | Source]) -> Iterator[Features | VideoError | ClipShapeError]:
        """Yield the features of each video, or the error that kept it from them; the next ones are decoded meanwhile.

        Clips that overlap are computed in steps where that is less work, see `Overlap`.
        """
        options = self.options
        crops: Literal[1, 10] = 10 if options.ten_crop else 1
        views = ViewOptions(hop=options.stride, num_crops=crops, covers_end=False, frames_fps=options.frames_fps)
        answers = [classifier.classify_all(videos, views, k=1) for classifier in self._classifiers]
        for results in zip(*answers, strict=True):
            done = [result for result in results if isinstance(result, Classification)]
            failed = [result for result in results if not isinstance(result, Classification)]
            yield failed[0] if failed else self._join(done)

    def _join(self, results: Sequence[Classification]) -> Features:
        values = np.concatenate(
            [np.stack([view.extras[self.options.layer] for view in result.views]) for result in results], axis=1
        )
        clips = results[0].views
        if self.options.ten_crop:
            clips = clips[:: len(TEN_CROPS)]
            values = values.reshape(len(clips), len(TEN_CROPS), -1)
        return Features(values, tuple(view.start_s for view in clips), tuple(view.end_s for view in clips), results[0])

    def _describe(self, models: Sequence[StrPath]) -> dict[str, Any]:
        spec, options = self.spec, self.options
        return {
            "layer": options.layer,
            "pooling": _POOLING[options.layer],
            "frame_rate_fps": "source" if spec.frame_rate_fps is None else str(spec.frame_rate_fps),
            "clip_frames": spec.num_frames,
            "clip_frame_stride": spec.frame_stride,
            "stride": options.stride,
            "resize": spec.framing(),
            "crops": list(TEN_CROPS if options.ten_crop else TEN_CROPS[:1]),
            "models": [
                self._describe_model(Path(path), classifier)
                for path, classifier in zip(models, self._classifiers, strict=True)
            ],
        }

    def _describe_model(self, path: Path, classifier: VideoClassifier) -> dict[str, Any]:
        spec, (xml, weights) = classifier.spec, ir_sha256(path)
        return {
            "title": spec.title(),
            "stream": spec.stream,
            "flow": classifier.flow,
            "origin": spec.origin,
            "fingerprint": spec.fingerprint,
            "frozen_graph_sha256": spec.frozen_graph_sha256,
            "sha256": xml,
            "weights_sha256": weights,
            "executed_precision": classifier.precision,
            "device": classifier.device,
        }


class FeatureFolder:
    """Where features are kept: for each video arrays and, written last, a JSON file that says what they are."""

    def __init__(
        self, folder: StrPath, settings: Mapping[str, Any], *, file_format: FileFormat = "rows", force: bool = False
    ) -> None:
        """Make the folder.

        Args:
            folder: It may hold features already.
            settings: Of the extractor.
            file_format: How features lie in files.
            force: Replace files that are there, and are not what would be written.

        Raises:
            ArgumentError: If the format has no place for ten crops, or is none.
            OutputError: If the folder cannot be written.
        """
        check_arguments(FeatureFolder.__init__, file_format=file_format)
        if file_format == "ms-tcn" and len(settings["crops"]) > 1:
            raise ArgumentError("features for MS-TCN are of one crop", hint="leave out ten crops")
        self._folder, self._format, self._force = Path(folder), file_format, force
        self._settings = {**settings, "format": file_format}
        make_folder(self._folder)

    def pending(self, sources: Sequence[Source]) -> list[Source]:
        """Return the sources whose features are not there yet.

        Raises:
            ArgumentError: If files of two sources would have the same name.
            OutputError: If there are features of other settings, or arrays of unknown ones (without `force`).
        """
        by_stem: dict[str, Source] = {}
        for source in sources:
            other = by_stem.setdefault(_stem(source), source)
            if other is not source:
                raise ArgumentError(
                    f"the features of {other.name!r} and {source.name!r} would have the same name",
                    hint="give each folder an output folder of its own",
                )
        return [source for stem, source in by_stem.items() if not self._is_finished(stem, source)]

    def write(self, source: Source, features: Features) -> dict[Path, tuple[int, ...]]:
        """Write the features of a pending video, all or nothing; return the arrays' files and shapes.

        Raises:
            OutputError: If they cannot be written.
        """
        stem, video, values = _stem(source), features.video, features.values
        if self._format == "per-crop":
            found = values.reshape(len(values), len(self._settings["crops"]), -1).swapaxes(0, 1)
        else:
            found = (features.per_frame() if self._format == "ms-tcn" else values)[np.newaxis]
        arrays = dict(zip(self._names(stem), found, strict=True))
        record = FeatureRecord(
            settings=self._settings,
            video={
                "name": source.name,
                "num_bytes": _num_bytes(source),
                **{name: getattr(video, name) for name in ("duration_s", "num_frames", "mean_fps", "warnings")},
            },
            arrays={name: {"shape": array.shape, "dtype": array.dtype.name} for name, array in arrays.items()},
            rows={"start_s": features.start_s, "end_s": features.end_s},
            made_with=versions(),
        )
        with staged(path := self._folder / f"{stem}.json", force=True) as temporary:
            for name, array in arrays.items():
                np.save(temporary.with_name(name), array)
            temporary.write_text(to_json(record, version=_RECORDS.version), encoding="utf-8")
            path.unlink(missing_ok=True)  # it must not describe what comes into place before its successor
        return {self._folder / name: array.shape for name, array in arrays.items()}

    def _names(self, stem: str) -> list[str]:
        if self._format == "per-crop":
            return [f"{stem}__{number}.npy" for number in range(len(self._settings["crops"]))]
        return [f"{stem}.npy"]

    def _is_finished(self, stem: str, source: Source) -> bool:
        path = self._folder / f"{stem}.json"
        if not os.path.lexists(path):
            for name in self._names(stem):
                check_output(self._folder / name, force=self._force)
            return False
        try:
            record = _RECORDS.read(path)
        except OutputError:
            if not self._force:
                raise
            return False
        changed = [name for name, value in self._settings.items() if record.settings.get(name) != value]
        changed += ["video"] if record.video.get("num_bytes") != _num_bytes(source) else []
        if changed and not self._force:
            raise OutputError(f"{str(path)!r} describes other features: {', '.join(changed)}", hint=_OTHER_HINT)
        return not changed and all((self._folder / name).is_file() for name in record.arrays)


def extract_features(
    videos: Sequence[StrPath],
    models: Sequence[StrPath],
    output: StrPath,
    options: FeatureOptions = FeatureOptions(),
    *,
    file_format: FileFormat = "rows",
    force: bool = False,
    **engine: Any,
) -> Iterator[tuple[str, Features | VideoError | ClipShapeError]]:
    """Write the features of videos to a folder, leaving out videos whose features are there.

    Args:
        videos: Files, patterns, folders of videos or of numbered images, and .npy clips.
        models: See `FeatureExtractor`.
        output: The folder.
        options: Which features.
        file_format: How they lie in files.
        force: Replace features of other settings.
        engine: Further arguments of `FeatureExtractor`.

    Yields:
        The name of each video that was not done yet, and its features or the error that kept it from them.

    Raises:
        IRError, DeviceError, ClipShapeError: As `FeatureExtractor` says.
        ArgumentError, OutputError: As `FeatureFolder` says.

    Example:
        >>> for name, found in extract_features(["clips"], ["rgb.xml"], "features"): print(name, found)
    """
    with (
        FeatureExtractor(models, options, **engine) as extractor,
        find_sources([str(path) for path in videos], extractor.spec, frames_fps=options.frames_fps) as sources,
    ):
        folder = FeatureFolder(output, extractor.settings, file_format=file_format, force=force)
        pending = folder.pending(sources)
        for source, found in zip(pending, extractor.extract(pending), strict=True):
            if isinstance(found, Features):
                folder.write(source, found)
            yield source.name, found


def _stem(source: Source) -> str:
    path = Path(os.path.abspath(source.name))
    return path.stem if path.suffix.lower() in {*VIDEO_SUFFIXES, CLIP_SUFFIX} else path.name


def _num_bytes(source: Source) -> int | None:
    return os.path.getsize(source.name) if os.path.isfile(source.name) else None
