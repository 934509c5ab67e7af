"""Events on their way to receivers that may be away for a while."""

from i3d_edge.runtime.outbox.delivery import Delivery as Delivery
from i3d_edge.runtime.outbox.delivery import Queue as Queue
from i3d_edge.runtime.outbox.journal import Journal as Journal
from i3d_edge.runtime.outbox.mqtt import Mqtt as Mqtt
from i3d_edge.runtime.outbox.unread import Unread as Unread
from i3d_edge.runtime.outbox.webhook import webhook_to as webhook_to
