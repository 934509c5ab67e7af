"""`i3d bundle` as a user runs it; answers come from a function in place of the engine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bundles import edit, fake_engine, write_ir
from click.testing import CliRunner, Result

from i3d_edge.cli import main


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, ["bundle", *map(str, args)], catch_exceptions=False)


@pytest.fixture(autouse=True)
def fake_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("packing", "golden"):
        monkeypatch.setattr(f"i3d_edge.runtime.bundle.{module}.run_golden", fake_engine())


@pytest.fixture
def box(tmp_path: Path) -> Path:
    (tmp_path / "ir").mkdir()
    ir = write_ir(tmp_path / "ir" / "tiny.xml")
    result = i3d("pack", ir, "-o", tmp_path / "box.i3d")
    assert result.exit_code == 0, result.output
    return tmp_path / "box.i3d"


def digest_of(box: Path) -> str:
    return str(json.loads(i3d("verify", box, "--json").stdout)["digest"])


def test_pack(tmp_path: Path) -> None:
    path = tmp_path / "box.i3d"
    result = i3d("pack", write_ir(tmp_path / "tiny.xml"), "-o", path)
    assert re.fullmatch(
        rf"written  {path}: 0.0 MiB, 5 entries\n"
        r"model    tiny: I3D rgb, 400 classes \(numbered-400\), 16 frames, FP32, weights unknown\n"
        r"digest   (\w{64})\n"
        rf"next     i3d bundle verify {path} --digest \1\n",
        result.stdout,
    ), result.stdout


def test_pack_refuses_an_existing_output_before_any_work(box: Path, tmp_path: Path) -> None:
    result = i3d("pack", tmp_path / "absent.xml", "-o", box)
    assert result.exit_code == 1
    assert "exists already" in result.stderr


def test_verify(box: Path) -> None:
    result = i3d("verify", box)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "5 entries, 0.0 MiB: all checksums match"
    assert lines[1] == f"digest {digest_of(box)}"
    assert " ".join(lines[3].split()) == ("model device ran in differs by bound same top-1 answers")
    assert lines[5].split() == ["tiny", "CPU", "f32", "0", "0.0001", "1", "of", "1", "right"]
    assert lines[6].split() == ["tiny", "CPU", "bf16", "0.01", "0.0399", "1", "of", "1", "right"]
    assert result.stderr.endswith("the bundle is undamaged; only --digest shows that it is the one that was sent\n")


@pytest.mark.parametrize("form", ["{}", "sha256:{}"])
def test_verify_with_a_digest(box: Path, form: str) -> None:
    digest = digest_of(box)
    result = i3d("verify", box, "--digest", form.format(digest.upper() if form == "{}" else digest))
    assert result.exit_code == 0
    assert f"digest {digest}, as given" in result.stdout
    assert "only --digest" not in result.stderr


def test_another_digest(box: Path) -> None:
    result = i3d("verify", box, "--digest", "0" * 64)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"its digest is {digest_of(box)}, not {'0' * 64} as given" in result.stderr


@pytest.mark.parametrize("text", ["abc", "g" * 64])
def test_what_is_no_digest_is_wrong_usage(box: Path, text: str) -> None:
    result = i3d("verify", box, "--digest", text)
    assert result.exit_code == 2
    assert f"{text} is not a digest: `i3d bundle pack` prints one, 64 hexadecimal digits." in result.stderr


def test_a_changed_bundle_exits_1(box: Path, tmp_path: Path) -> None:
    edited = edit(box, tmp_path / "edited.i3d", lambda entries: entries.update({"run.sh": b"rm"}))
    result = i3d("verify", edited)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"BundleError: bundle '{edited}': entry 'run.sh' is not in the manifest\n\n"
        "hint: the bundle was changed after it was packed: get it again from where it was packed\n"
    )


def test_other_answers_exit_3(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.bundle.golden.run_golden", fake_engine(own_error=0.1))
    result = i3d("verify", box)
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-1].endswith("WRONG")
    assert re.search(
        rf"GateFailedError: bundle '{box}' gives other answers on this machine: model 'tiny' in bf16 on CPU "
        r"differs by 0.0998 of the largest logit; the bound is 0.0399\n\n"
        r"hint: the f32 answers are right, so the files are too: do not use bf16 on CPU here\n$",
        result.stderr,
    ), result.stderr


def test_other_answers_in_f32(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.bundle.golden.run_golden", fake_engine(error=0.1, own_error=0.1))
    result = i3d("verify", box, "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["passed"] is False
    assert [(check["precision"], check["passed"]) for check in document["checks"]] == [("f32", False), ("bf16", False)]
    assert result.stderr.endswith(
        "hint: even the f32 answers differ: the model or its answers were changed, or this OpenVINO computes it wrong\n"
    )


def test_not_a_number_is_null_in_json(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.bundle.golden.run_golden", fake_engine(own_error=float("nan")))
    result = i3d("verify", box, "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["checks"][1]["difference"] is None


def test_unpack(box: Path, tmp_path: Path) -> None:
    result = i3d("unpack", box, tmp_path / "models")
    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"written  {tmp_path}/models: 5 entries, all checksums match\n"
        "model    tiny: I3D rgb, 400 classes (numbered-400), 16 frames, FP32, weights unknown\n"
        f"digest   {digest_of(box)}\n"
        f"next     i3d classify VIDEO --model {tmp_path}/models/models/tiny.xml\n"
    )
    assert (tmp_path / "models" / "models" / "tiny.xml").is_file()


def test_info_knows_a_bundle(box: Path) -> None:
    result = CliRunner().invoke(main, ["info", str(box)], catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "kind       bundle, 5 entries",
        "model      tiny: I3D rgb, 400 classes (numbered-400), 16 frames, FP32, weights unknown",
        "weights    tiny: not known (weights unknown): ask whoever trained them",
    ]
    assert re.match(r"packed by  .*i3d-edge \d", lines[3])
    assert lines[4:] == [f"digest     {digest_of(box)}", f"next       i3d bundle verify {box}"]
