"""The box that a model shall run on: what it has, what it lacks, and how the model does there. Part of i3d-edge."""

from runtime.box.profile import Profile as Profile
from runtime.box.profile import read_profile as read_profile
from runtime.box.profile import write_profile as write_profile
