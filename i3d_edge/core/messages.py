"""Messages for the user of a program: functions take a `say`, and log to "i3d_edge" where none is given."""

import logging
from collections.abc import Callable

Say = Callable[[str], None]

LOG = logging.getLogger("i3d_edge")
