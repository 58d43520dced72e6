"""The drawings of the report: what they say, what they never contain, where things stand."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from app.reports.arithmetic import Tally, wilson
from app.reports.charts import (
    Bar,
    ChartWords,
    LadderWords,
    RateWords,
    TimelineWords,
    ladder,
    rate_bars,
    sparkline,
    timeline,
)
from app.reports.sheet import grouped, wide, wrap

SVG = "{http://www.w3.org/2000/svg}"
GEOMETRY = {"x", "y", "width", "height", "x1", "x2", "y1", "y2"}
MONDAY = date(2031, 11, 3)

PLAIN: ChartWords = {"title": "Last weeks", "description": "Responses a week."}
RATES: RateWords = {
    "title": "Action rate",
    "description": "By sector.",
    "of": "{numerator} of {denominator}",
    "percent": "{value} %",
    "too_few": "too few to tell",
}
STEPS: LadderWords = {
    "title": "From sent to verified",
    "description": "Members.",
    "sent": "Sent",
    "delivered": "Delivered",
    "visited": "Visited",
    "will_do": "Will do",
    "reported": "Reported or better",
    "evidenced": "Evidenced or better",
    "verified": "Verified",
}
DAYS: TimelineWords = {"title": "Responses", "description": "A day.", "empty": "None yet."}


def drawings(markup: Markup) -> tuple[ET.Element, ET.Element]:
    """The wide and the narrow one, parsed; XML is stricter than a browser."""
    wide_one, narrow_one = ET.fromstring(f"<div>{markup}</div>")
    return wide_one, narrow_one


def texts(svg: ET.Element) -> list[str]:
    """What is drawn, without what only a resting pointer shows."""
    return [
        "".join([t.text or "", *(child.tail or "" for child in t)]) for t in svg.iter(f"{SVG}text")
    ]


def shapes(svg: ET.Element, css: str) -> list[dict[str, float]]:
    """Coordinates of the shapes of one class."""
    found = [shape.attrib for shape in svg if shape.get("class") == css]
    return [{k: float(v) for k, v in shape.items() if k in GEOMETRY} for shape in found]


def test_each_rate_is_drawn_with_its_n_of_n() -> None:
    for svg in drawings(rate_bars([Bar("Legal", wilson(20, 100), "2 by phone")], RATES)):
        assert {"Legal", "20 %", "20 of 100", "2 by phone"} <= set(texts(svg))


def test_bars_start_at_zero_and_are_as_long_as_their_rates() -> None:
    bars = [
        Bar("Legal", wilson(20, 100)),
        Bar("Media", wilson(40, 100)),
        Bar("Youth", wilson(0, 30)),
    ]
    for svg in drawings(rate_bars(bars, RATES)):
        legal, media, youth = shapes(svg, "chart-acted")
        assert legal["x"] == media["x"] == youth["x"]
        assert media["width"] == pytest.approx(2 * legal["width"], abs=0.2)
        assert youth["width"] == 0


def test_the_interval_lies_where_its_bounds_are_on_the_scale() -> None:
    share = wilson(20, 100)
    assert share.low is not None
    assert share.high is not None
    for svg in drawings(rate_bars([Bar("Legal", share)], RATES)):
        [bar], [interval] = shapes(svg, "chart-acted"), shapes(svg, "chart-interval")
        per_unit = bar["width"] / 0.2
        assert interval["x1"] - bar["x"] == pytest.approx(share.low * per_unit, abs=0.2)
        assert interval["x2"] - bar["x"] == pytest.approx(share.high * per_unit, abs=0.2)


def test_the_scale_ends_at_a_round_percent_that_holds_every_interval() -> None:
    wide_one, _ = drawings(rate_bars([Bar("Legal", wilson(20, 100))], RATES))
    assert texts(wide_one)[:2] == ["0 %", "50 %"]


def test_too_few_is_spelled_out_and_draws_no_rate() -> None:
    for svg in drawings(rate_bars([Bar("Police", wilson(3, 7))], RATES)):
        assert {"too few to tell", "3 of 7"} <= set(texts(svg))
        assert shapes(svg, "chart-acted") == shapes(svg, "chart-interval") == []
        assert "%" not in "".join(svg.itertext())


@pytest.mark.parametrize(
    ("did", "of", "figure"),
    [(4, 900, "<1 %"), (0, 900, "0 %"), (899, 900, ">99 %"), (900, 900, "100 %"), (9, 900, "1 %")],
)
def test_few_are_not_rounded_to_none_nor_nearly_all_to_all(did: int, of: int, figure: str) -> None:
    drawn = rate_bars([Bar("Legal", wilson(did, of))], RATES)
    assert texts(drawings(drawn)[0])[3] == figure


def test_no_rows_are_a_drawing_with_nothing_in_it() -> None:
    for svg in drawings(rate_bars([], RATES)):
        assert texts(svg) == []


def test_the_description_says_what_the_drawing_says() -> None:
    bars = [Bar("Legal", wilson(20, 100)), Bar("Police", wilson(3, 7))]
    said = drawings(rate_bars(bars, RATES))[0].findtext(f"{SVG}desc")
    assert said == "By sector. Legal: 20 %, 20 of 100, 13–29 %. Police: 3 of 7, too few to tell."


def test_a_long_label_is_shortened_with_the_whole_of_it_at_hand() -> None:
    label = "Women's and youth networks of the northern and north-eastern provinces and friends"
    for svg in drawings(rate_bars([Bar(label, wilson(20, 100))], RATES)):
        assert any(line.endswith("…") for line in texts(svg))
        assert label in [title.text for title in svg.findall(f"{SVG}text/{SVG}title")]


def test_every_step_of_the_ladder_is_named_and_counted() -> None:
    count = Tally(delivered=1402, visited=171, will_do=12, reported=81, evidenced=30, verified=9)
    for svg in drawings(ladder(count, 1412, STEPS)):
        assert texts(svg) == [
            *("Sent", "1\u202f412", "Delivered", "1\u202f402", "Visited", "171", "Will do", "12"),
            *("Reported or better", "81", "Evidenced or better", "30", "Verified", "9"),
        ]
        assert (len(shapes(svg, "chart-rest")), len(shapes(svg, "chart-acted"))) == (4, 3)


def test_the_ladder_of_an_issue_nobody_got_has_no_length() -> None:
    for svg in drawings(ladder(Tally(), 0, STEPS)):
        assert {bar["width"] for bar in shapes(svg, "chart-rest")} == {0}


def test_the_timeline_names_its_ends_and_its_busiest_day() -> None:
    days = [(MONDAY, 4), (MONDAY + timedelta(days=9), 12), (MONDAY + timedelta(days=27), 1)]
    for svg in drawings(timeline(days, DAYS)):
        assert texts(svg) == ["12", "2031-11-03", "2031-11-30"]
        assert svg.findtext(f"{SVG}desc") == "A day. 2031-11-03 – 2031-11-30: 17. 2031-11-12: 12."


def test_days_without_responses_keep_their_place_in_the_timeline() -> None:
    days = [(MONDAY + timedelta(days=3), 2), (MONDAY, 4)]
    for svg in drawings(timeline(days, DAYS)):
        heights = [column["height"] for column in shapes(svg, "chart-acted")]
        assert heights == [80, 0, 0, 40]


def test_two_days_too_close_for_two_dates_share_one_phrase() -> None:
    days = [(MONDAY, 4), (MONDAY + timedelta(days=1), 3)]
    assert texts(drawings(timeline(days, DAYS))[0])[1:] == ["2031-11-03 – 2031-11-04"]


def test_a_single_day_is_named_once() -> None:
    named = timeline([(MONDAY, 4)], DAYS, name_day=lambda day: f"{day.day} Nov")
    assert texts(drawings(named)[0]) == ["4", "3 Nov"]


def test_a_timeline_of_no_days_says_so() -> None:
    assert texts(drawings(timeline([], DAYS))[1]) == ["None yet."]


def test_a_sparkline_is_columns_from_the_bottom_and_its_numbers_are_told() -> None:
    svg = ET.fromstring(sparkline([1, 4, 2], PLAIN))
    assert [column["height"] for column in shapes(svg, "chart-acted")] == [5, 20, 10]
    assert {column["y"] + column["height"] for column in shapes(svg, "chart-acted")} == {20}
    assert svg.findtext(f"{SVG}desc") == "Responses a week. 1, 4, 2"


def test_read_from_the_right_the_drawing_is_mirrored() -> None:
    bars = [Bar("Legal", wilson(20, 100), "by phone")]
    for ltr, rtl in zip(
        drawings(rate_bars(bars, RATES)), drawings(rate_bars(bars, RATES, rtl=True)), strict=True
    ):
        across = float(ltr.attrib["viewBox"].split()[2])
        [bar], [mirrored] = shapes(ltr, "chart-acted"), shapes(rtl, "chart-acted")
        assert mirrored["x"] + mirrored["width"] == pytest.approx(across - bar["x"], abs=0.1)
        assert (ltr.get("direction"), rtl.get("direction")) == ("ltr", "rtl")
        assert texts(ltr) == texts(rtl)


nasty = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=60
) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '" onload="x',
        "</svg><img src=x>",
        "{numerator}",
        "{0.__class__}",
        "&amp;",
    ]
)


@given(nasty, nasty)
def test_no_label_breaks_out_of_its_place(label: str, note: str) -> None:
    drawn = rate_bars([Bar(label, wilson(20, 100), note)], RATES)
    tags = {
        element.tag.removeprefix(SVG) for element in ET.fromstring(f"<div>{drawn}</div>").iter()
    }
    assert tags <= {"div", "svg", "title", "desc", "rect", "line", "text"}


def test_there_is_no_style_and_no_script_in_any_drawing() -> None:
    everything = Markup("").join(
        [
            rate_bars([Bar("Legal", wilson(20, 100))], RATES),
            ladder(Tally(delivered=1), 1, STEPS),
            timeline([(MONDAY, 1)], DAYS),
            sparkline([1], PLAIN),
        ]
    )
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|href", everything)
    assert everything.count('role="img"') == everything.count("<svg") == 7


@given(nasty, st.floats(40, 300), st.integers(1, 3))
def test_wrapped_text_keeps_to_its_width_and_lines(words: str, width: float, lines: int) -> None:
    fitted = wrap(words, width, lines)
    assert 1 <= len(fitted) <= lines
    assert all(wide(line) <= width for line in fitted)


@given(nasty)
def test_wrapped_text_loses_no_word_where_there_is_room(words: str) -> None:
    assert " ".join(wrap(words, 10_000, 1)) == " ".join(words.split())


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (999, "999"), (1000, "1\u202f000"), (1234567, "1\u202f234\u202f567")],
)
def test_thousands_stand_apart(number: int, shown: str) -> None:
    assert grouped(number) == shown
