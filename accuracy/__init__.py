"""List of videos -> metrics, with counts and intervals, and what a later run may lose of them. Part of i3d-edge."""
