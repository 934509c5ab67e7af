"""A stand-in for the published checkpoints, made on the spot, for use without a download.

It has DeepMind's exact format and a real, if small, ability: it tells generated motions apart. Nothing
it scores says anything about I3D's accuracy.
"""

from freeze.stand_in.motion import LABELS as LABELS
from freeze.stand_in.motion import render_motion as render_motion
from freeze.stand_in.videos import write_videos as write_videos
from freeze.stand_in.weights import make_stand_in as make_stand_in
