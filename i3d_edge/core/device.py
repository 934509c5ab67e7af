"""Names of OpenVINO's devices."""


def normalise_device(device: str) -> str:
    """Return a device's name as OpenVINO spells it.

    Example:
        "auto:gpu.0, cpu" -> "AUTO:GPU.0,CPU".
    """
    return "".join(device.split()).upper()
