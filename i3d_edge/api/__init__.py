"""What every command does, as functions: the layer that the command line calls. Import them from `i3d_edge`.

Paths may be strings. Messages for a user go to `say`, by default to the logger "i3d_edge".
"""
