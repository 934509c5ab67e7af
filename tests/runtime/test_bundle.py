"""Packing, tampering, verifying, unpacking; answers come from a function in place of the engine."""

from __future__ import annotations

import errno
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bundles import Entries, edit, fake_engine, fake_run, read_entries, with_answers, write_ir, write_profile_of

from i3d_edge.core.errors import BundleError, DeviceError, IRError, OutputError, ProfileError
from i3d_edge.core.files import sha256_file
from i3d_edge.runtime.bundle import open_bundle, pack_bundle, unpack_bundle, verify_bundle
from i3d_edge.runtime.bundle.golden import (
    GoldenRun,
    count_same_top1,
    from_bytes,
    largest_difference,
    run_golden,
    to_bytes,
)
from i3d_edge.runtime.bundle.manifest import GOLDEN, MANIFEST, MANIFEST_SUM
from i3d_edge.runtime.measure.profile import Setting

Change = Callable[[Entries], None]


@pytest.fixture(autouse=True)
def fake_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, fake_engine())


def use(monkeypatch: pytest.MonkeyPatch, run: Callable[..., GoldenRun]) -> None:
    monkeypatch.setattr("i3d_edge.runtime.bundle.packing.run_golden", run)
    monkeypatch.setattr("i3d_edge.runtime.bundle.golden.run_golden", run)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ir(tmp_path_factory.mktemp("tiny") / "short.xml")


@pytest.fixture
def box(tiny: Path, tmp_path: Path) -> Path:
    pack_bundle([tiny], tmp_path / "box.i3d")
    return tmp_path / "box.i3d"


def refused(path: Path, **options: str) -> str:
    with pytest.raises(BundleError) as caught:
        verify_bundle(path, **options)
    message = str(caught.value)
    assert message.startswith(f"bundle '{path}': ")
    return message.removeprefix(f"bundle '{path}': ")


def test_what_is_in_it(tiny: Path, tmp_path: Path) -> None:
    manifest = pack_bundle([tiny], tmp_path / "box.i3d")
    entries = read_entries(tmp_path / "box.i3d")
    assert list(entries) == [
        "models/short.xml",
        "models/short.bin",
        "labels/short.txt",
        "golden.json",
        "licences/apache-2.0.txt",
        "bundle.json",
        "bundle.sha256",
    ]
    assert entries["models/short.bin"] == tiny.with_suffix(".bin").read_bytes()
    assert entries["labels/short.txt"].decode().splitlines()[0] == "class 0"
    assert entries["bundle.sha256"].decode() == f"{manifest.digest}  bundle.json\n"
    manifest = json.loads(entries["bundle.json"])
    assert manifest["entries"]["models/short.xml"]["sha256"] == sha256_file(tiny)
    [model] = manifest["models"]
    assert model["measured"] == {"bf16": pytest.approx(0.01, rel=0.02)}
    assert model["bounds"]["bf16"] == pytest.approx(0.04, rel=0.02)
    assert model["licence"].startswith("not known (weights unknown): ask whoever trained them")
    assert set(manifest["versions"]) == {
        *("python", "i3d-edge", "openvino", "numpy", "av", "opencv-contrib-python-headless", "system")
    }


def test_the_licence_is_the_project_s() -> None:
    root = Path(__file__).resolve().parents[2]
    assert (root / "runtime" / "bundle" / "apache_2.0.txt").read_bytes() == (root / "LICENSE").read_bytes()


def test_the_same_inputs_are_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        pack_bundle([tiny], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_right_box(box: Path) -> None:
    report = verify_bundle(box)
    assert report.passed
    assert [(check.device, check.precision, check.passed) for check in report.checks] == [
        ("CPU", "f32", True),
        ("CPU", "bf16", True),
    ]
    assert [check.num_same_top1 for check in report.checks] == [1, 1]
    assert report.num_entries == 5


def test_one_check_is_enough_where_the_cpu_computes_in_f32(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, fake_engine(own_precision="f32", own_error=0))
    assert [check.precision for check in verify_bundle(box).checks] == ["f32"]


def test_a_wrong_box(box: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests) -> None:
    for case, (answering, failed) in {
        "bf16 too far": (fake_engine(own_error=0.05), ["bf16"]),
        "f32 too far": (fake_engine(error=2e-4), ["f32"]),
        "bf16 within": (fake_engine(own_error=0.03), []),
        "f32 within": (fake_engine(error=5e-5), []),
        "a device that does not tell": (fake_engine(own_precision="not reported", own_error=0.3), []),
    }.items():
        with subtests.test(case):
            use(monkeypatch, answering)
            report = verify_bundle(box)
            assert [check.precision for check in report.checks if not check.passed] == failed
            assert report.passed == (not failed)


def test_not_a_number_is_never_right(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = with_answers(fake_run(), probabilities=np.full((1, 400), np.nan, np.float32))
    use(monkeypatch, lambda _path, **_options: run)
    assert [check.difference for check in verify_bundle(box).checks] == [float("inf")]


def drop(name: str) -> Change:
    return lambda entries: entries.pop(name)  # type: ignore[return-value]


def flip(name: str) -> Change:
    def change(entries: Entries) -> None:
        data = bytearray(entries[name])
        data[len(data) // 2] ^= 1
        entries[name] = bytes(data)

    return change


def put(name: str, data: bytes) -> Change:
    return lambda entries: entries.update({name: data})


def replace(name: str, old: bytes, new: bytes) -> Change:
    def change(entries: Entries) -> None:
        assert old in entries[name]
        entries[name] = entries[name].replace(old, new)

    return change


def test_tampering_is_found_and_named(box: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for case, (change, message) in {
        "weights": (
            flip("models/short.bin"),
            r"entry 'models/short.bin' was changed: its SHA-256 is \w{64}; the manifest says \w{64}",
        ),
        "network": (
            flip("models/short.xml"),
            r"entry 'models/short.xml' was changed: its SHA-256 is \w{64}; the manifest says \w{64}",
        ),
        "answers": (
            flip("golden.json"),
            r"entry 'golden.json' was changed: its SHA-256 is \w{64}; the manifest says \w{64}",
        ),
        "labels": (
            put("labels/short.txt", b"x"),
            r"entry 'labels/short.txt' has 1 bytes; the manifest says \d+",
        ),
        "removed": (drop("models/short.bin"), r"entry 'models/short.bin' of the manifest is missing"),
        "no answers": (drop("golden.json"), r"entry 'golden.json' of the manifest is missing"),
        "added": (put("run.sh", b"x"), r"entry 'run.sh' is not in the manifest"),
        "manifest": (
            replace(MANIFEST, b'"int8": 0.5', b'"int8": 0.4'),
            r"'bundle.json' has the SHA-256 \w{64}; 'bundle.sha256' says another",
        ),
        "checksum": (
            put(MANIFEST_SUM, b"0" * 64),
            r"'bundle.json' has the SHA-256 \w{64}; 'bundle.sha256' says another",
        ),
    }.items():
        with subtests.test(case):
            found = refused(edit(box, tmp_path / "edited.i3d", change))
            assert re.fullmatch(
                message + "\n\nhint: the bundle was changed after it was packed: get it again from where it was packed",
                found,
            ), found


def test_without_its_manifest(box: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name in [MANIFEST, MANIFEST_SUM]:
        with subtests.test(name=name):
            message = refused(edit(box, tmp_path / "edited.i3d", drop(name)))
            assert message.startswith(f"entry '{name}' is missing\n\nhint: copy it again")


def test_a_truncated_bundle(box: Path) -> None:
    box.write_bytes(box.read_bytes()[:-1000])
    with pytest.raises(BundleError, match="is cut off"):
        verify_bundle(box)


def test_another_schema_version(box: Path, tmp_path: Path) -> None:
    change = replace(MANIFEST, b'"schema_version": 1', b'"schema_version": 9')
    assert refused(edit(box, tmp_path / "edited.i3d", change, covering=True)) == (
        "manifest 'bundle.json' has version 9; this program reads version 1\n\n"
        "hint: read it with the version of i3d-edge that packed it, or pack it again"
    )


def test_altered_answers_differ_though_every_checksum_is_right(box: Path, tmp_path: Path) -> None:
    entries = json.loads(read_entries(box)[GOLDEN])
    entries["short"][0]["probabilities"][0][7] *= 2
    report = verify_bundle(edit(box, tmp_path / "edited.i3d", put(GOLDEN, json.dumps(entries).encode()), covering=True))
    assert [check.passed for check in report.checks] == [False, False]


def test_a_digest_from_elsewhere_finds_what_checksums_cannot(box: Path, tmp_path: Path) -> None:
    with open_bundle(box) as bundle:
        digest = bundle.digest
    assert verify_bundle(box, expected_digest=digest).digest == digest
    edited = edit(box, tmp_path / "edited.i3d", put("licences/apache-2.0.txt", b"mine"), covering=True)
    assert verify_bundle(edited).passed
    assert re.fullmatch(
        rf"its digest is \w{{64}}, not {digest} as given\n\n"
        "hint: it is another bundle, or it was changed: ask whoever packed it for the file and the digest",
        refused(edited, expected_digest=digest),
    )


def test_what_the_manifest_says_of_an_ir_is_compared_with_it(
    box: Path, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for change, message in [
        (
            replace(MANIFEST, b'"title": "', b'"title": "rgb_imagenet: '),
            "the manifest gives model 'short' another title than its IR states",
        ),
        (put("labels/short.txt", b"jogging\n"), "'labels/short.txt' does not name the classes of model 'short'"),
    ]:
        with subtests.test(message=message):
            assert refused(edit(box, tmp_path / "edited.i3d", change, covering=True)) == message


def test_answers_that_are_none(box: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for answers, message in [
        (b"{", "entry 'golden.json' is not JSON"),
        (b"{}", "entry 'golden.json' has no answers of model 'short'"),
        ("seed", "entry 'golden.json' is damaged: [...][0].seed: expected int >= 0"),
        ("probabilities", "entry 'golden.json' is damaged: "),
        ("many", "entry 'golden.json' is damaged: [...]: expected array of length <= 16"),
        ("negative", "entry 'golden.json' is damaged: [...][0].probabilities[0][0]: expected float"),
        ("pattern", "no clip 'x'; this version has gratings, patches\n\nhint: verify with i3d-edge "),
        ("sha256", "this version generates another clip 'gratings' than the one that packed the bundle\n\nhint: ver"),
        ("shape", "the answers to clip 'gratings' have the shape (1, 3); the model's have (1, 400)"),
    ]:
        with subtests.test(answers=answers):
            if isinstance(answers, str):
                fields = json.loads(read_entries(box)[GOLDEN])
                wrong = {
                    "seed": ("seed", -1),
                    "probabilities": ("probabilities", [[0.5], [0.5, 0.5]]),
                    "negative": ("probabilities", [[-0.5]]),
                    "pattern": ("pattern", "x"),
                    "sha256": ("sha256", {}),
                    "shape": ("probabilities", [[0.1, 0.2, 0.7]]),
                }
                name, value = wrong.get(answers, ("seed", 0))
                fields["short"][0][name] = value
                fields["short"] *= 17 if answers == "many" else 1
                answers = json.dumps(fields).encode()
            edited = edit(box, tmp_path / "edited.i3d", put(GOLDEN, answers), covering=True)
            assert refused(edited).startswith(message)


def test_an_ir_that_cannot_be_read(box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = edit(box, tmp_path / "edited.i3d", put("models/short.xml", b"<net/>"), covering=True)
    monkeypatch.setattr("i3d_edge.runtime.bundle.golden.run_golden", run_golden)
    assert refused(edited).startswith("model 'short': OpenVINO cannot read IR 'models/short.xml'")


def setting(device: str, precision: str | None = None) -> Setting:
    return Setting(device=device, inference_precision=precision, mode="latency", num_streams=None)


def test_a_profile_says_how_a_model_is_checked(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = write_profile_of(tiny, tmp_path / "p.json", recommended=setting("GPU", "f16"))
    box = tmp_path / "box.i3d"
    manifest = pack_bundle([tiny], box, profiles=[profile])
    assert manifest.models[0].profile == "profiles/short.json"
    asked = []

    def run(_path: Path, **options: object) -> GoldenRun:
        asked.append((options.get("device"), options.get("inference_precision")))
        return fake_engine()(_path, is_reference=bool(options.get("is_reference")))

    monkeypatch.setattr("i3d_edge.runtime.bundle.golden.run_golden", run)
    monkeypatch.setattr("i3d_edge.runtime.bundle.verification.require_device", lambda _core, _device: None)
    verify_bundle(box)
    verify_bundle(box, device="NPU", inference_precision="f32")
    assert asked == [(None, None), ("GPU", "f16"), (None, None), ("NPU", "f32")]


def test_an_absent_device_is_found_before_any_work(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = write_profile_of(tiny, tmp_path / "p.json", recommended=setting("FPGA"))
    box = tmp_path / "box.i3d"
    pack_bundle([tiny], box, profiles=[profile])
    monkeypatch.setattr("i3d_edge.runtime.bundle.golden.run_golden", None)
    for options in ({}, {"device": "FPGA"}):
        with pytest.raises(DeviceError, match="no device 'FPGA' on this machine"):
            verify_bundle(box, **options)


def test_a_profile_of_another_ir(tiny: Path, tmp_path: Path) -> None:
    other = copy_ir(tiny, tmp_path / "other" / "short.xml")
    other.write_bytes(other.read_bytes() + b"\n")
    profile = write_profile_of(other, tmp_path / "p.json", recommended=setting("CPU"))
    with pytest.raises(BundleError) as caught:
        pack_bundle([tiny], tmp_path / "box.i3d", profiles=[profile])
    assert str(caught.value) == f"profile '{profile}' was made for none of these IRs"
    assert not (tmp_path / "box.i3d").exists()


def test_a_profile_that_recommends_nothing(tiny: Path, tmp_path: Path) -> None:
    profile = write_profile_of(tiny, tmp_path / "p.json", recommended=None)
    with pytest.raises(BundleError) as caught:
        pack_bundle([tiny], tmp_path / "box.i3d", profiles=[profile])
    assert str(caught.value) == f"profile '{profile}' recommends no setting: no device ran the model correctly"


def test_a_profile_that_is_none(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("{}")
    with pytest.raises(ProfileError):
        pack_bundle([tiny], tmp_path / "box.i3d", profiles=[tmp_path / "p.json"])
    profile = write_profile_of(tiny, tmp_path / "q.json", recommended=setting("CPU"))
    pack_bundle([tiny], tmp_path / "box.i3d", profiles=[profile])
    edited = edit(tmp_path / "box.i3d", tmp_path / "edited.i3d", put("profiles/short.json", b"{}"), covering=True)
    assert refused(edited) == (
        "profile 'profiles/short.json' states no version; this program reads version 1\n\n"
        "hint: make it again with `i3d probe`"
    )


def copy_ir(tiny: Path, target: Path) -> Path:
    target.parent.mkdir(exist_ok=True)
    for suffix in (".xml", ".bin"):
        shutil.copy(tiny.with_suffix(suffix), target.with_suffix(suffix))
    return target


def test_irs_of_one_name(tiny: Path, tmp_path: Path) -> None:
    other = copy_ir(tiny, tmp_path / "other" / "SHORT.xml")
    with pytest.raises(BundleError) as caught:
        pack_bundle([tiny, other], tmp_path / "box.i3d")
    assert str(caught.value) == "two IRs are named 'SHORT'\n\nhint: rename one, .xml and .bin"


def test_a_name_that_some_system_cannot_keep(tiny: Path, tmp_path: Path) -> None:
    path = copy_ir(tiny, tmp_path / "mod\u00e8le.xml")
    with pytest.raises(BundleError) as caught:
        pack_bundle([path], tmp_path / "box.i3d")
    assert str(caught.value) == (
        f"IR '{path}' has a name that not every system can keep\n\n"
        "hint: rename it: letters of ASCII, digits, '-' and '_'"
    )


def test_an_absent_ir(tmp_path: Path) -> None:
    with pytest.raises(IRError):
        pack_bundle([tmp_path / "m.xml"], tmp_path / "box.i3d")
    assert list(tmp_path.iterdir()) == []


def test_unpacking(box: Path, tmp_path: Path) -> None:
    unpack_bundle(box, tmp_path / "new" / "folder")
    files = {
        str(path.relative_to(tmp_path / "new" / "folder")): path.read_bytes()
        for path in (tmp_path / "new" / "folder").rglob("*")
        if path.is_file()
    }
    assert files == read_entries(box)


def test_unpacking_leaves_alone_what_is_there(box: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError) as caught:
        unpack_bundle(box, tmp_path / "folder")
    assert str(caught.value) == (f"output folder '{tmp_path / 'folder'}' exists already\n\nhint: choose another name")


def test_unpacking_a_damaged_bundle_leaves_nothing(box: Path, tmp_path: Path) -> None:
    edited = edit(box, tmp_path / "edited.i3d", flip("golden.json"))
    with pytest.raises(BundleError):
        unpack_bundle(edited, tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box.i3d", "edited.i3d"]


def test_a_full_disk_leaves_nothing(box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_archive: object, _name: str, target: Path) -> None:
        target.write_bytes(b"some of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("i3d_edge.runtime.bundle.archive.Archive.copy", full)
    with pytest.raises(OutputError) as caught:
        unpack_bundle(box, tmp_path / "folder")
    assert str(caught.value) == f"cannot write '{tmp_path / 'folder'}': No space left on device"
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(OutputError) as caught:
        verify_bundle(box)
    assert re.fullmatch(
        rf"cannot unpack \d+ bytes into the temporary folder '{tmp_path / 'temporary'}': No space left on device\n\n"
        "hint: put TMPDIR=FOLDER in front of the command to use another folder",
        str(caught.value),
    )
    assert list((tmp_path / "temporary").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box.i3d", "temporary"]


def test_no_place_for_temporary_files(box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(OutputError) as caught:
        verify_bundle(box)
    assert str(caught.value) == (
        "no temporary folder can be made: No such file or directory\n\n"
        "hint: put TMPDIR=FOLDER in front of the command to use another folder"
    )


def test_answers_survive_being_written() -> None:
    answers = fake_run(error=0.123).answers
    [read] = from_bytes(to_bytes({"short": answers}))["short"]
    assert (read.probabilities == answers[0].probabilities).all()
    assert read.probabilities.dtype == np.float32


def test_differences() -> None:
    expected, got = fake_run().answers, fake_run(error=0.1).answers
    assert largest_difference(expected, got) == pytest.approx(0.1, rel=0.01)
    assert count_same_top1(expected, got) == 1
    reversed_answers = with_answers(fake_run(), probabilities=expected[0].probabilities[:, ::-1]).answers
    assert count_same_top1(expected, reversed_answers) == 0


def test_the_archive_is_an_ordinary_zip(box: Path) -> None:
    with zipfile.ZipFile(box) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
