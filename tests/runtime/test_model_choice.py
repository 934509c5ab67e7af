from pathlib import Path

import pytest

from i3d_edge.core.errors import ArgumentError
from i3d_edge.runtime.inference.model_choice import ModelChoice, named_choices


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("a/m.xml", ModelChoice(Path("a/m.xml"))),
        ("small=a/m.xml", ModelChoice(Path("a/m.xml"), "small")),
        ("m.xml@bf16", ModelChoice(Path("m.xml"), None, "bf16")),
        ("n=m.xml@GPU@f16", ModelChoice(Path("m.xml"), "n", "f16", "GPU")),
        ("m.xml@AUTO:GPU,CPU", ModelChoice(Path("m.xml"), None, None, "AUTO:GPU,CPU")),
        ("runs/lr=3/m.xml", ModelChoice(Path("runs/lr=3/m.xml"))),
        ("=m.xml", ModelChoice(Path("=m.xml"))),
    ],
)
def test_parse(text: str, choice: ModelChoice) -> None:
    assert ModelChoice.parse(text) == choice


def test_a_file_of_that_very_name_wins(tmp_path: Path) -> None:
    path = tmp_path / "a=m.xml@f32"
    path.touch()
    assert ModelChoice.parse(str(path)) == ModelChoice(path)


def test_names() -> None:
    assert list(named_choices(["a/m.xml"])) == ["m"]
    assert list(named_choices(["a/m.xml", "m.xml@f32@GPU", "n=m.xml"])) == ["m", "m@f32@GPU", "n"]
    with pytest.raises(ArgumentError, match="two models are named 'm'"):
        named_choices(["a/m.xml", "b/m.xml"])
