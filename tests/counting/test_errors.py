"""Names that are not known and what is offered in their place; which lines a refusal shows."""

import inspect
import traceback
import types
from pathlib import Path

import pytest
from torch import nn

import cnnref
import cnnref.testing
import cnnref.typing
from cnnref.errors import UnknownNameError
from cnnref.testing import assert_budget

# names as the catalogue has them, and stays where that grows
FAMILIES = (
    "alexnet", "bn_alexnet", "bn_inception", "enet", "googlenet", "inception_v3",
    "inception_v3_aux", "inception_v4", "regnet_x_400mf", "regnet_y_400mf", "resnet152", "resnet18",
    "resnet34", "resnet50", "resnet50_v1", "vgg16", "vgg16_bn",
)  # fmt: skip
NETWORKS = {
    "v3_inception": "did you mean inception_v3?",
    "ResNet-V1-50": "did you mean resnet50_v1?",
    "bn vgg 16": "did you mean vgg16_bn?",
    "inception": "did you mean inception_v3 or inception_v4 or inception_v3_aux?",
    "resnet5": "did you mean resnet50 or resnet152 or resnet34?",
    "regnet": "did you mean regnet_x_400mf or regnet_y_400mf?",
    "efficientnet-b0": "none of them is near.",
    "EfficientNet-B3": "none of them is near.",
    "mobilenet": "none of them is near.",
}
COLUMNS = {
    "share_macs": "did you mean macs_share?",
    "receptive_field": "did you mean field?",
    "peak_memory": "did you mean peak?",
    "Kernel": "did you mean kernel?",
}
CONVENTIONS = {"pytorch": "did you mean torch?", "mac": "did you mean macs?"}


def said(call):
    with pytest.raises(UnknownNameError) as error:
        call()
    return str(error.value).partition(": ")[2]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_offered_by_its_family_and_in_any_order_of_words(name):
    def look_up():
        raise UnknownNameError("network", name, FAMILIES, "none of them is near.")

    assert said(look_up) == NETWORKS[name]


def test_the_catalogue_says_how_others_are_counted():
    many = len(cnnref.names())
    assert said(lambda: cnnref.table("xyz")).startswith(f"none of the {many} in the catalogue ")


@pytest.mark.parametrize("key", COLUMNS)
def test_a_column_is_offered_by_a_word_that_it_shares(key):
    assert said(lambda: cnnref.table("alexnet").to_text(columns=key)) == COLUMNS[key]


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_convention_is_offered_by_the_name_of_its_tool(name):
    assert said(lambda: cnnref.convention(name)) == CONVENTIONS[name]


def test_where_nothing_is_near_all_are_named():
    assert str(UnknownNameError("colour", "blue", ["red", "green"])) == (
        "Unknown colour 'blue': known are green, red."
    )
    assert said(lambda: NET.table().draw("stem")) == "there is none."


class Net(nn.Module):
    """A layer that does not fit what comes before it."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.conv(x))


def frames(call):
    """The functions and the files of a traceback, and those of what caused it."""
    with pytest.raises(cnnref.CnnrefError) as caught:
        call()
    chain = [caught.value, *filter(None, [caught.value.__cause__])]
    found = [traceback.extract_tb(error.__traceback__) for error in chain]
    return [[(Path(one.filename).name, one.name) for one in frames] for frames in found]


HERE = Path(__file__).name
NET = cnnref.Net((3, 8, 8))
SHOWN = [(HERE, "frames"), (HERE, "<lambda>"), ("errors.py", "call")]


@pytest.mark.parametrize(
    "call",
    [
        lambda: cnnref.table("xyz"),
        lambda: cnnref.sweep("alexnet"),
        lambda: cnnref.roofline(cnnref.table("alexnet"), None),
        lambda: cnnref.trace("no module"),
        lambda: cnnref.measure("resnet20_cifar", mode="none"),
        lambda: cnnref.table("alexnet").group("stge"),
        lambda: cnnref.table("alexnet").operations("fvcoree"),
        lambda: cnnref.table("alexnet").to_csv(columns="layr"),
        lambda: cnnref.table("alexnet").sorted("mac"),
        lambda: cnnref.Table.from_json("{}"),
        lambda: cnnref.table("alexnet")["conv9"],
        lambda: cnnref.table("alexnet")[0].explain("fvcoree"),
        lambda: cnnref.Net((0, 8, 8)),
        lambda: NET.conv(NET.input, 4, kernel=11),
        lambda: cnnref.table("alexnet").draw().save("/nowhere/at/all.svg"),
        lambda: assert_budget("alexnet"),
    ],
)
def test_a_refusal_shows_the_line_of_its_caller_alone(call):
    assert frames(call) == [SHOWN]


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (IndexError, lambda: cnnref.table("alexnet")[99]),
        (AssertionError, lambda: assert_budget("alexnet", parameters=1)),
    ],
)
def test_so_do_a_row_that_is_not_there_and_a_budget_that_is_exceeded(kind, call):
    with pytest.raises(kind) as caught:
        call()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "call"
    assert len(traceback.extract_tb(caught.value.__traceback__)) == 3


def unguarded(home):
    """The public functions, and methods of public classes, that show frames of their own."""
    for name in home.__all__:
        public = getattr(home, name)
        if not isinstance(public, type):
            methods = {name: public}
        elif issubclass(public, Exception):
            continue
        else:
            found = inspect.getmembers_static(public)
            methods = {f"{name}.{key}": each for key, each in found if not key.startswith("_")}
        for key, each in methods.items():
            function = getattr(each, "__func__", each)
            own = inspect.isfunction(function) and function.__module__.startswith("cnnref")
            if own and not hasattr(function, "__wrapped__"):
                yield key


@pytest.mark.parametrize("home", [cnnref, cnnref.typing, cnnref.testing])
def test_every_public_function_and_method_refuses_so(home):
    assert list(unguarded(home)) == []


def test_one_that_shows_its_frames_would_be_seen():
    class Bare:
        def method(self): ...

        @classmethod
        def maker(cls): ...

    for method in (Bare.method, Bare.maker.__func__):
        method.__module__ = "cnnref.bare"
    home = types.SimpleNamespace(__all__=["Bare", "bare"], Bare=Bare, bare=Bare.method)
    assert list(unguarded(home)) == ["Bare.maker", "Bare.method", "bare"]


def test_of_a_forward_that_fails_its_own_line_is_shown():
    assert frames(lambda: cnnref.trace(Net(), (3, 8, 8))) == [SHOWN, [(HERE, "forward")]]


def test_what_is_no_refusal_is_shown_whole():
    with pytest.raises(TypeError) as caught:
        cnnref.table()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "call"

    class Broken(nn.Module):
        def forward(self, x):
            raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        cnnref.trace(Broken(), (3, 8, 8))
    assert len(traceback.extract_tb(caught.value.__traceback__)) > 4


def test_public_functions_are_what_they_wrap():
    assert cnnref.trace.__name__ == "trace"
    assert "input_shape" in inspect.signature(cnnref.trace).parameters
    assert isinstance(cnnref.Table, type)


def test_a_warning_points_at_the_line_outside():
    from unknown_operator import mystery

    class Strange(nn.Module):
        def forward(self, x):
            return mystery(x)

    with pytest.warns(cnnref.UncountedWarning) as told:
        cnnref.trace(Strange(), (3, 8, 8))
    with pytest.warns(cnnref.RenamedWarning) as renamed:
        cnnref.table("alexnet").to_text(columns="params")
    assert {Path(one.filename).name for one in (*told, *renamed)} == {HERE}


def test_a_long_list_of_names_is_cut_and_counted() -> None:
    names = [f"model_{number}" for number in range(1000, 3000)]
    error = cnnref.UnknownNameError("model", "xyz", names)
    assert str(error).endswith(": known are " + ", ".join(names[:8]) + " and 1,992 more.")
    assert "model_1039." in str(cnnref.UnknownNameError("model", "xyz", names[:40]))
