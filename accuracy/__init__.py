"""List of videos -> metrics, with counts and intervals. Part of i3d-edge."""

from accuracy.classes import read_classes as read_classes
from accuracy.dataset import DataSet as DataSet
from accuracy.dataset import ListedVideo as ListedVideo
from accuracy.dataset import read_dataset as read_dataset
from accuracy.dataset import read_list as read_list
from accuracy.manifest import Manifest as Manifest
from accuracy.manifest import is_manifest as is_manifest
from accuracy.manifest import read_manifest as read_manifest
from accuracy.manifest import verify_videos as verify_videos
from accuracy.metrics import topk_metrics as topk_metrics
from accuracy.protocol import PRESETS as PRESETS
from accuracy.protocol import Preset as Preset
from accuracy.protocol import find_preset as find_preset
from accuracy.protocol import spread as spread
from accuracy.report import format_result as format_result
from accuracy.result_schema import ModelInfo as ModelInfo
from accuracy.result_schema import Result as Result
from accuracy.run import Scorer as Scorer
from accuracy.run import require_unfinished as require_unfinished
from accuracy.run import run_accuracy as run_accuracy
from accuracy.subset import make_subset as make_subset
from accuracy.video_check import CLIP_S as CLIP_S
