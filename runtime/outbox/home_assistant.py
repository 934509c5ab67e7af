"""Home Assistant: messages that make it show cameras without being configured."""

import json
import re
from collections.abc import Iterator
from typing import Any

PREFIX = "homeassistant"
WHOLE = "picture"  # what a region of the whole picture is called, where it needs a name


def discovery(topic: str, camera: str, regions: tuple[str | None, ...], state_topic: str) -> Iterator[tuple[str, str]]:
    """Yield topics and payloads about a camera: a sensor of the action in each region, and whether the source is up.

    Names of cameras and regions are of letters that identifiers are made of; None is the whole picture.
    """
    is_up = {"topic": state_topic, "value_template": "{{ 'online' if value_json.state == 'up' else 'offline' }}"}
    for region in regions:
        # Before the first answer there is no action.
        value = f"{{{{ value_json.actions.get('{region or WHOLE}', {{}}).get('label') }}}}"
        yield _config(
            *("sensor", topic, camera, f"action_{region or WHOLE}"),
            state_topic=state_topic,
            name="Action" if region is None else f"Action {region}",
            value_template=value,
            json_attributes_topic=state_topic,
            availability=[{"topic": f"{topic}/available"}, is_up],
            availability_mode="all",
        )
    yield _config(
        *("binary_sensor", topic, camera, "source"),
        state_topic=state_topic,
        name="Source",
        device_class="connectivity",
        value_template="{{ 'ON' if value_json.state == 'up' else 'OFF' }}",
        availability_topic=f"{topic}/available",
    )


def node_of(topic: str) -> str:
    """Return what the identifiers of a watch begin with."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", topic)


def _config(component: str, topic: str, camera: str, thing: str, **fields: Any) -> tuple[str, str]:
    node = node_of(topic)
    device = {"identifiers": [f"{node}_{camera}"], "name": f"{topic} {camera}", "manufacturer": "i3d-edge"}
    fields |= {"unique_id": f"{node}_{camera}_{thing}", "device": device}
    return f"{PREFIX}/{component}/{node}/{camera}_{thing}/config", json.dumps(fields, ensure_ascii=False)
