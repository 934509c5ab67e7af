import base64
import dataclasses
import re
from fractions import Fraction
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest
from answers import LABELS, answer, view
from synthetic import read_number, write_numbered, write_video

from i3d_edge.core.errors import OutputError, VideoOpenError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.sources import as_source
from i3d_edge.runtime.frames.timeline import Timeline
from i3d_edge.runtime.frames.video import Video
from i3d_edge.runtime.prediction import Classification
from i3d_edge.runtime.show.course import Course
from i3d_edge.runtime.show.course_chart import course_chart
from i3d_edge.runtime.show.page import write_page
from i3d_edge.runtime.show.templates import environment
from i3d_edge.runtime.show.thumbnails import film_strip, picture_indices
from i3d_edge.runtime.views.flow import FlowCost

SPEC = i3d_spec(labels=LABELS, origin="rgb_imagenet", fingerprint="f" * 64, precision="INT8")
TWO_VIEWS = answer(1.2, view(0, 0.6, 0.9), view(0.6, 1.2, 0.1, 0.7, clip=1), num_frames=30)
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Checker(HTMLParser):
    """Follows tags as they open and close, and gathers what a page holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.mistakes: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.mistakes += [f"{tag}: {name} twice" for name in names if names.count(name) > 1]
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_numbered(tmp_path / "video.mp4", 30)


def written(video: Path, given: Classification = TWO_VIEWS, spec: ModelSpec = SPEC, **options: object) -> str:
    output = video.parent / "page.html"
    write_page(video, given, spec, output, device="CPU", precision="int8", model="rgb.xml", **options)
    return output.read_text(encoding="utf-8")


def test_tags_open_and_close_in_order(video: Path) -> None:
    page = written(video)
    checker = Checker(page)
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert checker.mistakes == []
    assert checker.open == []
    assert [tag for tag, _ in checker.seen].count("h1") == 1
    assert all(attributes.get("alt") for tag, attributes in checker.seen if tag == "img")
    assert all(
        attributes.get("aria-label") or "aria-hidden" in attributes for tag, attributes in checker.seen if tag == "svg"
    )


def test_the_checker_can_fail() -> None:
    assert Checker("<p><b></p>").mistakes == ["</p> closes nothing"]
    assert Checker("<p>").open == ["p"]
    assert Checker('<p a="1" a="2"></p>').mistakes == ["p: a twice"] * 2


def test_nothing_comes_from_elsewhere(video: Path) -> None:
    page = written(video)
    checker = Checker(page)
    assert {tag for tag, _ in checker.seen} & {"script", "link", "iframe", "object", "embed", "base", "form"} == set()
    for tag, attributes in checker.seen:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
                assert value is not None
                assert value.startswith("data:image/jpeg;base64,"), (tag, name)
    assert "url(" not in page
    assert "@import" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page


def test_pictures_are_the_videos_own_in_order(video: Path) -> None:
    pictures = [attributes for tag, attributes in Checker(written(video)).seen if tag == "img"]
    numbers = []
    for attributes in pictures:
        jpeg = base64.b64decode((attributes["src"] or "").partition(",")[2])
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert (attributes["width"], attributes["height"]) == ("320", "240")
        assert picture.shape == (240, 320, 3)
        numbers.append(read_number(picture))
    assert numbers == [1, 5, 9, 13, 16, 20, 24, 28]
    assert numbers == picture_indices(Video.open(video).timeline, 8)


def test_pictures_stand_above_their_times() -> None:
    """The strip's margins, in percent of its width, are those of the chart's plot."""
    plot = course_chart(Course.of(TWO_VIEWS), [0]).plot
    right, left = 100 * (1 - plot.x.end / plot.width), 100 * plot.x.start / plot.width
    rules = environment().get_template("style.css.j2").render()
    assert f"margin: 0 {right:.3f}% 6px {left:.3f}%;" in rules


def test_what_it_tells(video: Path) -> None:
    text = Checker(written(video)).text
    for said in (
        "alpha , 50.0 %",
        str(video),
        "The average of 2 views.",
        "“alpha” is most probable for 0.6 of the 1.2 s; 1 other class at other times",
        "1 0.00 0.60 90.0 % alpha 10.0 % zeta",
        "2 0.60 1.20 70.0 % beta 20.0 % zeta",
        "length 1.200 s",
        "frames 30",
        "frame rate 25.000 fps on average",
        "frame size 320 x 240, upright",
        "warnings none",
        "model I3D rgb, 6 classes (letters), 79 frames, INT8, weights rgb_imagenet",
        "device CPU",
        "runs in int8",
        "clips of 79 frames, 25 fps; short side 256, centre crop 224 x 224",
        "fingerprint ffffffffffffffff… ",
        "file rgb.xml device CPU",
        f" UTC by i3d-edge {metadata.version('i3d-edge')}.",
        "frozen graph not known",
    ):
        assert said in text, said
    assert "The network saw" not in text


def test_flow_is_said_to_be_computed(video: Path) -> None:
    given = dataclasses.replace(TWO_VIEWS, flow=FlowCost("tvl1", 1.5, 78, 2))
    assert "optical flow by tvl1" in Checker(written(video, given)).text
    assert "optical flow" not in Checker(written(video, force=True)).text


def test_one_clip_is_said_to_be_one(video: Path) -> None:
    text = Checker(written(video, answer(10, view(3.4, 6.56, 0.9)))).text
    assert "The network saw 3.16 s of the 10.00 s. Use more clips (--num-clips) or a sliding window (--hop)" in text
    assert "“alpha” is most probable all through the 3.2 s that were looked at" in text
    assert "Of one clip, 3.40 to 6.56 s." in text


def test_warnings_are_there(video: Path) -> None:
    checker = Checker(written(video, dataclasses.replace(TWO_VIEWS, warnings=("the <i>file</i> is cut off",))))
    assert "the <i>file</i> is cut off" in checker.text
    assert "warnings 1" in checker.text


def test_crops_have_a_column(video: Path) -> None:
    text = Checker(written(video, answer(1.2, view(0, 1.2, 0.9), view(0, 1.2, 0.8, crop=1)))).text
    assert "clip crop from (s) to (s) most probable then 1 1 0.00 1.20 90.0 %" in text
    assert "1 2 0.00 1.20 80.0 %" in text


def test_many_views_are_folded_away(video: Path) -> None:
    views = [view(number / 100, number / 100 + 0.5, 0.9, clip=number) for number in range(60)]
    assert "<details><summary>60 views</summary>" in written(video, answer(1.2, *views))


HOSTILE = (
    "</title></style></svg><script>alert(1)</script>",
    '" onload="alert(1)',
    "'><img src=http://evil.example/x>",
    "&lt;b&gt; &amp;",
    "nul\0 and \x1b escape and \ud800 surrogate",
    "打篮球 \u202e reversed",
)


def test_hostile_labels_and_names_are_only_text(tmp_path: Path) -> None:
    name = "a<script>\"'&.mp4"
    video = write_numbered(tmp_path / "video.mp4", 5).rename(tmp_path / name)
    labels = LabelSet("<u>", HOSTILE)
    given = answer(0.2, view(0, 0.2, 0.3, 0.2, 0.2, 0.1, 0.1), labels=labels, k=6)
    page = written(video, given, dataclasses.replace(SPEC, labels=labels))
    checker = Checker(page)
    assert checker.mistakes == []
    assert checker.open == []
    assert {tag for tag, _ in checker.seen} & {"script", "u"} == set()
    assert not any(name.startswith("on") for _, attributes in checker.seen for name in attributes)
    assert [attributes["src"] for tag, attributes in checker.seen if tag == "img" and "evil" in str(attributes)] == []
    assert HOSTILE[0] in " ".join(checker.words)
    assert "&lt;b&gt; &amp;" in " ".join(checker.words)
    assert name in " ".join(checker.words)
    assert not re.search("[\0\x1b]", page)


def test_ten_seconds_take_less_than_a_megabyte(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (240, 320, 3), np.uint8) for _ in range(10)]
    video = write_video(tmp_path / "noise.mp4", frames, ticks=list(range(0, 250, 25)))
    page = written(video, answer(10, *(view(second, second + 3, 0.9) for second in range(8))))
    assert 300_000 < len(page) < 1_000_000


def test_the_same_input_gives_the_same_bytes(video: Path) -> None:
    assert written(video) == written(video, force=True)


def test_what_exists_is_replaced_only_by_force(video: Path) -> None:
    written(video)
    with pytest.raises(OutputError, match="exists already"):
        written(video)


def test_a_source_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(VideoOpenError):
        write_page(tmp_path / "gone.mp4", TWO_VIEWS, SPEC, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_in_a_long_video_pictures_are_sought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = [100 * number for number in range(40)]  # 4 s apart; the last one is short
    video = write_numbered(tmp_path / "long.mp4", 40, ticks=ticks, options={"qp": "0", "g": "4"})
    groups: list[list[int]] = []
    frames = Video.frames
    monkeypatch.setattr(Video, "frames", lambda self, wanted: (groups.append(list(wanted)), frames(self, wanted))[1])
    strip = film_strip(as_source(video), 8)
    assert groups == [[2], [7], [12], [17], [21], [26], [31], [36]]
    assert [picture.time_s for picture in strip.pictures] == [8, 28, 48, 68, 84, 104, 124, 144]


def test_which_frames_are_pictured(subtests: pytest.Subtests) -> None:
    for ticks, end, num_pictures, indices in [
        (range(10), 10, 2, [2, 7]),
        (range(3), 3, 8, [0, 1, 2]),
        ([0], 1, 8, [0]),
        ([5, 6, 7, 105], 205, 4, [2, 3]),
    ]:
        with subtests.test(ticks=ticks):
            assert picture_indices(Timeline(tuple(ticks), end, Fraction(1, 10)), num_pictures) == indices  # type: ignore[arg-type]


def test_text_stays_text_and_nothing_in_it_is_hidden() -> None:
    template = environment().from_string('<b title="{{ text }}">{{ text }}</b>')
    for text, shown in [
        ('<b> "x"', "&lt;b&gt; &#34;x&#34;"),
        ("it's &", "it&#39;s &amp;"),
        ("a\x00b\n", "a\\u0000b\\n"),
        ("\u202eevil", "\\u202eevil"),
        ("\udcff", "\\udcff"),
        ("é→", "é→"),
    ]:
        assert template.render(text=text) == f'<b title="{shown}">{shown}</b>'
