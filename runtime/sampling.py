"""Which samples of a video make a clip. Pure arithmetic on sample numbers; times are `timeline`'s matter."""

from __future__ import annotations


def clip_starts(num_samples: int, num_frames: int, num_clips: int = 1) -> list[int]:
    """Place equally spaced clips in a video.

    Args:
        num_samples: Samples in the video, 1 at least.
        num_frames: Samples in a clip.
        num_clips: 1 gives the centre clip; more are spread so that the first begins with the video and the
            last ends with it.

    Returns:
        The first sample of each clip; all 0 when the video is no longer than a clip.

    Example:
        100 samples, clips of 79: one clip -> [10]; three -> [0, 11, 21].
    """
    room = max(0, num_samples - num_frames)
    if num_clips == 1:
        return [room // 2]
    return [(2 * room * clip + num_clips - 1) // (2 * (num_clips - 1)) for clip in range(num_clips)]


def clip_samples(start: int, num_samples: int, num_frames: int) -> list[int]:
    """Return the samples of one clip; a video shorter than a clip repeats from its start.

    Example:
        start 0, 3 samples, clips of 7 -> [0 1 2 0 1 2 0].
    """
    return [(start + frame) % num_samples for frame in range(num_frames)]
