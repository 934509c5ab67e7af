"""Choosing a subset: so many whole videos of a data set, by a rule that anybody can repeat."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from i3d_edge.accuracy.data.dataset import DataSet, ListedVideo
from i3d_edge.accuracy.data.formats.omz import checker_order
from i3d_edge.accuracy.data.manifest import (
    MANIFEST_VERSION,
    Choice,
    Excluded,
    MadeFrom,
    ManifestContent,
    PinnedVideo,
    VideoManifest,
    write_manifest,
)
from i3d_edge.accuracy.data.video_check import Fault, VideoFacts, check_video, video_threads
from i3d_edge.core.errors import ListError
from i3d_edge.core.files import check_output, sha256_file
from i3d_edge.core.i3d_spec import CLIP_S
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.progress import track
from i3d_edge.core.text import is_utf8
from i3d_edge.runtime import VIDEO_SUFFIXES
from i3d_edge.runtime.frames.remote import address_of, public_name

How = Literal["stratified", "random", "omz"]


@dataclass
class _Picking:
    """What has been looked at so far."""

    drops_short: bool
    taken: list[tuple[ListedVideo, VideoFacts]] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)
    by_content: dict[str, ListedVideo] = field(default_factory=dict)

    def offer(self, video: ListedVideo, facts: VideoFacts | Fault) -> bool:
        """Take a video, or note why it cannot be used; return whether it can."""
        if isinstance(facts, Fault):
            reason = facts.reason
        elif self.drops_short and facts.is_short:
            reason = f"short: {facts.duration_s:.2f} s, less than a clip of {CLIP_S:.2f} s"
        elif twin := self.by_content.get(facts.sha256):
            other = "" if twin.label == video.label else ", which has another label"
            reason = f"duplicate: the same bytes as {twin.path!r}{other}"
        else:
            self.by_content[facts.sha256] = video
            self.taken.append((video, facts))
            return True
        self.excluded.append({"path": video.path, "reason": reason})
        return False


def make_subset(
    data: DataSet,
    labels: LabelSet,
    output: Path,
    *,
    num_videos: int = 400,
    how: How = "stratified",
    seed: int = 0,
    drops_short: bool = False,
    force: bool = False,
) -> VideoManifest:
    """Choose whole videos of a data set and pin them in a manifest; the same inputs give the same bytes.

    "stratified" takes as equally many of each class as there are, which of them by a seed; "random" takes any by a
    seed; "omz" takes the first and lists them by name, as Open Model Zoo's checker does. A video that is missing,
    corrupt, a copy, without a label or, with `drops_short`, shorter than one clip is passed over for the next one, and
    named with the reason. The seed decides an order by hashing each video's name with it and nothing else.

    Raises:
        ListError: If no video can be taken, or the videos' folder has a name that is not UTF-8.
        OutputError: If the manifest exists (without `force`) or cannot be written.
    """
    check_output(output, force=force)
    root = _root(data, output)
    picking = _Picking(drops_short)
    picking.excluded += [
        {"path": video.path, "reason": "unlabelled: the data set does not say what it shows"}
        for video in data.videos
        if video.label is None
    ]
    strata = _strata(data.videos, how, seed)
    total = min(num_videos, sum(map(len, strata.values())))
    for _ in track(filter(None, _pick(strata, num_videos, picking)), total=total, title="checking", unit="video"):
        pass
    if not picking.taken:
        reason = f"; the first: {picking.excluded[0]['reason']}" if picking.excluded else ""
        raise ListError(
            f"none of the {len(data.videos)} videos of data set {str(data.path)!r} can be used{reason}",
            hint=f"looked for {_looked_for(data)}; --videos says where they lie",
        )
    content: ManifestContent = {
        "manifest_version": MANIFEST_VERSION,
        "digest": "",
        "root": root,
        "labels": labels.name,
        "num_classes": len(labels),
        "labels_sha256": labels.sha256,
        "frames_fps": next((str(video.frames_fps) for video in data.videos if video.frames_fps), None),
        "made_from": _made_from(data),
        "choice": Choice(how=how, num_asked=num_videos, seed=None if how == "omz" else seed, drops_short=drops_short),
        "videos": _pinned(picking.taken, labels, how),
        "excluded": sorted(picking.excluded, key=lambda item: item["path"]),
    }
    return write_manifest(output, content, force=force)


def _looked_for(data: DataSet) -> str:
    """Return the path of the first video, or the pattern by which it is found."""
    file = data.videos[0].file
    if data.format != "kinetics" or file.exists():
        return repr(str(file))
    return f"'{file.with_suffix('')}.*' ({', '.join(sorted(VIDEO_SUFFIXES))}; also in folders below)"


def _root(data: DataSet, output: Path) -> str:
    """Return where paths start, relative to the folder that the manifest really lies in, for `..` leads above that."""
    root = public_name(data.root)
    if not address_of(data.root):
        root = Path(os.path.relpath(os.path.realpath(data.root), os.path.realpath(output.parent))).as_posix()
    if not is_utf8(root):
        raise ListError(
            f"the name of folder {str(data.root)!r} is not UTF-8, so a manifest cannot hold it", hint="rename it"
        )
    return root


def _strata(videos: Sequence[ListedVideo], how: How, seed: int) -> dict[str, list[ListedVideo]]:
    """Return the labelled videos in the order in which they are taken, by class if that is how."""
    videos = [video for video in videos if video.label is not None]
    if how == "omz":
        return {"": list(videos)}
    ordered = sorted(videos, key=lambda video: _hash(seed, video.path))
    if how == "random":
        return {"": ordered}
    strata: dict[str, list[ListedVideo]] = {}
    for video in ordered:
        strata.setdefault(str(video.label), []).append(video)
    return dict(sorted(strata.items(), key=lambda item: _hash(seed, item[0])))


def _pick(strata: Mapping[str, list[ListedVideo]], num_videos: int, picking: _Picking) -> Iterator[bool]:
    """Take videos of each stratum, and others of it for what turns out unusable; yield whether each can be used."""
    num_offered = dict.fromkeys(strata, 0)
    num_taken = dict.fromkeys(strata, 0)
    while True:
        sizes = {name: num_taken[name] + len(videos) - num_offered[name] for name, videos in strata.items()}
        quotas = _quotas(sizes, num_videos)
        lacking = {name: quota - num_taken[name] for name, quota in quotas.items() if quota > num_taken[name]}
        if not lacking:
            return
        batch = {name: strata[name][num_offered[name] : num_offered[name] + count] for name, count in lacking.items()}
        offered = [(name, video) for name, videos in batch.items() for video in videos]
        with video_threads() as threads:
            facts = threads.map(check_video, [video for _, video in offered])
            for (name, video), own in zip(offered, facts, strict=True):
                is_usable = picking.offer(video, own)
                num_offered[name] += 1
                num_taken[name] += is_usable
                yield is_usable


def _quotas(sizes: Mapping[str, int], num_videos: int) -> dict[str, int]:
    """Share a number out as equally as sizes allow; what does not divide goes to the first.

    Example: 3 strata of 5, 1 and 5, 8 videos -> 4, 1, 3.
    """
    quotas = dict.fromkeys(sizes, 0)
    left = min(num_videos, sum(sizes.values()))
    while left:
        growing = [name for name, size in sizes.items() if quotas[name] < size]
        share = max(1, left // len(growing))
        for name in growing[:left]:
            more = min(share, sizes[name] - quotas[name])
            quotas[name] += more
            left -= more
    return quotas


def _pinned(taken: Sequence[tuple[ListedVideo, VideoFacts]], labels: LabelSet, how: How) -> list[PinnedVideo]:
    videos = [
        PinnedVideo(
            path=video.path,
            label=str(video.label),
            index=labels.index(str(video.label)),
            sha256=facts.sha256,
            num_bytes=facts.num_bytes,
            duration_s=facts.duration_s,
            fps=facts.mean_fps,
            num_frames=facts.num_frames,
        )
        for video, facts in taken
    ]
    if how == "omz":
        return sorted(videos, key=lambda video: checker_order(video["path"]))
    return sorted(videos, key=lambda video: (video["index"], video["path"]))


def _made_from(data: DataSet) -> MadeFrom:
    classes_path = data.options.classes_path
    return {
        "name": data.path.resolve().name,
        "format": data.format,
        "sha256": sha256_file(data.path) if data.path.is_file() else None,
        "split": data.options.split,
        "classes_sha256": None if classes_path is None else sha256_file(classes_path),
        "num_listed": len(data.videos),
    }


def _hash(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
