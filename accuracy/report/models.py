"""The models of a report: their names, and which of them compare."""

import os
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.schema import Details, Metric, ModelInfo, Protocol
from i3d_edge.core.labels import hash_names


@dataclass(frozen=True, slots=True, eq=False)
class ReportedModel:
    """One model of one run."""

    run: RecordedRun
    model: str  # its name in the run
    protocol: str  # the report's name of the run's protocol; see `protocol_titles`
    run_title: str  # the report's name of the run; see `run_titles`

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
        """Its classes, confusions and calibration error."""
        return self.run.result["details"][self.model]

    @property
    def title(self) -> str:
        """Its name, with the precision that it ran in."""
        precision = self.info["executed_precision"]
        return self.model if precision.casefold() in self.model.casefold() else f"{self.model} ({precision})"

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
    """Return names for runs: the shortest unambiguous ends of their folders' paths, "old/results" and "omz"."""
    paths = [Path(os.path.abspath(folder)).parts for folder in folders]
    titles = []
    for path in paths:
        ends = (path[-length:] for length in range(1, len(path)))
        titles.append(next((end for end in ends if sum(other[-len(end) :] == end for other in paths) == 1), path))
    return [str(Path(*title)) for title in titles]


def progress(run: RecordedRun) -> str:
    """Return how far a run got: "4 of 12 videos"."""
    counts = run.result["counts"]
    return f"{counts['decoded'] + len(counts['dropped'])} of {counts['listed']} videos"


def list_name(run: RecordedRun) -> str:
    """Return the name of a run's list of videos, with the digest of a manifest."""
    data = run.result["data"]
    digest = data["manifest_digest"]
    name = Path(data["path"]).name
    return name if digest is None else f"{name}, manifest {digest[:12]}"


def labels_of(models: Sequence[ReportedModel]) -> list[str]:
    """Return a name for each model beside others: its title, and its run where another has that title too."""
    counts = Counter(model.title for model in models)
    labels = [model.title if counts[model.title] == 1 else f"{model.title} · {model.run_title}" for model in models]
    return [
        label if model.run.is_complete else f"{label} · interrupted"
        for label, model in zip(labels, models, strict=True)
    ]


def titles_by_data(models: Sequence[ReportedModel]) -> dict[Hashable, str]:
    """Return a name for each set of videos: its list's, with a number if several have that name."""
    names = {data: list_name(group[0].run) for data, group in groups(models, lambda model: model.data).items()}
    counts = Counter(names.values())
    return {
        data: f"{name}, set {number}" if counts[name] > 1 else name
        for number, (data, name) in enumerate(names.items(), start=1)
    }


def groups(
    models: Sequence[ReportedModel], key: Callable[[ReportedModel], Hashable]
) -> dict[Hashable, list[ReportedModel]]:
    """Return the models that have a key in common, in order of first appearance."""
    found: dict[Hashable, list[ReportedModel]] = {}
    for model in models:
        found.setdefault(key(model), []).append(model)
    return found
