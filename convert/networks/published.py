"""The files that MMAction2 and GluonCV published, known by the first 8 digits of a hash.

Sources: the links in MMAction2's `configs/recognition/i3d/README.md`, whose names end in a SHA-256;
GluonCV's `model_zoo/model_store.py` and `torch/model_zoo/model_store.py`, which list SHA-1s.
"""

from collections.abc import Mapping

MMACTION2: Mapping[str, tuple[str, str]] = {
    sha256: (f"mmaction2 i3d_imagenet-pretrained-r50{variant}-32x2x1-100e_kinetics400-rgb", network)
    for sha256, variant, network in (
        ("e213c223", "_8xb8", "i3d"),
        ("9f46003f", "_8xb8-dense", "i3d"),
        ("8e1f2148", "-nl-dot-product_8xb8", "i3d-nl-dot-product"),
        ("afd8f562", "-nl-embedded-gaussian_8xb8", "i3d-nl-embedded-gaussian"),
        ("0c5cbf5a", "-nl-gaussian_8xb8", "i3d-nl-gaussian"),
        ("ed501b31", "-heavy_8xb8", "i3d-heavy"),
    )
}
"""SHA-256 -> name, network."""

GLUONCV: Mapping[str, tuple[str, str]] = {
    sha1: (f"gluoncv {name}", network)
    for name, network, *hashes in (
        ("i3d_inceptionv1_kinetics400", "i3d-inceptionv1", "81e0be10"),
        ("i3d_inceptionv3_kinetics400", "i3d-inceptionv3", "f14f8a99"),
        ("i3d_resnet50_v1_kinetics400", "i3d", "568a722e", "18545497"),
        ("i3d_resnet101_v1_kinetics400", "i3d", "6b69f655", "a9bb4f89"),
        ("i3d_nl5_resnet50_v1_kinetics400", "i3d-nl-gluoncv", "3c0e47ea", "9df1e103"),
        ("i3d_nl10_resnet50_v1_kinetics400", "i3d-nl-gluoncv", "bfb58c41", "281e1e8a"),
        ("i3d_nl5_resnet101_v1_kinetics400", "i3d-nl-gluoncv", "fbfc1d30", "2cea8edd"),
        ("i3d_nl10_resnet101_v1_kinetics400", "i3d-nl-gluoncv", "59186c31", "526a2ed0"),
        ("i3d_resnet50_v1_ucf101", "i3d", "760d0981"),
        ("i3d_resnet50_v1_hmdb51", "i3d", "2ec6bf01"),
        ("i3d_resnet50_v1_sthsthv2", "i3d", "01961e4c", "e975d989"),
        ("i3d_slow_resnet50_f32s2_kinetics400", "slow-32x2", "078c817b"),
        ("i3d_slow_resnet50_f16s4_kinetics400", "slow-16x4", "a3e419f1"),
        ("i3d_slow_resnet50_f8s8_kinetics400", "slow-8x8", "1c3d98a1"),
        ("i3d_slow_resnet101_f32s2_kinetics400", "slow-32x2", "db37cd51"),
        ("i3d_slow_resnet101_f16s4_kinetics400", "slow-16x4", "cb6b78d9"),
        ("i3d_slow_resnet101_f8s8_kinetics400", "slow-8x8", "82e399c1"),
        ("i3d_slow_resnet101_f16s4_kinetics700", "slow-16x4", "b5be1a2e"),
    )
    for sha1 in hashes
}
"""SHA-1 -> name, network."""
