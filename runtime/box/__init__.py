"""The box that a model shall run on: what it has, what it lacks, and how the model does there. Part of i3d-edge."""
