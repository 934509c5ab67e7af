"""Switches off, in this process, the usage reports of OpenVINO's tools, Model Optimizer and NNCF.

All three import `openvino_telemetry` and fall back to a stub where it is not installed. A command
that converts a file must not open a connection, so the import is made to find nothing.
"""

import sys
from typing import Any


def switch_off() -> None:
    """Make `openvino_telemetry` unavailable, or, where it is loaded already, refuse its consent."""
    loaded: Any = sys.modules.get("openvino_telemetry")
    if loaded is None:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    else:
        declined = loaded.main.ConsentCheckResult.DECLINED
        loaded.main.OptInChecker.check = lambda *_args, **_options: declined
