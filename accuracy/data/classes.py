"""Class names of a data set, matched with the model's."""

from __future__ import annotations

import re

from i3d_edge.core.labels import LabelSet


class ClassMatcher:
    """Finds the model's name for a class, whatever a data set does to case, spaces, underscores and apostrophes."""

    def __init__(self, labels: LabelSet) -> None:
        self.labels = labels
        self._names: dict[str, str | None] = {}
        for name in labels.names:
            key = _plain(name)
            self._names[key] = None if key in self._names else name

    def find(self, name: str) -> str | None:
        """Return the model's name, or None if it has no such class.

        Example:
            "playing_cricket" and "PlayingCricket" -> "playing cricket".
        """
        return name if name in self.labels else self._names.get(_plain(name))

    def match(self, name: str) -> str:
        """Return the model's name.

        Raises:
            LabelError: If the model has no such class; names the nearest ones.
        """
        return self.find(name) or self.labels.names[self.labels.index(name)]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())
