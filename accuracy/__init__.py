"""List of videos -> metrics, with counts and intervals, and what a later run may lose of them. Part of i3d-edge."""

from i3d_edge.accuracy.data.dataset import DataSet as DataSet
from i3d_edge.accuracy.data.dataset import ListedVideo as ListedVideo
from i3d_edge.accuracy.data.dataset import read_dataset as read_dataset
from i3d_edge.accuracy.data.manifest import VideoManifest as VideoManifest
from i3d_edge.accuracy.data.manifest import read_manifest as read_manifest
from i3d_edge.accuracy.data.subset import make_subset as make_subset
from i3d_edge.accuracy.gate.baseline import make_baseline as make_baseline
from i3d_edge.accuracy.gate.baseline import pick_model as pick_model
from i3d_edge.accuracy.gate.baseline import read_baseline as read_baseline
from i3d_edge.accuracy.gate.baseline import write_baseline as write_baseline
from i3d_edge.accuracy.gate.comparison import compare as compare
from i3d_edge.accuracy.gate.text import GateReport as GateReport
from i3d_edge.accuracy.gate.verdict import Limits as Limits
from i3d_edge.accuracy.gate.verdict import Verdict as Verdict
from i3d_edge.accuracy.gate.verdict import judge as judge
from i3d_edge.accuracy.result.recorded_run import read_run as read_run
from i3d_edge.accuracy.result.recorded_run import score_run as score_run
from i3d_edge.accuracy.run.protocol import PRESETS as PRESETS
from i3d_edge.accuracy.run.protocol import find_preset as find_preset
from i3d_edge.accuracy.run.runner import Scorer as Scorer
from i3d_edge.accuracy.run.runner import score_videos as score_videos
