"""Generated videos of motion: a random texture in a warm or a cool tint, moving in one of eight ways.

Motions come in opposite pairs, tints in opposite colours, and the textures are random, so that one
frame gives away the tint but not the motion, and playing a clip backwards turns each motion into its
opposite. A pipeline that swaps colours, reverses time, or scrambles axes is thus found out.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

TINTS = ("warm", "cool")
MOTIONS = ("pan left", "pan right", "pan up", "pan down", "zoom in", "zoom out", "turn left", "turn right")
LABELS = tuple(f"{tint} {motion}" for tint in TINTS for motion in MOTIONS)
"""The classes, in index order. Directions are those of what is shown: "pan left" moves the texture left."""

_TEXTURE_PX = 512
_LOWEST_FREQUENCY = 4 / _TEXTURE_PX
_HIGHEST_FREQUENCY = 0.25
_ZOOM_PER_PX = 0.006
_TURN_RAD_PER_PX = 0.008

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Pose:
    """How the texture lies in a frame: scale, angle, and shift of the picture in pixels."""

    scale: float
    angle_rad: float
    right_px: float = 0.0
    down_px: float = 0.0


def render_motion(label: int, seed: tuple[int, ...], *, num_frames: int, height: int, width: int) -> UInt8Array:
    """Render one video.

    Args:
        label: Index into `LABELS`.
        seed: Decides everything random: texture, colours, speed, place.
        num_frames: Length, F.
        height: Of a frame, in pixels.
        width: Of a frame, in pixels.

    Returns:
        Shape (F, height, width, 3), uint8, RGB 0..255.
    """
    tint, _, motion = LABELS[label].partition(" ")
    rng = np.random.default_rng(seed)
    texture = _texture(rng, tint)
    scale, angle_rad = rng.uniform(0.8, 1.3), rng.uniform(0, 2 * np.pi)
    place = rng.uniform(0, _TEXTURE_PX, 2)
    speed_px = rng.uniform(1.2, 3.0)
    frames = []
    for frame in range(num_frames):
        # Time runs from the middle of the video, so that opposite motions share their middle frame.
        travel_px = speed_px * (frame - (num_frames - 1) / 2)
        pose = _pose(motion, travel_px, scale, angle_rad)
        frames.append(
            cv2.warpAffine(
                texture,
                _picture_to_texture(pose, place, height, width),
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_WRAP,
            )
        )
    return np.array(frames, dtype=np.uint8)


def _texture(rng: np.random.Generator, tint: str) -> UInt8Array:
    """Return a seamless square of coloured noise whose spectrum falls off like a natural picture's."""
    frequency = np.hypot(np.fft.fftfreq(_TEXTURE_PX)[:, np.newaxis], np.fft.rfftfreq(_TEXTURE_PX))
    amplitude = np.maximum(frequency, _LOWEST_FREQUENCY) ** -rng.uniform(0.9, 1.5)
    amplitude *= np.exp(-((frequency / _HIGHEST_FREQUENCY) ** 2))
    amplitude[0, 0] = 0
    fields = []
    for _ in range(2):
        phase = rng.uniform(0, 2 * np.pi, amplitude.shape)
        field = np.fft.irfft2(amplitude * np.exp(1j * phase), s=(_TEXTURE_PX, _TEXTURE_PX))
        fields.append(field / field.std())
    luma, chroma = fields
    luma = rng.uniform(100, 150) + rng.uniform(35, 55) * luma
    red_over_blue = rng.uniform(12, 30) * (1 if tint == "warm" else -1) + 8 * chroma
    channels = (luma + red_over_blue, luma + rng.uniform(-12, 12), luma - red_over_blue)
    texture: UInt8Array = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    return texture


def _pose(motion: str, travel_px: float, scale: float, angle_rad: float) -> _Pose:
    kind, _, direction = motion.partition(" ")
    sign = -1.0 if direction in ("left", "up", "out") else 1.0
    if kind == "zoom":
        return _Pose(scale * float(np.exp(-sign * _ZOOM_PER_PX * travel_px)), angle_rad)
    if kind == "turn":
        return _Pose(scale, angle_rad - sign * _TURN_RAD_PER_PX * travel_px)
    if direction in ("left", "right"):
        return _Pose(scale, angle_rad, right_px=sign * travel_px)
    return _Pose(scale, angle_rad, down_px=sign * travel_px)


def _picture_to_texture(
    pose: _Pose, place: npt.NDArray[np.float64], height: int, width: int
) -> npt.NDArray[np.float64]:
    """Return the affine map, shape (2, 3), from a picture's pixel (x, y) to the texture's, about the centre."""
    cosine, sine = pose.scale * np.cos(pose.angle_rad), pose.scale * np.sin(pose.angle_rad)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    centre = np.array([(width - 1) / 2 + pose.right_px, (height - 1) / 2 + pose.down_px])
    return np.column_stack([linear, place - linear @ centre])
