"""What the site adds to charts: values at the ends of bars, names at the ends of labels."""

import pytest

from website.charts import draw, labels, slim

ROWS = [{"name": "a", "part": "x", "value": 30}, {"name": "a", "part": "y", "value": 12.5}]
X = {"field": "value", "type": "quantitative"}
Y = {"field": "name", "type": "nominal"}


def spec(mark="bar", rows=ROWS, **encoding):
    return {"data": {"values": rows}, "mark": mark, "encoding": {"x": X, "y": Y, **encoding}}


def test_a_bar_of_parts_has_its_sum_at_its_end_and_room_for_it():
    bars, text = labels.at_ends(spec(color={"field": "part"}))["layer"]
    low, high = bars["encoding"]["x"]["scale"]["domain"]
    assert low == 0
    assert high > 42.5 * 1.1
    assert text["encoding"]["text"]["aggregate"] == "sum"
    assert text["encoding"]["text"]["format"] == ",.1f"
    assert "color" not in text["encoding"]


def test_a_chart_of_bars_is_drawn_with_their_values_behind_them():
    shown = labels.at_ends(spec(color={"field": "part"}))
    total = {"aggregate": "sum", **X}
    mark = {"type": "text", "align": "left", "baseline": "middle", "dx": 4, "fontSize": 11}
    bars, text = shown.pop("layer")
    # "42.5" has four letters of 6.6 pixels, four behind the bar, where 180 are the whole width
    assert bars["encoding"]["x"].pop("scale") == {
        "domain": [0, pytest.approx(42.5 * (1 + 30.4 / 180))], "nice": False
    }  # fmt: skip
    assert bars == {"mark": "bar", "encoding": {"x": X, "color": {"field": "part"}}}
    assert text == {
        "mark": mark,
        "encoding": {"x": {**total, "stack": None}, "text": {**total, "format": ",.1f"}},
    }
    assert shown == {"data": {"values": ROWS}, "height": None, "encoding": {"y": Y}}


def test_a_stated_axis_stays_and_what_is_no_lying_bar_too():
    stated = spec(x=X | {"scale": {"domain": [0, 100]}})
    assert labels.at_ends(stated)["layer"][0]["encoding"]["x"]["scale"] == {"domain": [0, 100]}
    for other in (spec("line"), spec(x=X | {"type": "nominal"}), spec(rows=[]), {"layer": []}):
        assert labels.at_ends(other) is other


def line_spec(**more):
    rows = [{"x": x, "y": y, "s": s} for s, y in (("one", 1.0), ("two", 1.01)) for x in (0, 5)]
    colour = {"field": "s", "scale": {"domain": ["one", "two"]}, "legend": {"columns": 2}}
    axes = {"x": {"field": "x"}, "y": {"field": "y"}, "color": colour}
    return {"data": {"values": rows}, "height": 200, "mark": "line", "encoding": axes, **more}


def test_lines_that_end_together_have_their_names_apart_and_no_legend():
    shown = labels.named(line_spec())
    first, names = shown["layer"]
    assert first["encoding"]["color"]["legend"] is None
    ends = {row["series"]: (row["x"], row["y"]) for row in names["data"]["values"]}
    assert [x for x, _ in ends.values()] == [5, 5]
    assert (ends["two"][1] - ends["one"][1]) / (1.01 * 1.1) * 200 == pytest.approx(labels.ROW)
    assert shown["padding"]["right"] > labels.LETTER * 3


@pytest.mark.parametrize(
    ("scale", "height", "second"),
    # from zero to a tenth more than the most, or on a logarithmic axis from the least; 15 pixels
    [
        (None, 200, 1 + 15 / 200 * 1.111), ({"type": "log"}, 100, 1.111**0.15),
        ({"domain": [1, 2]}, 100, 1.15), ({"type": "log", "domain": [1, 100]}, 300, 10**0.1),
        ({"domain": [1, 1.1]}, 150, 1.01),
    ],
)  # fmt: skip
def test_names_of_lines_stand_behind_them_a_row_apart(scale, height, second):
    stated = line_spec(height=height)
    if scale:
        stated["encoding"]["y"] = {"field": "y", "scale": scale}
    shown = labels.named(stated)
    lines, names = shown["layer"]
    assert lines["mark"] == "line"
    # names of three letters of 6.6 pixels, six behind the line and five at the side
    assert shown["padding"] == {"left": 5, "top": 5, "bottom": 5, "right": 31}
    assert names["mark"] == {
        "type": "text", "align": "left", "baseline": "middle", "dx": 6, "fontSize": 12
    }  # fmt: skip
    assert [row["series"] for row in names["data"]["values"]] == ["one", "two"]
    heights = [row["y"] for row in names["data"]["values"]]
    assert heights == pytest.approx([1, second])


def test_long_names_stay_in_the_legend(monkeypatch):
    monkeypatch.setattr(labels, "LONGEST", 2)
    assert labels.named(line_spec()) == line_spec()


def test_a_chart_without_lines_or_colours_stays():
    assert labels.named(spec()) == spec()
    plain = {"data": {"values": []}, "mark": "line", "encoding": {"x": {}, "y": {}}}
    assert labels.named(plain) is plain


def test_charts_of_one_name_stand_beside_each_other():
    of = {key: draw.placeholder(key, key, "d") for key in ("a-x", "a-y", "b-x")}
    text = f"{of['a-x']}\n{of['a-y']}\n{of['b-x']}<p>t</p>{of['a-x']}"
    runs = [[match[1] for match in run] for run in draw._runs(text)]
    assert runs == [["a-x", "a-y"], ["b-x"], ["a-x"]]


def test_a_still_chart_of_many_points_is_its_lines():
    layers = [{"mark": "line", "encoding": {"color": {}}}, {"mark": {"type": "point"}}]
    many = {"data": {"values": [{}] * (draw.MANY_POINTS + 1)}, "layer": layers}
    assert draw.without_many_points(many)["layer"] == layers[:1]
    few = {**many, "data": {"values": [{}]}}
    assert draw.without_many_points(few) is few
    for others in (layers[1:], [{"mark": "line"}, layers[1]]):
        points = {**many, "layer": others}
        assert draw.without_many_points(points) is points


def test_bars_side_by_side_are_as_high_as_their_values():
    two = spec(yOffset={"field": "part"}) | {"height": {"step": 9}}
    assert labels.at_ends(two)["height"] == {"step": labels.BAR}
    by_place = two | {"height": {"step": 9, "for": "position"}}
    assert labels.at_ends(by_place)["height"]["step"] == 2 * labels.BAR / labels.FILLED
    assert labels.at_ends(spec() | {"height": {"step": 9}})["height"] == {"step": 9}


LIBRARY = """<svg xmlns="http://www.w3.org/2000/svg"><g transform="translate(0,0)"><g>
<path class="background" d="M0,0"/><path class="background" stroke="red" d="M1,1"/></g></g>
<g class="grid"><line transform="translate(0,5)" x2="9" y2="0" stroke="a"/><line
 transform="translate(0,7.5)" x2="9" y2="0" stroke="a"/></g>
<g class="mark-symbol"><path d="M2"/></g>
<g class="two"><line x2="1" stroke="a"/><line x2="1" stroke="b"/></g><g class="empty"></g></svg>"""


def test_a_drawing_loses_what_nobody_sees_and_nothing_else():
    shown = slim.slim(LIBRARY)
    assert "translate(0,0)" not in shown
    assert 'd="M0,0"' not in shown
    assert 'd="M1,1"' in shown
    assert '<path d="M0,5l9,0M0,7.5l9,0" stroke="a" />' in shown
    assert "grid" not in shown
    assert '<g class="mark-symbol"><path d="M2" /></g>' in shown
    assert shown.count("<line") == 2
    assert "empty" not in shown
