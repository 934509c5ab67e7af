import inspect
import re
import resource
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import click
import cv2
import pytest
from answers import LABELS, answer, view
from synthetic import numbered_frame, write_video

from i3d_edge.cli import main
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.runtime import Classification

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(command: click.Command = main, name: str = "i3d") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child in command.commands:
            yield from commands(command.commands[child], f"{name} {child}")


def test_every_command_has_help_and_an_example() -> None:
    without = [name for name, command in commands() if not command.help]
    for name, command in commands():
        if isinstance(command, click.Group):
            continue
        if f"Example:\n  {name} " not in inspect.cleandoc(command.help or ""):
            without.append(f"{name}: example")
        options = [param for param in command.params if isinstance(param, click.Option)]
        without += [f"{name} {option.opts[0]}" for option in options if not option.help]
    assert without == []


def test_the_page_of_commands_is_what_they_print() -> None:
    page = runpy.run_path(str(ROOT / "docs" / "commands.py"))["page"]()
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == page, "run `make docs`"


def drawn(script: str, folder: Path, *args: Path, **replaced: object) -> tuple[int, ...]:
    """Run a script that draws a picture of the pages, into a folder; return the picture's height and width."""
    main_of_script = runpy.run_path(str(ROOT / "docs" / script))["main"]
    picture = folder / "drawn.png"
    main_of_script.__globals__.update(replaced, PICTURE=picture)
    main_of_script(*args)
    return cv2.imread(str(picture)).shape[:2]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of 480 x 320."""
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    return write_video(path, [numbered_frame(number, 320, 480) for number in range(100)])


def test_the_picture_of_protocols_can_be_drawn(video: Path, tmp_path: Path) -> None:
    height, width = drawn("protocols.py", tmp_path, video)
    assert width == 1000
    assert 500 < height < 700


def test_the_picture_of_output_can_be_drawn(video: Path, tmp_path: Path) -> None:
    class FakeClassifier:
        spec = i3d_spec(labels=LABELS)

        def __init__(self, model: Path) -> None: ...

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None: ...

        def classify(self, video: Path, *, hop: int) -> Classification:
            return answer(4, *(view(number, 3 + number, 0.9) for number in range(2)))

    height, width = drawn(
        "output.py", tmp_path, video, tmp_path / "none.xml", SHOWN_AT_S=(0.2, 3.5), VideoClassifier=FakeClassifier
    )
    assert width == 680
    assert height > 2 * 680 * 320 / 480


@pytest.mark.parametrize("name", ["output", "protocols", "report"])
def test_pictures_are_small(name: str) -> None:
    assert (ROOT / "docs" / f"{name}.png").stat().st_size < 250_000


def test_every_protocol_and_form_has_its_row() -> None:
    from i3d_edge.accuracy import PRESETS
    from i3d_edge.accuracy.data.formats import FORMATS

    for page, names in (("protocols.md", PRESETS), ("datasets.md", FORMATS)):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert [name for name in names if f"\n| `{name}`" not in text] == [], page


def test_every_command_is_told_of_by_people_too() -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGES if page.name != "commands.md"]
    names = [name for name, command in commands() if not isinstance(command, click.Group)]
    assert [name for name in names if not any(f"{name} " in page for page in pages)] == []


def test_help_is_quick() -> None:
    """In processor time, which other work on the machine does not lengthen much."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "i3d_edge", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.7


def test_links_lead_somewhere() -> None:
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 50
    assert [f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()] == []


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Yield every `i3d ...` line of a code block, with the name of its page, in words."""
    for page in PAGES:
        if page.name == "commands.md":
            continue
        text = page.read_text(encoding="utf-8")
        for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, flags=re.DOTALL | re.MULTILINE):
            if language not in ("", "sh"):
                continue
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                words = line.split(" #")[0].split()
                if words and words[0] in ("i3d", ".venv/bin/i3d"):
                    yield page.name, ["i3d", *words[1:]]


def test_commands_in_the_pages_exist() -> None:
    """A line names a command that there is, and options that it has."""
    known = dict(commands())
    lines = list(command_lines())
    assert len(lines) > 50
    for page, words in lines:
        depth = max(number for number in range(1, 4) if " ".join(words[:number]) in known)
        command, rest = known[" ".join(words[:depth])], words[depth:]
        assert not isinstance(command, click.Group) or not rest or rest[0].startswith("-"), (page, words)
        options = {option for param in command.params for option in param.opts} | {"-h", "--help", "--version"}
        assert {word for word in rest if word.startswith("-")} <= options, (page, words)
