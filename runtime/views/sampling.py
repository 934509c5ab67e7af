"""Which samples of a video make a clip. Pure arithmetic on sample numbers; times are `timeline`'s matter."""


def clip_starts(num_samples: int, num_frames: int, num_clips: int = 1) -> list[int]:
    """Place equally spaced clips, that span `num_frames` samples, in a video; return the first sample of each.

    One is in the centre; of more the first begins with the video and the last ends with it.
    Example: 100 samples, clips of 80: one clip -> [10]; three -> [0, 10, 20].
    """
    room = max(0, num_samples - num_frames)
    if num_clips == 1:
        return [room // 2]
    return [(2 * room * clip + num_clips - 1) // (2 * (num_clips - 1)) for clip in range(num_clips)]


def covering_starts(num_samples: int, num_frames: int) -> list[int]:
    """Place as few equally spaced clips as show every sample of a video.

    Example: 250 samples, clips of 80 -> [0, 57, 113, 170]; 80 samples -> [0].
    """
    return clip_starts(num_samples, num_frames, -(-num_samples // num_frames))


def window_starts(num_samples: int, num_frames: int, hop: int) -> list[int]:
    """Slide a window of `num_frames` samples over a video by a hop, and end with one that ends with the video.

    Example: 250 samples, windows of 80, a hop of 50 -> [0, 50, 100, 150, 170]; 60 samples -> [0].
    """
    room = max(0, num_samples - num_frames)
    starts = list(range(0, room + 1, hop))
    return starts if starts[-1] == room else [*starts, room]


def segment_starts(num_samples: int, num_frames: int, num_clips: int) -> list[int]:
    """Cut the possible starts into equal segments and start a clip in the middle of each.

    Example: 100 samples, clips of 64, 3 clips: starts 0..36 are possible, segments of 12 1/3 -> [6, 18, 30].

    Source: MMAction2 0.x `SampleFrames._get_test_clips`.
    """
    room = max(0, num_samples - num_frames + 1)
    return [(2 * clip + 1) * room // (2 * num_clips) for clip in range(num_clips)]


def mmaction_starts(num_samples: int, span: int, num_clips: int) -> list[int]:
    """Place equally spaced clips as MMAction2 1.x does: the last frame of the last clip is the video's last.

    `clip_starts` counts what follows a clip's last frame to its span; here the span, 63 for clips of 32 with stride 2,
    ends with that frame. Halves are rounded to even numbers, in the floating point of the original.
    Example: 300 frames, a span of 63, 10 clips: the last start is 237 -> [0, 26, 53, ..., 211, 237].

    Source: MMAction2 1.x, `SampleFrames._get_test_clips`.
    """
    room = max(0, num_samples - span)
    if num_clips == 1:
        return [room // 2]
    return [round(clip * (room / (num_clips - 1))) for clip in range(num_clips)]


def dense_starts(num_samples: int, span: int, num_clips: int) -> list[int]:
    """Place clips, 2 at least, as MMAction2's dense sampling does: cut off, in the floating point of the original.

    Example: 300 frames, a span of 64, 10 clips: the last start is 236 -> [0, 26, 52, ..., 209, 236].

    Source: MMAction2 1.2, `DenseSampleFrames._get_test_clips`.
    """
    room = max(0, num_samples - span)
    return [*(int(clip * (room / (num_clips - 1))) for clip in range(num_clips - 1)), room]


def clip_samples(start: int, num_samples: int, num_frames: int, frame_stride: int = 1) -> list[int]:
    """Return the samples of one clip; a video shorter than a clip repeats from its start.

    Example: from 0 of 3 samples, clips of 7 -> [0 1 2 0 1 2 0]; from 4 of 100, clips of 4, stride 2 -> [4 6 8 10].
    """
    return [(start + frame * frame_stride) % num_samples for frame in range(num_frames)]


def omz_clips(num_samples: int, num_frames: int, num_clips: int) -> list[list[int]]:
    """Return the samples of each clip as Open Model Zoo's accuracy checker takes them, with stride 1.

    A clip that would run over the end of the video stops there and repeats from its own start, not the video's; one
    that would begin after the end is left out. There are two clips at least.
    Example: 5 frames, clips of 4, 3 clips: step max(1, (5 - 4) // 2) = 1 -> [0 1 2 3], [1 2 3 4], [2 3 4 2].

    Source: Open Model Zoo, accuracy checker, `annotation_converters/action_recognition.py`, `get_clips`.
    """
    step = max(1, (num_samples - num_frames) // (num_clips - 1))
    starts = [start for start in range(0, num_clips * step, step) if start < num_samples]
    lengths = [min(num_frames, num_samples - start) for start in starts]
    return [
        [start + frame % length for frame in range(num_frames)] for start, length in zip(starts, lengths, strict=True)
    ]


def gluoncv_clips(num_samples: int, num_frames: int, num_clips: int, frame_stride: int) -> list[list[int]]:
    """Return the samples of each clip as GluonCV takes them: in the middle of equal segments, see `segment_starts`.

    The starts are cut off in the floating point of the original, which now and then gives a frame less than exact
    arithmetic. A clip never shows the last frame of a longer video: it holds the frame that it has come to before.
    Example: 7 frames, clips of 4, 1 clip, stride 2 -> [0 2 4 4].

    Source: GluonCV 0.10, `VideoClsCustom._sample_test_indices` and `_video_TSN_decord_batch_loader`.
    """
    tick = max(0, num_samples - num_frames * frame_stride + 1) / num_clips
    clips = []
    for start in (int(tick / 2 + tick * clip) for clip in range(num_clips)):
        held = start + max(0, num_samples - 2 - start) // frame_stride * frame_stride
        clips.append([min(start + frame * frame_stride, held) for frame in range(num_frames)])
    return clips


def strided_clips(num_samples: int, num_frames: int, num_clips: int, frame_stride: int) -> list[list[int]]:
    """Return the samples of each clip as GluonCV's PyTorch version takes them: equally spaced in every n-th frame.

    Starts, 2 at least, are cut off in the floating point of the original. A shorter video holds its last n-th frame.
    Example: 7 frames, clips of 3, 2 clips, stride 2: of [0 2 4 6] -> [0 2 4], [2 4 6]; clips of 5 -> [0 2 4 6 6] twice.

    Source: GluonCV 0.10, `torch/data/video_cls/dataset_classification.py`, `VideoClsDataset`.
    """
    frames = list(range(0, num_samples, frame_stride))
    frames += frames[-1:] * (num_frames - len(frames))
    step = (len(frames) - num_frames) / (num_clips - 1)
    return [frames[int(clip * step) :][:num_frames] for clip in range(num_clips)]
