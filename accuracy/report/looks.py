"""What the models of a report saw: they run again, on the centre clips of the videos that their runs scored."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from i3d_edge.accuracy.report.models import ReportedModel
from i3d_edge.accuracy.report.pictures import NUM_PICTURES, SIDE_PX, Found, RunPictures
from i3d_edge.core.errors import IRError
from i3d_edge.runtime import Source, VideoClassifier
from i3d_edge.runtime.activation import explain
from i3d_edge.runtime.inference.ir import ir_sha256
from i3d_edge.runtime.likeness import embedding
from i3d_edge.runtime.show.gallery import Item, Placed, arranged
from i3d_edge.runtime.show.thumbnails import Thumbnail, film_strip


@dataclass
class Looks:
    """Opens each model once, from the file that its run names; raises IRError if that is not the one that it scored."""

    pictures: RunPictures
    _opened: dict[str, VideoClassifier] = field(default_factory=dict)

    def explained(self, model: ReportedModel, video: str, label: str) -> Found:
        """Return pictures of a video with where the model saw a class."""
        classifier = self._open(model)

        def take(source: Source) -> tuple[Thumbnail, ...]:
            seen = explain(classifier.classify(source), classifier, label=label)
            return film_strip(source, NUM_PICTURES, side_px=SIDE_PX, seen=seen).pictures

        return self.pictures.of(model.run, video, take)

    def placed(self, model: ReportedModel) -> list[Placed]:
        """Return the videos of a model's run that are there, alike ones side by side; none if there is one at most."""
        classifier, names = self._open(model), model.run.class_names
        items: list[Item] = []
        for video in model.run.videos[model.model]:
            answer = names[int(video.probabilities.argmax())]
            label = answer if video.label is None else names[video.label]
            item = partial(Item, video.path, label, text="" if answer == label else f"→ {answer}")

            def take(source: Source, item: Callable[..., Item] = item) -> tuple[Thumbnail, ...]:
                pictures = film_strip(source, 1, side_px=SIDE_PX).pictures
                items.append(item(embedding=embedding(classifier.classify(source)), picture=pictures[0]))
                return pictures

            self.pictures.of(model.run, video.path, take)
        return arranged(items) if len(items) > 1 else []

    def _open(self, model: ReportedModel) -> VideoClassifier:
        info, path = model.info, Path(model.info["path"])
        if model.address not in self._opened:
            if not path.is_file() or (info["sha256"], info["weights_sha256"]) != ir_sha256(path):
                raise IRError(
                    f"model {str(path)!r} is not the one that {model.address} is a run of",
                    hint="put the IR of the run there, or leave --explain and --by-likeness out",
                )
            own = info["executed_precision"]
            asked = own if own in ("f32", "bf16", "f16") else None
            self._opened[model.address] = VideoClassifier(
                path, inference_precision=asked, extras=("feature_map", "embedding")
            )
        return self._opened[model.address]
