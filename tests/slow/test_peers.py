"""Whole I3D-ResNets and I3D-Inceptions against the code of MMAction2 and GluonCV, with the same random weights.

Needs the peers' Python, of an environment that `tests/support/peer_network.py` (and `peer_mxnet.py`) describes:

    I3D_PEERS=/path/to/env/bin/python I3D_MXNET=/path/to/env/bin/python pytest tests/slow/test_peers.py -s
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from i3d_edge import convert_weights
from i3d_edge.convert.cost import count_operations
from i3d_edge.convert.networks.layers import read_layers
from i3d_edge.convert.networks.network import NETWORKS, candidates
from i3d_edge.convert.weights import read_weights
from i3d_edge.core.i3d_spec import LOGITS_NAME

SUPPORT = Path(__file__).parents[1] / "support"
SIDE_PX = 224
MMACTION2 = {
    "r50": "i3d",
    "r50-dense": "i3d",
    "r50-heavy": "i3d-heavy",
    "r50-nl-dot-product": "i3d-nl-dot-product",
    "r50-nl-embedded-gaussian": "i3d-nl-embedded-gaussian",
    "r50-nl-gaussian": "i3d-nl-gaussian",
}
GLUONCV = {
    "i3d_resnet50_v1_kinetics400": "i3d",
    "i3d_resnet101_v1_kinetics400": "i3d",
    **{f"i3d_nl{blocks}_resnet{depth}_v1_kinetics400": "i3d-nl-gluoncv" for depth in (50, 101) for blocks in (5, 10)},
}
SLOW = {
    f"i3d_slow_resnet50_f{frames}s{step}_kinetics400": f"slow-{frames}x{step}" for frames, step in ((32, 2), (8, 8))
}
INCEPTION = {"i3d_inceptionv1_kinetics400": "i3d-inceptionv1", "i3d_inceptionv3_kinetics400": "i3d-inceptionv3"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "script", "name", "network"),
    [
        *(("I3D_PEERS", "peer_network.py", *item) for item in (MMACTION2 | GLUONCV | SLOW).items()),
        *(("I3D_MXNET", "peer_mxnet.py", *item) for item in (GLUONCV | INCEPTION).items()),
    ],
)
def test_the_peers_answer_the_same(tmp_path: Path, variable: str, script: str, name: str, network: str) -> None:
    if variable not in os.environ:
        pytest.skip(f"no peers: {variable} names their Python")
    num_frames = 8 if network == "slow-8x8" else 32
    side = NETWORKS[network].crop_px if name in INCEPTION else SIDE_PX
    subprocess.run([os.environ[variable], SUPPORT / script, name, str(num_frames), str(side), tmp_path], check=True)
    weights = next(path for path in tmp_path.iterdir() if path.suffix != ".npz")
    peer = np.load(tmp_path / f"{name}.npz")
    assert network in candidates(read_layers(read_weights(weights).tensors))
    output = tmp_path / "m.xml"
    report = convert_weights(weights, output, network=network, crop_px=side, logits_output=True)
    model = ov.Core().read_model(output)
    compiled = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    got = compiled(np.ascontiguousarray(report.spec.lay_out(peer["pixels"])))[LOGITS_NAME]
    difference = float(np.abs(got - peer["logits"]).max() / np.abs(peer["logits"]).max())
    costs = [count_operations(node) for node in model.get_ops() if node.get_type_name() in ("Convolution", "MatMul")]
    print(f"{name}: {difference:.1e}, {sum(costs) / 2e9:.2f} GMAC, {report.cost.num_parameters / 1e6:.2f} M parameters")
    assert difference < 1e-4
