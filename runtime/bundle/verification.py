"""Checks that this machine gives the answers that a bundle expects."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openvino as ov

from i3d_edge.core.errors import BundleError, IRError, OutputError, ProfileError
from i3d_edge.core.progress import track
from i3d_edge.core.reading import read_bytes
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.bundle import golden
from i3d_edge.runtime.bundle.golden import REFERENCE_DEVICE, GoldenAnswer, GoldenRun
from i3d_edge.runtime.bundle.manifest import GOLDEN, BundledModel
from i3d_edge.runtime.bundle.packing import facts_of, label_file
from i3d_edge.runtime.bundle.reading import Bundle, open_bundle
from i3d_edge.runtime.frames.generated import PATTERNS
from i3d_edge.runtime.inference.devices import require_device
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.measure.profile import read_profile

_OTHER_FOLDER = "put TMPDIR=FOLDER in front of the command to use another folder"


@dataclass(frozen=True, slots=True)
class VerifyCheck:
    """One IR on one device, compared with the expected answers."""

    model: str
    device: str
    precision: str  # what most convolutions ran in
    difference: float  # largest difference of two logits, as a part of the largest, of all clips
    bound: float
    num_same_top1: int  # answers whose best class is the expected one
    num_answers: int

    @property
    def passed(self) -> bool:
        """Whether the difference is within the bound."""
        return self.difference <= self.bound


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of verifying a bundle whose files are undamaged."""

    digest: str
    num_entries: int
    num_bytes: int
    # for each model, one in f32 on the CPU, and one with the device and precision to use if they differ
    checks: tuple[VerifyCheck, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def verify_bundle(
    path: Path, *, device: str | None = None, inference_precision: str | None = None, expected_digest: str | None = None
) -> Verification:
    """Check a bundle's files, and what its IRs answer here. Nothing is downloaded, and nothing stays on the disk.

    Every IR first runs in f32 on the CPU. That differs only by rounding, so a narrow bound reveals altered weights.
    Then it runs with the bound for what is to be used: this device and precision, or its profile's, or the CPU's own.
    The digest of the manifest, from whoever packed it, proves the rest; None believes the bundle itself.

    Raises BundleError if it is damaged, was changed, could do harm, or is of a version whose clips are others;
    DeviceError; OutputError if there is no room to unpack it.
    """
    started = time.perf_counter()
    if device is not None:
        require_device(ov.Core(), device)
    with open_bundle(path, expected_digest=expected_digest) as bundle, _extracted(bundle) as folder:
        expected = _expected(bundle, folder)
        models = bundle.manifest.models
        checks: list[VerifyCheck] = []
        wanted = {model.name: _wanted(bundle, model, folder, device, inference_precision) for model in models}
        for model in track(models, total=len(models), title="checking", unit="model"):
            runs = _runs(bundle, model, folder, expected[model.name], *wanted[model.name])
            checks += [_check(model, on, expected[model.name], run) for on, run in runs]
        entries = bundle.manifest.entries.values()
        num_bytes = sum(entry.size for entry in entries)
        return Verification(bundle.digest, len(entries), num_bytes, tuple(checks), time.perf_counter() - started)


@contextmanager
def _extracted(bundle: Bundle) -> Iterator[Path]:
    """Yield a temporary folder with the bundle's entries."""
    try:
        temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    except OSError as error:
        raise OutputError(f"no temporary folder can be made: {error.strerror}", hint=_OTHER_FOLDER) from error
    with temporary as name:
        folder = Path(name)
        try:
            bundle.extract(folder)
        except OSError as error:
            size = sum(entry.size for entry in bundle.manifest.entries.values())
            raise OutputError(
                f"cannot unpack {size} bytes into the temporary folder {str(folder.parent)!r}: {error.strerror}",
                hint=_OTHER_FOLDER,
            ) from error
        yield folder


def _expected(bundle: Bundle, folder: Path) -> dict[str, tuple[GoldenAnswer, ...]]:
    try:
        expected = golden.from_bytes(read_bytes(folder / GOLDEN))
    except BundleError as error:
        raise bundle.archive.fault(error.message) from error
    for model in bundle.manifest.models:
        if not expected.get(model.name):
            raise bundle.archive.fault(f"entry {GOLDEN!r} has no answers of model {model.name!r}")
        for answer in expected[model.name]:
            if answer.pattern not in PATTERNS:
                raise bundle.archive.fault(
                    f"no clip {answer.pattern!r}; this version has {', '.join(PATTERNS)}", hint=_other_version(bundle)
                )
    return expected


def _other_version(bundle: Bundle) -> str:
    return f"verify with i3d-edge {bundle.manifest.versions.get('i3d-edge')}, which packed it"


def _wanted(
    bundle: Bundle, model: BundledModel, folder: Path, device: str | None, inference_precision: str | None
) -> tuple[str, str | None]:
    """Return the device and the precision to ask for: what is given, or the profile's, or the CPU's own."""
    if model.profile is not None:
        try:
            advised = read_profile(folder / model.profile).recommended
        except ProfileError as error:
            raise bundle.archive.fault(error.message.replace(f"{folder}/", ""), hint=error.hint) from error
        if advised is not None and device is None:
            device, inference_precision = advised.device, inference_precision or advised.inference_precision
    if device is not None:
        require_device(ov.Core(), device)
    return device or REFERENCE_DEVICE, inference_precision


def _runs(
    bundle: Bundle,
    model: BundledModel,
    folder: Path,
    expected: Sequence[GoldenAnswer],
    device: str,
    inference_precision: str | None,
) -> Iterator[tuple[str, GoldenRun]]:
    """Yield the runs of one model, and the device of each; the second only where it is not the first again."""
    clips = [(answer.pattern, answer.seed) for answer in expected]
    path = folder / model.path
    try:
        _require_own(bundle, model, folder, expected, read_ir(path)[1])
        reference = golden.run_golden(path, is_reference=True, clips=clips)
        _require_same_clips(bundle, expected, reference)
        yield REFERENCE_DEVICE, reference
        own = golden.run_golden(path, device=device, inference_precision=inference_precision, clips=clips)
        if (device, own.precision) != (REFERENCE_DEVICE, reference.precision):
            yield device, own
    except IRError as error:
        raise bundle.archive.fault(f"model {model.name!r}: {error.message.replace(f'{folder}/', '')}") from error


def _require_own(
    bundle: Bundle, model: BundledModel, folder: Path, expected: Sequence[GoldenAnswer], spec: ModelSpec
) -> None:
    """Refuse what the bundle says of an IR where the IR says otherwise, before it runs."""
    for name, value in facts_of(spec).items():
        if getattr(model, name) != value:
            raise bundle.archive.fault(f"the manifest gives model {model.name!r} another {name} than its IR states")
    if read_bytes(folder / model.labels) != label_file(spec):
        raise bundle.archive.fault(f"{model.labels!r} does not name the classes of model {model.name!r}")
    for answer in expected:
        if (found := answer.probabilities.shape) != (shape := (spec.batch, spec.num_classes)):
            raise bundle.archive.fault(
                f"the answers to clip {answer.pattern!r} have the shape {found}; the model's have {shape}"
            )


def _require_same_clips(bundle: Bundle, expected: Sequence[GoldenAnswer], run: GoldenRun) -> None:
    for wanted, got in zip(expected, run.answers, strict=True):
        if wanted.sha256 != got.sha256:
            raise bundle.archive.fault(
                f"this version generates another clip {wanted.pattern!r} than the one that packed the bundle",
                hint=_other_version(bundle),
            )


def _check(model: BundledModel, device: str, expected: Sequence[GoldenAnswer], run: GoldenRun) -> VerifyCheck:
    return VerifyCheck(
        model=model.name,
        device=device,
        precision=run.precision,
        difference=golden.largest_difference(expected, run.answers),
        bound=model.bound(run.precision),
        num_same_top1=golden.count_same_top1(expected, run.answers),
        num_answers=sum(len(answer.probabilities) for answer in expected),
    )
