"""Home Assistant: messages that make it show cameras without being configured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import blake2s
from typing import Any

PREFIX = "homeassistant"

WHOLE = "picture"
"""What a region of the whole picture is called, where it needs a name."""


def discovery(topic: str, camera: str, regions: tuple[str | None, ...], state_topic: str) -> Iterator[tuple[str, str]]:
    """Yield topics and payloads about a camera: a sensor of the action in each region, and whether the source is up.

    Args:
        topic: What all our topics begin with.
        camera: Its name.
        regions: Names of its regions; None for the whole picture.
        state_topic: Where its state is.
    """
    node, own = slug(topic), slug(camera)
    is_up = {"topic": state_topic, "value_template": "{{ 'online' if value_json.state == 'up' else 'offline' }}"}
    for region in regions:
        # Before the first answer there is no action.
        value = f"{{{{ (value_json.actions.get({json.dumps(region or WHOLE)}) or {{}}).get('label') }}}}"
        yield _config(
            *("sensor", node, own, slug(f"action_{region or WHOLE}"), topic, camera, state_topic),
            name="Action" if region is None else f"Action {region}",
            value_template=value,
            json_attributes_topic=state_topic,
            availability=[{"topic": f"{topic}/available"}, is_up],
            availability_mode="all",
        )
    yield _config(
        *("binary_sensor", node, own, "source", topic, camera, state_topic),
        name="Source",
        device_class="connectivity",
        value_template="{{ 'ON' if value_json.state == 'up' else 'OFF' }}",
        availability_topic=f"{topic}/available",
    )


def slug(name: str) -> str:
    """Return a name in the letters of Home Assistant's identifiers; different names remain different."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return plain if plain == name else f"{plain}_{blake2s(name.encode(), digest_size=4).hexdigest()}"


def _config(
    component: str, node: str, own: str, thing: str, topic: str, camera: str, state_topic: str, **fields: Any
) -> tuple[str, str]:
    device = {"identifiers": [f"{node}_{own}"], "name": f"{topic} {camera}", "manufacturer": "i3d-edge"}
    fields |= {"unique_id": f"{node}_{own}_{thing}", "state_topic": state_topic, "device": device}
    return f"{PREFIX}/{component}/{node}/{own}_{thing}/config", json.dumps(fields, ensure_ascii=False)
