"""What an IR says of itself: the ModelSpec."""

from __future__ import annotations

import json

import openvino as ov

from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import RT_INFO_GROUP, spec_to_fields


def describe(model: ov.Model, spec: ModelSpec) -> None:
    """Write the spec into a model's `rt_info`, field by field as JSON, in place of another one."""
    fields = {name: json.dumps(value) for name, value in spec_to_fields(spec).items()}
    model.set_rt_info(fields, [RT_INFO_GROUP])
