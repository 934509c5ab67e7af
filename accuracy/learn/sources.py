"""Sources: which videos were cut from one recording, so that none of it is both learned from and asked about."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.data.video_check import content_sha256
from i3d_edge.core.errors import ListError
from i3d_edge.core.text import plural, some

_RULES: Mapping[str, re.Pattern[str]] = {
    "UCF101's groups": re.compile(r"v_(\w+_g\d+)_c\d+\w*"),
    "HMDB51's recordings": re.compile(r"(.+)_[a-z_]+_[fhlu]_[cn]m_np\d_(?:ba|fr|le|ri)_(?:bad|med|goo)_\d+"),
    "YouTube's ids": re.compile(r"(?:v_)?([\w-]{11})_(?:\d{6}|\d+_\d+)", re.ASCII),
}
"""What data sets call a recording in the names of the videos cut from it."""


def sources_of(videos: Sequence[ListedVideo]) -> tuple[list[str], str]:
    """Return the source of each video, and how many were told in which way.

    It is what the data set states; else what the name states by a rule of a known data set; else the bytes.

    Example:
        "archery/v_Archery_g01_c02.avi" and "archery/v_Archery_g01_c03.avi" -> twice "Archery_g01".

    Raises:
        ListError: If all videos are of one class, or those of a class of one source, for nothing could then tell how
            well it is learned; or if a video cannot be read.
    """
    found = [_source(video) for video in videos]
    by_class: dict[str, set[str]] = defaultdict(set)
    for video, (source, _) in zip(videos, found, strict=True):
        by_class[str(video.label)].add(source)
    if len(by_class) < 2:
        reason = f"all videos are of one class: {some([*by_class])}" if by_class else "no video has a class"
        raise ListError(reason, hint="give a folder for each of several")
    if lacking := sorted(label for label, own in by_class.items() if len(own) == 1):
        raise ListError(
            f"{len(lacking)} of {len(by_class)} classes have videos of one source only, so nothing can tell how well "
            f"they are learned: {some(lacking)}",
            hint="give videos of two recordings or more of each, or name these: a CSV with the columns path, label and "
            "source",
        )
    ways = Counter(how for _, how in found)
    return [source for source, _ in found], ", ".join(f"{plural(n, 'video')} by {how}" for how, n in ways.items())


@cache
def _source(video: ListedVideo) -> tuple[str, str]:
    if video.source is not None:
        return video.source, "the column 'source'"
    for how, rule in _RULES.items():
        if match := rule.fullmatch(video.file.stem):
            return match[1], how
    try:
        return content_sha256(video.file), "its bytes: each file its own source"
    except OSError as error:
        raise ListError(f"cannot read {str(video.file)!r}: {error.strerror}") from error
