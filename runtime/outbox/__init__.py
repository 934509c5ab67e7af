"""Events on their way to receivers that may be away for a while."""

from i3d_edge.runtime.outbox.delivery import Queue as Queue
from i3d_edge.runtime.outbox.webhook import Webhook as Webhook
