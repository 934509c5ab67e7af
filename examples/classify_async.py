"""Label videos while an event loop goes on: `python classify_async.py MODEL.xml VIDEO...`."""

import asyncio
import sys

from i3d_edge import Classification, I3DError, VideoClassifier, ViewOptions


async def main(model: str, videos: list[str]) -> None:
    """Print the most probable class of each video."""
    with VideoClassifier(model, mode="throughput") as classifier:
        results = await asyncio.gather(
            *(classifier.classify_async(video, ViewOptions(num_clips=3), k=1) for video in videos),
            return_exceptions=True,
        )
    for video, result in zip(videos, results, strict=True):
        if isinstance(result, Classification):
            print(f"{video}: {result.predictions[0].label}")
        elif isinstance(result, I3DError):
            print(f"{video}: {result.message}")
        else:
            raise result


asyncio.run(main(sys.argv[1], sys.argv[2:]))
