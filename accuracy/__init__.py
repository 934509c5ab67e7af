"""List of videos -> metrics, with counts and intervals. Part of i3d-edge."""

from accuracy.dataset import ListedVideo as ListedVideo
from accuracy.dataset import read_list as read_list
from accuracy.metrics import topk_metrics as topk_metrics
from accuracy.report import format_result as format_result
from accuracy.result_schema import ModelInfo as ModelInfo
from accuracy.result_schema import Result as Result
from accuracy.run import Scorer as Scorer
from accuracy.run import run_accuracy as run_accuracy
