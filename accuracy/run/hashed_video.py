"""A listed video on its way through the decode pool: its bytes are hashed by the thread that decodes it."""

from __future__ import annotations

from dataclasses import dataclass

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.data.video_check import content_sha256, why_unreadable
from i3d_edge.core.errors import VideoOpenError
from i3d_edge.runtime import FrameSource, open_source
from i3d_edge.runtime.frames.remote import address_of


@dataclass
class HashedVideo:
    """A listed video that knows its hash once it was opened.

    Attributes:
        listed: Which.
        sha256: Of its bytes; None as long as they were not read.
    """

    listed: ListedVideo
    sha256: str | None = None

    def __post_init__(self) -> None:
        self.sha256 = self.listed.sha256

    @property
    def name(self) -> str:
        """As the list has it."""
        return self.listed.path

    def open(self, *, thorough: bool = False) -> FrameSource:
        """Open the video, and hash it if its manifest does not say the hash, or it lies at an address.

        Raises:
            VideoError: If it cannot be used.
        """
        listed, unread = self.listed, None
        if self.sha256 is None or address_of(listed.file):
            try:
                self.sha256 = content_sha256(listed.file)
            except OSError as error:
                unread = error
            if listed.sha256 not in (None, self.sha256):
                raise VideoOpenError(f"video {listed.path!r} is not the one that the manifest pins")
        source = open_source(listed.file, frames_fps=listed.frames_fps, num_frames=listed.num_frames, thorough=thorough)
        if unread is not None:
            reason = why_unreadable(listed.file, unread)
            raise VideoOpenError(f"cannot read video {str(listed.file)!r}: {reason}") from unread
        return source
