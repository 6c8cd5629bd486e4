"""Net: edges, names, groups, and every refusal in one sentence."""

import pytest

import cnnref
from cnnref.errors import CnnrefError, ShapeError
from cnnref.net import FeatureMap, Net


def branched():
    net = Net((4, 8, 8), name="branched")
    with net.stage("stem"):
        x = net.relu(net.conv(net.input, 4, 3, padding=1))
    with net.stage("body"), net.block("one"):
        left = net.conv(x, 4, 1, name="left")
        joined = net.add(left, x, name="sum")
    net.concat(joined, left, x, name="stack")
    return net.table()


def test_edges_say_who_feeds_whom():
    assert [layer.inputs for layer in branched()] == [(-1,), (0,), (1,), (2, 1), (3, 2, 1)]
    assert branched()["stack"].out_shape == (12, 8, 8)
    assert [layer.name for layer in branched()][:2] == ["conv1", "relu1"]


def test_stages_and_blocks_end_with_their_context():
    places = [(layer.stage, layer.block) for layer in branched()]
    assert places == [("stem", "")] * 2 + [("body", "one")] * 2 + [("", "")]


def net():
    return Net((3, 8, 8))


REFUSED = {
    "zero": (
        lambda: Net((3, 0, 8)),
        "input: input_shape must be a positive whole number, but is 0.",
    ),
    "empty": (lambda: Net(()), "input: the shape () is empty; give (C, H, W) or (features,)."),
    "number": (lambda: Net(5), "input: give (C, H, W) or (features,), not 5."),
    "triple": (
        lambda: (n := net()).conv(n.input, 4, (3, 3, 3), name="conv1"),
        "conv1: kernel must be N or (height, width), but is (3, 3, 3).",
    ),
    "negative": (
        lambda: Net((3, -1, 8)),
        "input: input_shape must be a positive whole number, but is -1.",
    ),
    "kernel": (
        lambda: (n := net()).conv(n.input, 4, 2.5, name="conv1"),
        "conv1: kernel must be a positive whole number, but is 2.5.",
    ),
    "bool": (
        lambda: (n := net()).conv(n.input, True, 3, name="conv1"),
        "conv1: filters must be a positive whole number, but is True.",
    ),
    "stride": (
        lambda: (n := net()).max_pool(n.input, 2, stride=(1, 0), name="pool"),
        "pool: stride must be a positive whole number, but is 0.",
    ),
    "padding": (
        lambda: (n := net()).avg_pool(n.input, 2, padding=-1, name="pool"),
        "pool: padding must be a whole number, zero or more, but is -1.",
    ),
    "text": (
        lambda: (n := net()).linear(n.input, "10", name="fc"),
        "fc: features must be a positive whole number, but is '10'.",
    ),
    "too small": (
        lambda: (n := net()).conv(n.input, 4, 11, name="conv1"),
        "conv1: a window of 11 does not fit 8 with padding 0 (input 3 x 8 x 8).",
    ),
    "groups": (
        lambda: (n := net()).conv(n.input, 4, 1, groups=2, name="conv1"),
        "conv1: 2 groups do not divide 3 channels into 4 (input 3 x 8 x 8).",
    ),
    "flat": (
        lambda: (n := net()).conv(n.flatten(n.input), 4, 1, name="conv1"),
        "conv1: it needs an input of C x H x W, but its input is 192.",
    ),
    "features": (
        lambda: (n := net()).linear(n.flatten(n.input), 4, in_features=9216, name="fc6"),
        "fc6: its weights take 9,216 features, but its input is 192.",
    ),
    "name": (
        lambda: (n := net()).relu(n.relu(n.input, name="a"), name="a"),
        "a: the name is taken; give each layer of a net its own.",
    ),
    "lone": (
        lambda: (n := net()).add(n.input, name="sum"),
        "sum: it joins two feature maps or more, but got 1.",
    ),
    "join": (
        lambda: (n := net()).add(n.input, n.max_pool(n.input, 2), name="sum"),
        "sum: cannot join 3 x 8 x 8 with 3 x 4 x 4 (input 3 x 8 x 8, 3 x 4 x 4).",
    ),
    "stack": (
        lambda: (n := net()).concat(n.input, n.max_pool(n.input, 2), name="cat"),
        "cat: cannot stack 3 x 8 x 8 on 3 x 4 x 4 (input 3 x 8 x 8, 3 x 4 x 4).",
    ),
    "stranger": (
        lambda: net().relu(FeatureMap(net().input.shape, 7), name="relu"),
        "relu: its input 3 x 8 x 8 was made by another Net.",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(CnnrefError) as error:
        call()
    assert str(error.value) == message


def test_a_refused_layer_leaves_the_net_as_it_was():
    one = net()
    with pytest.raises(ShapeError):
        one.conv(one.input, 4, 11)
    assert len(one.table()) == 0


def test_a_spec_that_fits_no_input_is_said_to_be_at_fault(monkeypatch):
    def wrong(net, num_classes):
        x = net.linear(net.flatten(net.adaptive_avg_pool(net.input, 1)), 4, name="fc1")
        net.linear(x, num_classes, in_features=5, name="fc2")

    monkeypatch.setattr("cnnref.networks.catalog._function", lambda _: wrong)
    with pytest.raises(ShapeError) as refused:
        cnnref.table("vgg11", input_size=64)
    assert str(refused.value) == (
        "vgg11 at 64 x 64: fc2: its weights take 5 features, but its input is 4. "
        "No square input up to 1024 x 1024 fits, so the spec is at fault."
    )


CATALOGUE = {
    ("alexnett", None): "Unknown network 'alexnett': did you mean alexnet?",
    ("alexnet", 10): (
        "alexnet at 10 x 10: pool1: a window of 3 does not fit 1 with padding 0 "
        "(input 64 x 1 x 1). The smallest square input that fits is 63 x 63."
    ),
    ("alexnet_2012", 224): (
        "alexnet_2012 at 224 x 224: fc6: its weights take 9,216 features, but its input is 6400. "
        "Square inputs from 227 to 258 fit."
    ),
    ("vgg16", (64, 16)): (
        "vgg16 at 64 x 16: pool5: a window of 2 does not fit 1 with padding 0 (input 512 x 4 x 1). "
        "The smallest square input that fits is 32 x 32."
    ),
    **{
        ("vgg16", size): (
            "vgg16: input_size must be a positive whole number or a (height, width) pair of them, "
            f"but is {size!r}."
        )
        for size in (0, -1, 2.5, True, "224", (224,), (224, 0))
    },
}


@pytest.mark.parametrize(("case", "message"), CATALOGUE.items(), ids=map(str, CATALOGUE))
def test_the_catalogue_refuses_in_one_sentence(case, message):
    name, size = case
    with pytest.raises(CnnrefError) as error:
        cnnref.table(name, input_size=size)
    assert str(error.value) == message


def test_the_sizes_that_a_message_names_are_true():
    assert cnnref.table("alexnet", input_size=63)
    for size in (227, 258):
        assert cnnref.table("alexnet_2012", input_size=size)
    for name, size in (("alexnet", 62), ("alexnet_2012", 226), ("alexnet_2012", 259)):
        with pytest.raises(ShapeError):
            cnnref.table(name, input_size=size)


@pytest.mark.parametrize("classes", [0, -3, 1.5, True, "10"])
def test_classes_are_positive_whole_numbers(classes):
    for function in (cnnref.table, cnnref.model):
        with pytest.raises(CnnrefError) as error:
            function("vgg11", num_classes=classes)
        assert str(error.value) == (
            f"vgg11: num_classes must be a positive whole number, but is {classes!r}."
        )


def test_classes_change_the_last_layer_alone():
    ten, thousand = cnnref.table("vgg11", num_classes=10), cnnref.table("vgg11")
    assert ten["fc8"].out_shape == (10,)
    assert {found.row for found in cnnref.compare(ten, thousand)} == {len(ten) - 1}


def test_a_bool_is_no_size_even_where_the_same_window_was_asked_for_before():
    net = Net((16, 32, 32))
    net.conv(net.input, 16, 1, stride=1, padding=0)
    with pytest.raises(CnnrefError, match="stride must be a positive whole number, but is True"):
        net.conv(net.input, 16, 1, stride=True)


def test_a_layer_without_a_name_takes_a_number_that_is_free():
    n = cnnref.Net((3, 8, 8))
    x = n.conv(n.input, 4, 1, name="conv1")
    x = n.conv(x, 4, 1)
    x = n.conv(n.conv(x, 4, 1, name="conv3"), 4, 1)
    n.relu(x)
    assert [row.name for row in n.table()] == ["conv1", "conv2", "conv3", "conv4", "relu1"]
