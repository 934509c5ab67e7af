"""What lies in deploy/, and the configurations that the pages show, go with the program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from fake_box import FakeBox
from small import write_small_ir

from i3d_edge.cli import main
from i3d_edge.core.labels import kinetics_400
from i3d_edge.runtime import Engine
from i3d_edge.runtime.web.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


PAGES = ("how-to/box-of-cameras.md", "reference/cameras-yaml.md")


def blocks(page: str) -> list[str]:
    """Return the YAML texts of a page that are configurations."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"(?:```yaml|<<'END')\n(model:.*?)(?:```|END\n)", text, flags=re.DOTALL)


EXAMPLES = {
    "deploy": (DEPLOY / "cameras.yaml").read_text(encoding="utf-8"),
    **{f"{page} {number}": text for page in PAGES for number, text in enumerate(blocks(page))},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("box")
    for name in ("rgb_int8.xml", "rgb_scratch_int8.xml"):
        write_small_ir(folder / name, labels=kinetics_400())
    return folder


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_right(name: str, folder: Path) -> None:
    """With variables that are set, and a model that knows the labels of Kinetics-400."""
    text = EXAMPLES[name]
    (folder / "cameras.yaml").write_text(text, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"{(\w+)}", text), "long-enough-to-be-one")
    result = CliRunner().invoke(main, ["watch", str(folder / "cameras.yaml"), "--check"], env=variables)
    assert (result.exit_code, "cameras.yaml is right: " in result.output) == (0, True), result.output


def test_the_dashboard_shows_only_what_is_measured(folder: Path) -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "i3d.json").read_text(encoding="utf-8"))
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    metrics = Metrics()
    metrics.observe(FakeBox(Engine(folder / "rgb_int8.xml")), "rgb_int8", {})
    known = set(re.findall(r"^# TYPE (\S+)", metrics.text().decode(), flags=re.MULTILINE))
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")}
    used = set(re.findall(r"\b(?:i3d|process)_\w+", asked))
    assert len(used) > 10
    assert used <= known


def test_ray_takes_the_cluster() -> None:
    util = pytest.importorskip("ray.autoscaler._private.util", reason="needs i3d-edge[cluster-tests]")
    config = yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text(encoding="utf-8"))
    prepared = util.prepare_config(config)
    util.validate_config(prepared)
    assert prepared["available_node_types"]["worker"]["max_workers"] == config["max_workers"]
    assert prepared["head_node_type"] in prepared["available_node_types"]
