"""--profile: run with the setting that `i3d probe` found best; options given beside it win."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import PATH, is_given, note

if TYPE_CHECKING:
    from i3d_edge.runtime.measure.profile import Profile, Setting

profile_option = click.option(
    "--profile", "profile_path", type=PATH, help="Run as `i3d probe` found best; other options override it."
)

_FLAGS = {
    "device": "--device",
    "inference_precision": "--inference-precision",
    "mode": "--mode",
    "num_streams": "--streams",
}


def apply_profile(profile_path: Path | None, ir_path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return a command's options, with the profile's value for each that the user did not give; None changes nothing.

    Raises:
        ProfileError: If the profile cannot be read, was made for another IR, or recommends nothing.
    """
    from i3d_edge.core.environment import versions
    from i3d_edge.core.errors import ProfileError
    from i3d_edge.runtime.measure.profile import Machine, differences, read_profile, require_same_ir

    if profile_path is None:
        return options
    profile = read_profile(profile_path)
    require_same_ir(profile, profile_path, ir_path)
    for sentence in differences(profile, Machine.here(), versions()):
        note(f"WARNING: {sentence}; its figures may not hold here")
    given = {name for name in options if is_given(name)}
    setting = _choose(profile, options, given)
    if setting is None and given & {"device", "mode"}:
        note(f"profile {profile_path} has no setting for the given options; using only those")
        return options
    if setting is None:
        raise ProfileError(
            f"profile {str(profile_path)!r} recommends no setting: no device is known to give the right answers",
            hint="leave out --profile, or run `i3d probe` again",
        )
    found = {name: getattr(setting, name) for name in options if name not in given}
    note(f"profile {profile_path}: {as_options(found) or 'every option was given'}")
    return {**options, **found}


def as_options(setting: Mapping[str, Any]) -> str:
    """Return a setting as options of the command line: "--device CPU --mode throughput --streams 2"."""
    named = ((flag, setting.get(name)) for name, flag in _FLAGS.items())
    return " ".join(f"{flag} {value}" for flag, value in named if value is not None)


def _choose(profile: Profile, options: dict[str, Any], given: set[str]) -> Setting | None:
    """Return the recommended setting; for another device or mode than that one's, the first measured one."""
    measured = [profile.recommended] if profile.recommended is not None else []
    candidates = [*measured, *(profile.settings() if "device" in given or "mode" in given else [])]
    fixed = {name: options[name] for name in ("device", "mode") if name in given}
    return next((own for own in candidates if all(getattr(own, name) == fixed[name] for name in fixed)), None)
