"""A process to be killed: writes numbered events to a journal, from a number on, and delivers them by MQTT."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from i3d_edge.runtime.outbox import Journal, Mqtt
from i3d_edge.runtime.settings.cameras import MqttConfig

folder, port, first, last = Path(sys.argv[1]), *map(int, sys.argv[2:])
journal = Journal(folder / "events", say=print)
mqtt = Mqtt(
    MqttConfig(host="127.0.0.1", port=port),
    journal,
    folder / "cursors" / "mqtt.json",
    {"door": [None]},
    statistics=dict,
    say=print,
)
for number in range(first, last):
    journal.append(json.dumps({"type": "start", "id": str(number), "camera": "door"}))
    time.sleep(0.002)
mqtt.close()
journal.close()
