"""What every command does, as functions: the layer that the command line calls. Import them from `i3d_edge`.

Paths may be strings. Messages for a user go to `say`, by default to the logger "i3d_edge".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from os import PathLike

StrPath = str | PathLike[str]
Say = Callable[[str], None]

LOG = logging.getLogger("i3d_edge")
