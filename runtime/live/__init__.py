"""Live streams: frames with a clock -> windows -> answers and events, for hours."""

from i3d_edge.runtime.live.address import Address as Address
from i3d_edge.runtime.live.answer import WindowAnswer as WindowAnswer
from i3d_edge.runtime.live.answers import StreamAnswers as StreamAnswers
from i3d_edge.runtime.live.event import Event as Event
from i3d_edge.runtime.live.options import StreamOptions as StreamOptions
from i3d_edge.runtime.live.recorded import read_records as read_records
from i3d_edge.runtime.live.recorded import replay as replay
from i3d_edge.runtime.live.rules import EventRules as EventRules
from i3d_edge.runtime.live.rules import LabelRules as LabelRules
from i3d_edge.runtime.live.source import Gap as Gap
from i3d_edge.runtime.live.source import LiveSource as LiveSource
from i3d_edge.runtime.live.stream import LiveStream as LiveStream
