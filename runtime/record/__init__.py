"""Clips of events: what a camera sent, kept for a while in memory, and written without encoding it again."""

from i3d_edge.runtime.record.recorder import Recorder as Recorder
