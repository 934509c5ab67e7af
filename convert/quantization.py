"""INT8: an IR quantized on clips of real videos by NNCF, post training."""

import contextlib
import io
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from i3d_edge.convert.bias_correction import Feed, correct_biases
from i3d_edge.convert.networks.non_local import NON_LOCAL_PRODUCTS
from i3d_edge.convert.passes import FOLD_STEM, LOWER_TO_2D, PASSES, Fold, passes_for
from i3d_edge.convert.quantizers import QUANTIZER, share_ranges
from i3d_edge.convert.saving import check_ir_output, describe, save_ir
from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import CalibrationError, IRError, SpecError, VideoError
from i3d_edge.core.files import StrPath, staged
from i3d_edge.core.progress import phase, track
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.text import plural
from i3d_edge.runtime import Clip, Engine, Source, find_sources, model_inputs, read_clips, read_ir
from i3d_edge.runtime.frames.video import one_of_many
from i3d_edge.runtime.inference.inputs import check_inputs
from i3d_edge.runtime.inference.queue import stack

QUANTIZE_INT8 = "quantize-int8"

_MORE_VIDEOS = "give videos of what the model will see, a dozen or more: files, patterns or folders"
_POSITIONS = 3
_LEAST_CLIPS = 2
_BIAS_CLIPS = 8
"""Means over all frames and places of a few clips are steady."""


@dataclass(frozen=True, slots=True)
class QuantizationReport:
    """What was written, and from what."""

    path: Path
    num_bytes: int  # both files together
    spec: ModelSpec
    num_clips: int  # clips it was calibrated on
    num_videos: int  # videos that were given, those that were skipped left out
    skipped: tuple[tuple[Path, str], ...]  # videos that could not be decoded, with the reason
    layers: Mapping[str, str]  # what each convolution runs as on this machine's CPU, by name, from the execution graph
    # how the stem of the IR that was read is folded already, for instance "hw"; None if it is not
    source_fold: str | None
    unfolded: str | None  # why the fold that was asked for could not be; None if it could, or was not needed


def quantize_ir(
    ir_path: StrPath,
    videos: Sequence[StrPath],
    output: StrPath,
    *,
    num_clips: int = 24,
    seed: int = 0,
    fold: Fold | None = "dhw",
    force: bool = False,
) -> QuantizationReport:
    """Quantize an IR's convolutions to INT8, weights and activations.

    An IR whose stem is not folded is folded first, because that is where INT8 gains most, unless it was lowered to two
    dimensions, where there is nothing to fold. Calibration clips are taken in turn from all videos, at the beginning,
    in the middle and at the end. The same videos, in any order, and the same seed give the same IR.

    Args:
        ir_path: The .xml of an IR with one RGB input.
        videos: To calibrate on: files, patterns or folders, see `find_sources`.
        output: The .xml to write.
        num_clips: How many clips to calibrate on; each costs about a second.
        seed: Decides which videos give which part.
        fold: Along which axes an unfolded stem is folded; None leaves it as it is.
        force: Replace an existing IR.

    Raises:
        CalibrationError: If fewer than two different clips can be had from the videos.
        IRError: If the IR is INT8 already.
        SpecError: If the IR does not take RGB clips alone.
        DependencyError: If NNCF is not installed.
        OutputError: If the IR exists (without `force`) or cannot be written.

    Example:
        >>> quantize_ir("rgb.xml", ["a.mp4", "b.mp4"], "rgb_int8.xml").layers
    """
    ir_path, output = Path(ir_path), check_ir_output(Path(output), force=force)
    model, spec = read_ir(ir_path)
    if any(node.get_type_name() == QUANTIZER for node in model.get_ops()):
        raise IRError(f"IR {str(ir_path)!r} is INT8 already")
    if spec.stream != "rgb":
        raise SpecError(f"only models of RGB alone can be quantized; this is {spec.title()}")
    with find_sources(map(str, videos), spec) as sources:
        _require_videos(sources)
    nncf = _import_nncf()  # before any video is decoded
    passes = list(spec.passes)
    source_fold = next((name.removeprefix(f"{FOLD_STEM}-") for name in passes if name.startswith(FOLD_STEM)), None)
    unfolded = "the network is lowered to two dimensions" if fold and LOWER_TO_2D in passes else None
    if LOWER_TO_2D not in passes and source_fold is None:
        outcomes = {name: PASSES[name](model) for name in passes_for("cpu", fold)}
        passes += [name for name, reason in outcomes.items() if reason is None]
        unfolded = outcomes.get(f"{FOLD_STEM}-{fold}")
    clips, skipped = calibration_clips(sources, spec, num_clips=num_clips, seed=seed)
    quantized = _quantize(nncf, model, [_feed(clip, spec) for clip in clips])
    spec = replace(
        spec,
        precision="INT8",
        passes=(*passes, QUANTIZE_INT8),
        made_with={**spec.made_with, "nncf": metadata.version("nncf")},
    )
    describe(quantized, spec)
    with phase("writing"), staged(output, force=force) as temporary:
        num_bytes = save_ir(quantized, temporary, output, compress_to_fp16=False)
    with phase("compiling"):
        layers = Engine(output).layer_precisions()
    num_videos = len(sources) - len(skipped)
    return QuantizationReport(
        output, num_bytes, spec, len(clips), num_videos, tuple(skipped), layers, source_fold, unfolded
    )


def _quantize(nncf: Any, model: ov.Model, feeds: Sequence[Feed]) -> ov.Model:
    """Return a model in INT8, calibrated on all feeds; the biases are corrected on the first of them."""
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    with contextlib.redirect_stdout(io.StringIO()):  # its progress bars belong on no one's stdout
        quantized: ov.Model = nncf.quantize(
            model,
            nncf.Dataset(_Tracked(feeds)),
            subset_size=len(feeds),
            preset=nncf.QuantizationPreset.MIXED,  # pixels, the only values of both signs, keep all their levels
            # Else the logits are rounded to 8 bits before their mean over time, for no gain in speed. OpenVINO on a CPU
            # does not compile depthwise convolutions in three dimensions between others of INT8, where it has bf16, nor
            # products of two volumes that are never negative, as in non-local blocks.
            ignored_scope=nncf.IgnoredScope(
                types=["ReduceMean", "GroupConvolution"], patterns=[NON_LOCAL_PRODUCTS], validate=False
            ),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                # NNCF's own choice averages the clips' extremes, and cuts off what a livelier clip exceeds them by.
                activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
                disable_bias_correction=True,
            ),
        )
    share_ranges(quantized)
    correct_biases(quantized, model, feeds[:_BIAS_CLIPS])
    return quantized


class _Tracked:
    """Feeds that show, whenever they are gone through, how many are done."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self.feeds = feeds

    def __iter__(self) -> Iterator[Feed]:
        return track(self.feeds, total=len(self.feeds), title="calibrating", unit="clip")


def _feed(clip: UInt8Array, spec: ModelSpec) -> Feed:
    """Return a clip, shape (D, H, W, 3), uint8, RGB, as the batch that a model takes, by input name."""
    one = check_inputs(model_inputs(Clip(clip, 0.0, 0.0), spec), spec)
    return one if spec.batch == 1 else stack([one] * spec.batch, spec.batch_axis)


def calibration_clips(
    videos: Sequence[Source], spec: ModelSpec, *, num_clips: int, seed: int
) -> tuple[list[UInt8Array], list[tuple[Path, str]]]:
    """Choose clips that differ, (D, H, W, 3), uint8: every video before any video twice, and all parts of them.

    Returns them, and the videos that could not be decoded, with the reason; the order of the videos does not matter.
    Raises CalibrationError if there are fewer than two different clips.
    """
    sources = {Path(video.name): video for video in videos}
    order = sorted(sources)
    np.random.default_rng(seed).shuffle(order)
    parts = max(_POSITIONS, -(-num_clips // max(1, len(order))))
    by_video: list[list[UInt8Array]] = []
    skipped: list[tuple[Path, str]] = []
    for number, path in enumerate(track(order, total=len(order), title="decoding", unit="video")):
        if len(by_video) == num_clips:
            break
        try:
            with one_of_many(str(path)):
                clips = [clip.frames for clip in read_clips(sources[path], spec, num_clips=parts).clips]
        except VideoError as error:
            skipped.append((path, error.message))
            continue
        by_video.append(clips[number % parts :] + clips[: number % parts])  # each video starts at another part
    distinct = {clips[turn].tobytes(): clips[turn] for turn in range(parts) for clips in by_video}
    taken = list(distinct.values())[:num_clips]
    if len(taken) < _LEAST_CLIPS:
        lost = f", and {len(skipped)} could not be used, {skipped[0][0]} for one: {skipped[0][1]}" if skipped else ""
        raise CalibrationError(
            f"calibration needs at least {_LEAST_CLIPS} different clips; {plural(len(order), 'video')} gave "
            f"{len(taken)}{lost}",
            hint=_MORE_VIDEOS,
        )
    return taken, skipped


def _require_videos(sources: Sequence[Source]) -> None:
    """Raise CalibrationError, with the first one's reason, if none of the videos is there."""
    if not any(os.path.isfile(source.name) for source in sources):
        try:
            sources[0].open()
        except VideoError as error:
            raise CalibrationError(f"no video to calibrate on: {error.message}", hint=_MORE_VIDEOS) from error


def _import_nncf() -> Any:
    with needed_for("quantizing"):
        import nncf
    nncf.set_log_level(logging.ERROR)
    return nncf
