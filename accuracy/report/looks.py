"""What the models of a report saw: they run again, on the centre clips of the videos that their runs scored."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from i3d_edge.runtime.inference.head import Head, find_head

from i3d_edge.accuracy.report.models import ReportedModel
from i3d_edge.accuracy.report.pictures import NUM_PICTURES, SIDE_PX, Found, RunPictures
from i3d_edge.accuracy.result.recorded_video import RecordedVideo
from i3d_edge.core.errors import IRError
from i3d_edge.runtime import Source, VideoClassifier, ViewPlan, read_ir
from i3d_edge.runtime.activation import explain
from i3d_edge.runtime.inference.ir import ir_sha256
from i3d_edge.runtime.likeness import embedding
from i3d_edge.runtime.show.gallery import Item, Placed, arranged
from i3d_edge.runtime.show.heat import Heat
from i3d_edge.runtime.show.thumbnails import Thumbnail, film_strip


@dataclass
class Looks:
    """Opens each model once, from the file that its run names; raises IRError if that is not the one that it scored."""

    pictures: RunPictures
    _opened: dict[str, tuple[VideoClassifier, Head]] = field(default_factory=dict)

    def explained(self, model: ReportedModel, video: str, label: str) -> Found:
        """Return pictures of a video on which the model saw a class, with where it saw that."""
        classifier, head = self._open(model)
        plan = ViewPlan.of_spec(classifier.spec, flow=classifier.flow)

        def take(source: Source) -> tuple[Thumbnail, ...]:
            heat = Heat(explain(classifier.classify(source), head, classifier.spec.labels, label), plan)
            return film_strip(source, NUM_PICTURES, side_px=SIDE_PX, heat=heat).pictures

        return self.pictures.of(model.run, video, take)

    def placed(self, model: ReportedModel) -> list[Placed]:
        """Return the videos of a model's run that are there, alike ones side by side; none if there is one at most."""
        classifier, _ = self._open(model)
        items = []
        for video in model.run.videos[model.model]:

            def take(source: Source, video: RecordedVideo = video) -> tuple[Thumbnail, ...]:
                answer = model.run.class_names[int(video.probabilities.argmax())]
                label = answer if video.label is None else model.run.class_names[video.label]
                pictures = film_strip(source, 1, side_px=SIDE_PX).pictures
                text = "" if answer == label else f"→ {answer}"
                items.append(Item(video.path, label, embedding(classifier.classify(source)), pictures[0], text))
                return pictures

            self.pictures.of(model.run, video.path, take)
        return arranged(items) if len(items) > 1 else []

    def _open(self, model: ReportedModel) -> tuple[VideoClassifier, Head]:
        info, path = model.info, Path(model.info["path"])
        if model.address not in self._opened:
            if not path.is_file() or (info["sha256"], info["weights_sha256"]) != ir_sha256(path):
                raise IRError(
                    f"model {str(path)!r} is not the one that {model.address} is a run of",
                    hint="put the IR of the run there, or leave --explain and --by-likeness out",
                )
            precision = info["executed_precision"]
            classifier = VideoClassifier(
                path,
                inference_precision=precision if precision in ("f32", "bf16", "f16") else None,
                extras=("feature_map", "embedding"),
            )
            self._opened[model.address] = classifier, find_head(*read_ir(path))
        return self._opened[model.address]
