import cv2
import numpy as np
import pytest
from answers import LABELS, answer, view

from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.show import lettering, palette
from i3d_edge.runtime.show.chart import clock_text
from i3d_edge.runtime.show.course import Course
from i3d_edge.runtime.show.layout import plan
from i3d_edge.runtime.show.overlay import GROUND, INK, WHITE, Overlay
from i3d_edge.runtime.show.palette import ON_DARK, ON_LIGHT, Colour, mix


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2.1, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    linear = [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def overlay(width: int, height: int, *, labels: LabelSet = LABELS) -> Overlay:
    given = answer(4, view(0, 2, 0.9, 0.1), view(2, 3, 0.1, 0.8), labels=labels)
    ranking = [item.index for item in given.predictions]
    return Overlay(plan(width, height, 3), Course.of(given), labels, ranking)


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_the_picture_is_the_sources() -> None:
    drawing, picture = overlay(641, 481), noise(641, 481)
    frame = drawing.draw(picture, 0.5)
    place = drawing.layout
    assert frame.shape == (place.height, place.width, 3)
    assert (frame[place.picture.slices] == picture).all()


def test_an_enlarged_picture_is_the_sources_again_when_made_small() -> None:
    smooth = cv2.GaussianBlur(noise(176, 144), (0, 0), 4)
    drawing = overlay(176, 144)
    shown = drawing.draw(smooth, 0.5)[drawing.layout.picture.slices]
    small = cv2.resize(shown, (176, 144), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - smooth).max() <= 3


def test_text_is_readable() -> None:
    drawing = overlay(1280, 720)
    frame = drawing.draw(noise(1280, 720), 0.5)
    place = drawing.layout
    row = place.rows[0]
    pixels = frame[place.panel.top + row.top : place.panel.top + row.bottom, row.left + row.width // 3 : row.right]
    flat = pixels.reshape(-1, 3)
    darkest, brightest = flat[flat.sum(axis=1).argmin()], flat[flat.sum(axis=1).argmax()]
    assert contrast(tuple(map(int, brightest)), tuple(map(int, darkest))) > 4.5


def test_bars_are_as_long_as_probabilities() -> None:
    drawing = overlay(320, 240)
    frame = drawing.draw(noise(320, 240), 0.5)
    place = drawing.layout
    fill = np.array(mix(ON_DARK[0], INK, 0.5))
    row = place.rows[0]
    line = frame[place.panel.top + row.top + 1, row.left : row.right]
    assert (line == fill).all(axis=-1).sum() == pytest.approx(0.9 * row.width - place.font_px // 4, abs=1)


def test_the_timeline_has_each_classes_colour_where_it_leads_and_none_where_nothing_looked() -> None:
    drawing = overlay(320, 240)
    place = drawing.layout
    strip = drawing.draw(noise(320, 240), 0.0)[
        place.panel.top + place.strip.top + 1, place.strip.left : place.strip.right
    ]
    at = [tuple(map(int, strip[int(time_s / 4 * len(strip))])) for time_s in (1.5, 2.5, 3.5)]
    assert at == [ON_DARK[0], ON_DARK[1], (62, 66, 74)]


def test_the_progress_bar_ends_at_the_time() -> None:
    drawing = overlay(320, 240)
    place = drawing.layout
    for time_s in (0.0, 1.0, 4.0):
        frame = drawing.draw(noise(320, 240), time_s)
        line = frame[place.panel.top + place.progress.bottom - 1, place.progress.left : place.progress.right]
        white = (line == WHITE).all(axis=-1).sum()
        assert white == pytest.approx(time_s / 4 * place.progress.width, abs=4)


def texts_of(drawing: Overlay, time_s: float, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    write = lettering.write
    monkeypatch.setattr(
        lettering, "write", lambda canvas, text, *args: (texts.append(text), write(canvas, text, *args))
    )
    drawing.draw(noise(1280, 720), time_s)
    return list(dict.fromkeys(texts))


def test_what_is_written_while_a_clip_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = texts_of(overlay(1280, 720), 0.5, monkeypatch)
    assert texts[:5] == ["alpha", "90.0 %", "beta", "10.0 %", "0.5 / 4.0 s"]
    assert texts[-1] == "0.5 / 4.0 s"


def test_what_is_written_while_none_does(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = texts_of(overlay(1280, 720), 3.5, monkeypatch)
    assert texts[:2] == ["no clip covers this moment", "the network saw 0.0 to 3.0 s"]


def test_a_label_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("打篮球" * 40, "two\nlines\0\u202egnp", "none", "🎷", "Łódź", " ")
    texts = texts_of(overlay(1280, 720, labels=LabelSet("odd", names)), 0.5, monkeypatch)
    assert texts[0].endswith("篮…")
    assert r"two\nlines\u0000\u202egnp" in texts


def test_shortened_text_fits(subtests: pytest.Subtests) -> None:
    for size_px in [9, 16, 68]:
        with subtests.test(size_px=size_px):
            text = "passing American football (not in game)"
            full = lettering.width(text, size_px)
            assert lettering.shorten(text, full, size_px) == text
            short = lettering.shorten(text, full // 2, size_px)
            assert short.endswith("…")
            assert text.startswith(short[:-1])
            assert full // 3 < lettering.width(short, size_px) <= full // 2
            assert lettering.shorten(text, 1, size_px) == ""


def test_letters_beyond_ascii_are_drawn_and_not_replaced() -> None:
    def drawn(text: str) -> np.ndarray:
        canvas = np.zeros((60, 60, 3), np.uint8)
        lettering.write(canvas, text, 4, 30, 32, WHITE)
        return canvas

    unknown = drawn("?")
    for sign in "äŁПα打한カ":
        assert (drawn(sign) != unknown).any(), sign
        assert drawn(sign).any(), sign


def test_the_clock() -> None:
    for time_s, duration_s, text in [
        (3.44, 10, "3.4 / 10.0 s"),
        (9.96, 10, "9.9 / 10.0 s"),
        (61, 600, "1:01 / 10:00"),
        (61, 3600, "0:01:01 / 1:00:00"),
    ]:
        assert clock_text(time_s, duration_s) == text


def test_colours_stand_out_from_their_ground(subtests: pytest.Subtests) -> None:
    for number in range(palette.NUM_COLOURS):
        with subtests.test(number=number):
            assert contrast(ON_LIGHT[number], WHITE) > 4.5
            assert contrast(ON_DARK[number], GROUND) > 4.5
            assert contrast(ON_DARK[number], INK) > 4.5
            assert contrast(WHITE, mix(ON_DARK[number], INK, 0.5)) > 4.5


def test_a_label_that_hardly_fits_is_left_out_of_the_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    given = answer(60, view(0, 57, 0.9, 0.1), view(57, 60, 0.1, 0.8))
    drawing = Overlay(plan(1280, 720, 1), Course.of(given), LABELS, [0, 1])
    texts: list[str] = []
    monkeypatch.setattr(lettering, "write", lambda _canvas, text, *_place: texts.append(text))
    drawing._draw_strip(np.zeros((720, 1280, 3), np.uint8))
    assert texts == ["alpha"]
