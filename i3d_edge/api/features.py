"""Features of videos: what the network's classifier would read, clip after clip, as arrays."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from i3d_edge.api.videos import lost_video
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.cluster import Cluster, ask_cluster
from i3d_edge.core.environment import versions
from i3d_edge.core.errors import ArgumentError, ClipShapeError, DeviceError, OutputError, VideoError
from i3d_edge.core.files import StrPath, check_output, make_folder, staged
from i3d_edge.core.messages import LOG, Say
from i3d_edge.core.progress import track
from i3d_edge.core.schema import Format, Positive, check_arguments, to_json
from i3d_edge.runtime import Classification, Source, VideoClassifier, ViewOptions, find_sources
from i3d_edge.runtime.frames.preprocess import TEN_CROPS
from i3d_edge.runtime.frames.sources import CLIP_SUFFIX, VIDEO_SUFFIXES
from i3d_edge.runtime.inference.ir import ir_sha256

Layer = Literal["embedding", "mean", "logits"]
FileFormat = Literal["rows", "per-crop", "ms-tcn"]
_POOLING: Mapping[Layer, str] = {
    "embedding": "averaged as the classifier reads them: over a pool's window, then over its places",
    "mean": "averaged over all frames and places of the last feature map",
    "logits": "as 'embedding', then the classifier",
}
_HINT = "choose another folder, or pass --force to replace them"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOptions:
    """Which features are taken of a video; raises ArgumentError if there are no such ones."""

    stride: Positive = 16  # samples from one clip's start to the next one's; a rest that fills no clip is left out
    layer: Layer = "embedding"  # what the classifier reads; or the last feature map, averaged; or logits
    ten_crop: bool = False  # `TEN_CROPS` of each clip instead of the centre
    every_frame: bool = False  # the video's own frames are the samples, instead of the model's rate
    frames_fps: Fraction | None = None  # of folders of images and of raw streams

    def __post_init__(self) -> None:
        check_arguments(FeatureOptions, stride=self.stride, layer=self.layer)


@dataclass(frozen=True, slots=True)
class Features:
    """The features of one video."""

    values: Float32Array  # (T, C), or (T, 10, C) with ten crops; of two models the second's follow the first's
    start_s: tuple[float, ...]  # of each row's clip, from the video's first frame
    end_s: tuple[float, ...]  # beyond the video's end where a short video repeats
    video: Classification  # for the video's length, rate and warnings

    def per_frame(self) -> Float32Array:
        """Return for each frame of the video the row of the clip whose middle is nearest; shape (C, num_frames)."""
        middles = np.add(self.start_s, self.end_s) / 2
        times = (np.arange(self.video.num_frames) + 0.5) / self.video.mean_fps
        return np.ascontiguousarray(self.values[np.searchsorted((middles[1:] + middles[:-1]) / 2, times)].T)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRecord:
    """What the JSON file beside arrays of features says."""

    settings: Mapping[str, Any]  # all that decides what features are, and how they lie in files
    video: Mapping[str, Any]
    arrays: Mapping[str, Mapping[str, Any]]  # shape and dtype by the file's name
    rows: Mapping[str, tuple[float, ...]]
    made_with: Mapping[str, str]


Extracted = Features | VideoError | ClipShapeError
_RECORDS = Format(
    kind=FeatureRecord, noun="features' record", error=OutputError, version=1, hint=_HINT, version_hint=_HINT
)


class FeatureExtractor:
    """Takes features of videos, with one model or with two of the same clips: RGB and flow.

    Example:
        >>> with FeatureExtractor(["rgb.xml"]) as extractor:  # doctest: +SKIP
        ...     for name, found in extractor.write(["clips"], "features"): print(name, found)
    """

    def __init__(
        self, models: Sequence[StrPath], options: FeatureOptions = FeatureOptions(), *, flow: Any = None, **engine: Any
    ) -> None:
        """Load the models; `flow`, for the last one, and `engine` are arguments of `VideoClassifier`.

        Raises:
            IRError, DeviceError: If a model cannot be read or compiled, or has no such features.
            ClipShapeError: If two models take different clips.
        """
        self.options, self.classifiers, self._stack = options, list[VideoClassifier](), ExitStack()
        self._given: dict[str, Any] = {"models": models, "options": options, "flow": flow, **engine}
        for number, path in enumerate(models, start=1):
            arguments = {"mode": "throughput", **engine, "flow": flow if number == len(models) else None}
            classifier = VideoClassifier(path, **arguments, extras=[options.layer])
            self.classifiers.append(self._stack.enter_context(classifier))
            if options.every_frame:
                classifier.spec = replace(classifier.spec, frame_rate_fps=None)
            if classifier.spec.clip_form[1:] != self.classifiers[0].spec.clip_form[1:]:
                raise ClipShapeError(
                    f"the models take different clips: {self.classifiers[0].spec.title()} and {classifier.spec.title()}"
                )
        self.settings = self._describe(models)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def extract(self, videos: Sequence[StrPath | Source]) -> Iterator[Extracted]:
        """Yield each video's features, or the error that kept it from them; the next ones are decoded meanwhile."""
        layer, frames_fps = self.options.layer, self.options.frames_fps
        num_crops: Literal[1, 10] = 10 if self.options.ten_crop else 1
        views = ViewOptions(hop=self.options.stride, num_crops=num_crops, covers_end=False, frames_fps=frames_fps)
        answers = [classifier.classify_all(videos, views, k=1) for classifier in self.classifiers]
        for results in zip(*answers, strict=True):
            done = [result for result in results if isinstance(result, Classification)]
            if len(done) < len(results):
                yield next(result for result in results if not isinstance(result, Classification))
                continue
            values = np.hstack([np.stack([view.extras[layer] for view in result.views]) for result in done])
            if num_crops > 1:
                values = values.reshape(-1, num_crops, values.shape[1])
            clips = done[0].views[::num_crops]
            yield Features(values, tuple(view.start_s for view in clips), tuple(view.end_s for view in clips), done[0])

    def write(
        self,
        videos: Sequence[StrPath],
        output: StrPath,
        *,
        file_format: FileFormat = "rows",
        force: bool = False,
        cluster: Cluster | None = None,
        say: Say = LOG.info,
    ) -> Iterator[tuple[str, Extracted | None]]:
        """Write the features of videos to a folder: arrays and, last, NAME.json, which says what they are.

        Args:
            videos: Files, patterns, folders of videos or of numbered images, and .npy clips.
            output: The folder.
            file_format: "rows": NAME.npy. "per-crop": (T, C) for each crop, `NAME__0.npy` and so on. "ms-tcn":
                NAME.npy, see `Features.per_frame`.
            force: Replace features of other settings, or of another video.
            cluster: Take them on a Ray cluster, see `ask_cluster`; they are written here.
            say: Is told who takes part.

        Yields:
            Each video's name, with its features, or its error, or None if its features were there already.

        Raises:
            ArgumentError: If two videos have one name, or the format has no place for ten crops.
            OutputError: If the folder cannot be written, or holds other features (without `force`).
        """
        check_arguments(FeatureExtractor.write, file_format=file_format)
        if file_format == "ms-tcn" and self.options.ten_crop:
            raise ArgumentError("features for MS-TCN are of one crop", hint="leave out ten crops")
        make_folder(Path(output))
        settings, arguments = {**self.settings, "format": file_format}, [str(video) for video in videos]
        with find_sources(arguments, self.classifiers[0].spec, frames_fps=self.options.frames_fps) as sources:
            files = [_Files(Path(output), _stem(source), source, settings) for source in sources]
            by_stem = {each.stem: each for each in files}
            for each in files:
                if (other := by_stem[each.stem]) is not each:
                    raise ArgumentError(
                        f"the features of {each.source.name!r} and {other.source.name!r} would have the same name",
                        hint="give each folder an output folder of its own",
                    )
            done = [each.are_finished(force=force) for each in files]
            yield from ((each.source.name, None) for each, is_done in zip(files, done, strict=True) if is_done)
            pending = [each for each, is_done in zip(files, done, strict=True) if not is_done]
            wanted = [each.source for each in pending]
            results = self.extract(wanted) if cluster is None else self._ask(cluster, wanted, say)
            tracked = track(results, total=len(pending), title="extracting", unit="video")
            for each, found in zip(pending, tracked, strict=True):
                if isinstance(found, Features):
                    each.write(found)
                yield each.source.name, found

    def _ask(self, cluster: Cluster, sources: Sequence[Source], say: Say) -> Iterator[Extracted]:
        opening = partial(_open, {**self._given, "num_threads": cluster.num_threads}, self.settings)
        return ask_cluster(cluster, opening, sources, lost_video, say)

    def _describe(self, models: Sequence[StrPath]) -> dict[str, Any]:
        spec, options = self.classifiers[0].spec, self.options
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
                {
                    **{name: getattr(each.spec, name) for name in ("stream", "origin", "fingerprint")},
                    "frozen_graph_sha256": each.spec.frozen_graph_sha256,
                    **dict(zip(("sha256", "weights_sha256"), ir_sha256(Path(path)), strict=True)),
                    "executed_precision": each.precision,
                    "device": each.device,
                    "flow": each.flow,
                }
                for path, each in zip(models, self.classifiers, strict=True)
            ],
        }


def _open(given: dict[str, Any], settings: object) -> Callable[[Source], Extracted]:
    """Return what takes features in a worker; raises DeviceError if they would be others."""
    extractor = FeatureExtractor(**given)
    if extractor.settings != settings:
        raise DeviceError("its model files, precision or device are others")

    def extract(source: Source) -> Extracted:
        [found] = extractor.extract([source])
        return replace(found, video=replace(found.video, views=())) if isinstance(found, Features) else found

    return extract


@dataclass(frozen=True, slots=True)
class _Files:
    """Where the features of one video are kept."""

    folder: Path
    stem: str
    source: Source
    settings: Mapping[str, Any]

    @property
    def arrays(self) -> list[Path]:
        ends = [f"__{n}" for n in range(len(self.settings["crops"]))] if self.settings["format"] == "per-crop" else [""]
        return [self.folder / f"{self.stem}{end}.npy" for end in ends]

    def are_finished(self, *, force: bool) -> bool:
        """Return whether they are there; raises OutputError where others are (without `force`)."""
        path = self.folder / f"{self.stem}.json"
        if not os.path.lexists(path):
            for array in self.arrays:
                check_output(array, force=force)
            return False
        try:
            record = _RECORDS.read(path)
            changed = [name for name, value in self.settings.items() if record.settings.get(name) != value]
            changed += ["video"] if record.video.get("num_bytes") != self._num_bytes() else []
            if changed:
                raise OutputError(f"{str(path)!r} describes other features: {', '.join(changed)}", hint=_HINT)
        except OutputError:
            if not force:
                raise
            return False
        return all(array.is_file() for array in self.arrays)

    def write(self, features: Features) -> None:
        """Write them, all or nothing."""
        values = features.per_frame() if self.settings["format"] == "ms-tcn" else features.values
        many = len(self.arrays) > 1
        arrays = dict(zip(self.arrays, values.swapaxes(0, 1) if many else [values], strict=True))
        record = FeatureRecord(
            settings=self.settings,
            video={
                "name": self.source.name,
                "num_bytes": self._num_bytes(),
                **{
                    name: getattr(features.video, name) for name in ("duration_s", "num_frames", "mean_fps", "warnings")
                },
            },
            arrays={path.name: {"shape": array.shape, "dtype": array.dtype.name} for path, array in arrays.items()},
            rows={"start_s": features.start_s, "end_s": features.end_s},
            made_with=versions(),
        )
        with staged(path := self.folder / f"{self.stem}.json", force=True) as temporary:
            for file, array in arrays.items():
                np.save(temporary.with_name(file.name), array)
            temporary.write_text(to_json(record, version=_RECORDS.version), encoding="utf-8")
            path.unlink(missing_ok=True)  # it must not describe what comes into place before its successor

    def _num_bytes(self) -> int | None:
        return os.path.getsize(self.source.name) if os.path.isfile(self.source.name) else None


def _stem(source: Source) -> str:
    path = Path(os.path.abspath(source.name))
    return path.stem if path.suffix.lower() in {*VIDEO_SUFFIXES, CLIP_SUFFIX} else path.name
