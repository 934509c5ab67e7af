"""Live streams: frames with a clock -> windows -> answers and events, for hours."""

from runtime.live.address import Address as Address
from runtime.live.address import masked as masked
from runtime.live.connection import Settings as Settings
from runtime.live.events import Event as Event
from runtime.live.source import Gap as Gap
from runtime.live.source import LiveSource as LiveSource
from runtime.live.stream import LiveStream as LiveStream
from runtime.live.stream import StreamOptions as StreamOptions
from runtime.live.stream import WindowAnswer as WindowAnswer
from runtime.live.webhook import Webhook as Webhook
