"""Forks: the threads of a process are not in its child, so what has some would make the child wait for ever."""

import ctypes
import os
from weakref import WeakSet

from i3d_edge.core.errors import ForkError

_owners: WeakSet[object] = WeakSet()


class HomeProcess:
    """The process in which something that has threads was made, the only one that can use it."""

    def __init__(self, owner: object, title: str) -> None:
        """Remember the process in which `owner` was made; `title` says what was done: "the model was compiled"."""
        self._pid, self._title = os.getpid(), title
        _owners.add(owner)

    def require(self) -> None:
        """Refuse to go on in another process; raises ForkError in a child."""
        if os.getpid() != self._pid:
            raise ForkError(
                f"{self._title} before os.fork(), and cannot be used in the child",
                hint='do that in the child, or begin processes by multiprocessing.get_context("spawn")',
            )


def _keep_owners() -> None:
    """Never destroy them in a child, not even at its end: that, too, would wait for the threads."""
    for owner in _owners:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(owner))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_owners)
