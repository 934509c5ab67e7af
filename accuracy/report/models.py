"""The models of a report: their names, and which of them compare."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.schema import Details, Metric, ModelInfo, Protocol
from i3d_edge.core.labels import hash_names

_ALONE = "ir"


@dataclass(frozen=True, slots=True, eq=False)
class ReportedModel:
    """One model of one run.

    Attributes:
        run: The run.
        model: Its name in the run.
        protocol: The report's name of the run's protocol; see `protocol_titles`.
        run_title: The report's name of the run; see `run_titles`.
    """

    run: RecordedRun
    model: str
    protocol: str
    run_title: str

    @property
    def info(self) -> ModelInfo:
        """Its file, weights, precision and device."""
        return self.run.result["what"][self.model]

    @property
    def how(self) -> Protocol:
        """The protocol it was measured by."""
        return self.run.result["how"]

    @property
    def metrics(self) -> dict[str, Metric]:
        """Its metrics, by name."""
        return self.run.result["metrics"][self.model]

    @property
    def details(self) -> Details:
        """Its classes, confusions and calibration."""
        return self.run.result["details"][self.model]

    @property
    def title(self) -> str:
        """Its name, or its file's name if the run has no other, with the precision that it ran in."""
        name = Path(self.info["path"]).stem if self.model == _ALONE else self.model
        precision = self.info["executed_precision"]
        return name if precision.casefold() in name.casefold() else f"{name} ({precision})"

    @property
    def address(self) -> str:
        """Its name on the command line, RUN:NAME."""
        return f"{self.run_title}:{self.model}"

    @property
    def num_views(self) -> float:
        """Network runs per video, on average."""
        return self.run.result["time"]["num_views"] / self.run.result["counts"]["decoded"]

    @property
    def video_s(self) -> float:
        """Seconds of inference per video, on average."""
        return self.run.result["time"]["infer_s"][self.model] / self.run.result["counts"]["decoded"]

    @property
    def measurement(self) -> tuple[object, ...]:
        """What two models must share for their numbers to compare."""
        return (self.data, tuple(self.how.items()))

    @property
    def data(self) -> tuple[object, ...]:
        """The list of videos, and the classes."""
        data = self.run.result["data"]
        return (data["sha256"], data["manifest_digest"], hash_names(self.run.class_names))

    @property
    def machine(self) -> tuple[object, ...]:
        """The machine and software that its speed depends on."""
        where = self.run.result["where"]
        return (where["cpu"], where["num_cpus"], where["os"], tuple(where["versions"].items()))


def protocol_titles(hows: Sequence[Protocol]) -> list[str]:
    """Return names for protocols: name and version, and the fields in which those of one name differ.

    Example:
        "centre" of a model of 64 frames beside that of one of 32 -> "centre, num_frames=64", "centre, num_frames=32".
    """
    titles = []
    for how in hows:
        title = how["name"] if how["version"] == 1 else f"{how['name']} v{how['version']}"
        namesakes = [other for other in hows if (other["name"], other["version"]) == (how["name"], how["version"])]
        differing = [key for key in how if any(other.get(key) != how.get(key) for other in namesakes)]
        titles.append(", ".join([title, *(f"{key}={how.get(key)}" for key in differing)]))
    return titles


def run_titles(folders: Sequence[Path]) -> list[str]:
    """Return names for runs: the shortest unambiguous ends of their folders' paths.

    Example:
        "old/results", "new/results", "omz" -> "old/results", "new/results", "omz".
    """
    paths = [Path(os.path.abspath(folder)).parts for folder in folders]
    return [str(Path(*_own_end(path, paths))) for path in paths]


def _own_end(path: tuple[str, ...], paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    ends = (path[-length:] for length in range(1, len(path)))
    return next((end for end in ends if sum(other[-len(end) :] == end for other in paths) == 1), path)


def progress(run: RecordedRun) -> str:
    """Return how far a run got.

    Example:
        "4 of 12 videos".
    """
    counts = run.result["counts"]
    return f"{counts['decoded'] + len(counts['dropped'])} of {counts['listed']} videos"


def list_name(run: RecordedRun) -> str:
    """Return the name of a run's list of videos, with the digest of a manifest."""
    data = run.result["data"]
    digest = data["manifest_digest"]
    name = Path(data["path"]).name
    return name if digest is None else f"{name}, manifest {digest[:12]}"


def labels_of(models: Sequence[ReportedModel], *, with_protocol: bool = True) -> list[str]:
    """Return a short name for each model: its title, and protocol, device, machine and run where these differ.

    Args:
        models: The models that are named together.
        with_protocol: Name the protocol if there are several, which makes all names unique. Otherwise names are unique
            within a protocol.
    """
    protocols = [model.protocol for model in models]
    devices = [model.info["device"] for model in models]
    usual = Counter(devices).most_common(1)[0][0]
    machines = list(dict.fromkeys(model.machine for model in models))
    labels = []
    for model, device in zip(models, devices, strict=True):
        parts = [model.title]
        if with_protocol and len(set(protocols)) > 1:
            parts.append(model.protocol)
        if device != usual:
            parts.append(device)
        if len(machines) > 1:
            parts.append(f"machine {letter_of(machines.index(model.machine))}")
        if not model.run.is_complete:
            parts.append("interrupted")
        labels.append(" · ".join(parts))
    labels = _distinct(labels, protocols, [model.run_title for model in models])
    return _distinct(labels, protocols, [str(number) for number in range(1, len(models) + 1)])


def _distinct(labels: Sequence[str], protocols: Sequence[str], marks: Sequence[str]) -> list[str]:
    """Append a mark to labels that several models of one protocol have."""
    counts = Counter(zip(labels, protocols, strict=True))
    return [
        f"{label} · {mark}" if counts[label, protocol] > 1 else label
        for label, protocol, mark in zip(labels, protocols, marks, strict=True)
    ]


def letter_of(index: int) -> str:
    """Return A for 0, B for 1, and numbers beyond Z."""
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def groups_by_data(models: Sequence[ReportedModel]) -> list[list[ReportedModel]]:
    """Return the models of each set of videos, in order of first appearance."""
    groups: dict[tuple[object, ...], list[ReportedModel]] = {}
    for model in models:
        groups.setdefault(model.data, []).append(model)
    return list(groups.values())


def titles_by_data(models: Sequence[ReportedModel]) -> dict[tuple[object, ...], str]:
    """Return a name for each set of videos: its list's, with a letter if several have that name."""
    groups = groups_by_data(models)
    names = [list_name(group[0].run) for group in groups]
    counts = Counter(names)
    return {
        group[0].data: f"{name}, set {letter_of(index)}" if counts[name] > 1 else name
        for index, (group, name) in enumerate(zip(groups, names, strict=True))
    }


def groups_by_measurement(models: Sequence[ReportedModel]) -> list[list[ReportedModel]]:
    """Return the models of each set of videos and protocol, in order of first appearance."""
    groups: dict[tuple[object, ...], list[ReportedModel]] = {}
    for model in models:
        groups.setdefault(model.measurement, []).append(model)
    return list(groups.values())


def protocols_of(models: Sequence[ReportedModel]) -> list[str]:
    """Return the protocols of models, in order of first appearance."""
    return list(dict.fromkeys(model.protocol for model in models))


def runs_of(models: Sequence[ReportedModel]) -> list[RecordedRun]:
    """Return the runs of models, in order of first appearance."""
    return list({id(model.run): model.run for model in models}.values())


def by_run(models: Sequence[ReportedModel]) -> list[list[ReportedModel]]:
    """Return the models of each run."""
    return [[model for model in models if model.run is run] for run in runs_of(models)]
