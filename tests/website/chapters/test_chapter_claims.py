"""Sentences of the chapters that a macro cannot hold: each is put to the tables or to a model."""

import pytest
import torch

import cnnref
from cnnref.counting.units import rounded
from cnnref.models.preact_resnet import PreActBlock, PreActBottleneck
from cnnref.models.resnet import BasicBlock, Bottleneck
from website.facts import fact


def rows(name, size=None):
    return {layer.name: layer for layer in cnnref.table(name, input_size=size)}


# AlexNet


def test_no_two_convolutions_of_alexnet_have_the_same_weights():
    shapes = [
        (layer.in_shape[0], layer.out_shape[0], layer.window.kernel)
        for layer in cnnref.table("alexnet").group("op")["conv"]
    ]
    assert len(set(shapes)) == len(shapes) == 5


def test_from_pool1_on_the_lectures_network_is_torchvisions():
    lecture, torchvision = rows("alexnet", 227), rows("alexnet")
    assert lecture["conv1"].out_shape[1:] == (56, 56)
    assert torchvision["conv1"].out_shape[1:] == (55, 55)
    assert lecture["pool1"].out_shape == torchvision["pool1"].out_shape
    later = list(lecture)[list(lecture).index("pool1") + 1 :]
    assert [lecture[name].counts for name in later] == [torchvision[name].counts for name in later]


def test_torchvisions_conv1_leaves_out_only_the_last_column_of_padding():
    conv1 = rows("alexnet")["conv1"]
    read = (conv1.out_shape[1] - 1) * 4 + 11
    assert 224 + 2 * 2 - read == 1
    assert (rows("alexnet", 227)["conv1"].out_shape[1] - 1) * 4 + 11 == 227 + 2 * 2


def test_an_uneven_padding_gives_the_papers_maps_too():
    assert (224 + 1 + 2 - 11) // 4 + 1 == rows("alexnet_2012")["conv1"].out_shape[1] == 55


def test_a_convolution_over_the_whole_map_is_fc6():
    conv = cnnref.table("alexnet")["fc6"]
    assert fact("part:conv:256:6:4096:6/conv/macs") == conv.macs
    assert fact("part:conv:256:6:4096:6/conv/parameters") == conv.parameters


# ZFNet


def test_zfnets_last_layers_are_alexnets():
    ours, theirs = rows("zfnet"), rows("alexnet_2012")
    for name in ("pool5", "fc6", "fc7", "fc8"):
        assert ours[name].out_shape == theirs[name].out_shape
    assert ours["fc6"].counts == theirs["fc6"].counts


def test_the_wide_zfnet_differs_in_three_convolutions_and_grows_most_in_fc6():
    a, b = rows("zfnet"), rows("zfnet_b")
    wider = [name for name in a if a[name].parameters != b[name].parameters]
    assert wider == ["conv3", "conv4", "conv5", "fc6"]
    more = {name: b[name].parameters - a[name].parameters for name in wider}
    assert more["fc6"] > sum(more.values()) / 2
    assert b["fc6"].counts.weights == 2 * a["fc6"].counts.weights
    assert b["conv4"].macs == b["conv5"].macs == max(layer.macs for layer in b.values())


def test_zfnets_conv2_without_a_stride_would_outweigh_the_whole_network():
    assert fact("part:conv:96:55:256:5:1:2/conv/macs") > cnnref.table("zfnet").macs


# VGG


def test_the_bars_of_vgg16_are_whole_halves_and_quarters():
    book = rows("vgg16")
    full = book["conv1_2"].macs
    for name in ("conv2_2", "conv3_2", "conv3_3", "conv4_2", "conv4_3"):
        assert book[name].macs == full
    for name in ("conv2_1", "conv3_1", "conv4_1"):
        assert 2 * book[name].macs == full
    for name in ("conv5_1", "conv5_2", "conv5_3"):
        assert 4 * book[name].macs == full


def test_fc6_of_vgg16_has_more_parameters_than_all_its_convolutions():
    convolutions = cnnref.table("vgg16").group("op")["conv"].parameters
    assert rows("vgg16")["fc6"].parameters > convolutions


def test_the_peak_of_vgg16_is_the_input_and_the_output_of_conv1_2():
    conv = rows("vgg16")["conv1_2"]
    both = conv.in_shape.elements + conv.out_shape.elements
    assert cnnref.table("vgg16").peak_activation_bytes() == 4 * both


def test_a_stack_is_dearer_than_a_5x5_where_the_channels_double():
    single = fact("part:conv:128:56:256:5:1:2/conv/weights")
    assert fact("vgg16/conv3_1+conv3_2/weights") > single


def test_configuration_c_is_b_with_three_1x1_and_d_makes_them_3x3():
    b, c, d = rows("vgg13"), rows("vgg16_c"), rows("vgg16")
    new = [name for name in c if name.startswith("conv") and name not in b]
    assert new == ["conv3_3", "conv4_3", "conv5_3"]
    assert {c[name].window.kernel for name in new} == {(1, 1)}
    assert {d[name].window.kernel for name in new} == {(3, 3)}


# GoogLeNet


def test_the_lectures_vgg16_is_a_convolution_and_the_poolings_short():
    start = [f"conv{place}" for place in ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2")]
    book = rows("vgg16")
    assert round(sum(book[name].macs for name in start) / 10**6) == 7485
    kept = sum(4 * book[name].out_shape.elements for name in (*start, "conv3_3"))
    assert round((kept - 4 * book["conv3_3"].out_shape.elements) / 2**20, 1) == 42.9
    total = cnnref.table("googlenet").group("stage")
    stem = sum(total[stage].operations("lecture") for stage in ("conv1", "conv2"))
    assert sorted(rounded(stem, 10**6)) == sorted("418")


def test_no_part_of_googlenet_does_more_than_a_quarter_of_the_work():
    book = cnnref.table("googlenet")
    modules = [part.macs for block, part in book.group("block").items() if block]
    stem = [book.group("stage")[stage].macs for stage in ("conv1", "conv2")]
    assert max(*modules, *stem) == stem[1] < book.macs / 4


def test_a_way_through_a_module_passes_two_convolutions():
    assert cnnref.architecture("googlenet").depth == 3 + 2 * 9 + 1


def test_an_average_of_7x7_has_several_places_on_maps_of_8x8():
    last = rows("googlenet_torchvision", 256)["avgpool"].in_shape
    assert last == (1024, 8, 8)
    assert fact("part:pool:1024:8:7:1/pool/out_size") == 2
    with pytest.raises(cnnref.ShapeError, match=r"^googlenet at 256 x 256: linear: "):
        cnnref.table("googlenet", input_size=256)


def test_an_auxiliary_head_runs_cheaply_and_stores_much():
    with_heads, without = cnnref.table("googlenet_aux"), cnnref.table("googlenet")
    assert with_heads.macs < 1.01 * without.macs
    assert 1.8 < with_heads.parameters / without.parameters < 2


# residual networks


@pytest.mark.parametrize("name", ["resnet50", "resnet101", "resnet152"])
def test_later_blocks_of_all_stages_do_the_same_work(name):
    blocks = cnnref.table(name).group("block")
    later = {book.macs for block, book in blocks.items() if not block.endswith("_1") and block}
    first = [book.macs for block, book in blocks.items() if block.endswith("_1")]
    assert len(later) == 1
    assert min(first) > max(later)


@pytest.mark.parametrize("name", ["18", "34", "20_cifar", "56_cifar", "110_cifar"])
def test_shortcuts_that_copy_cost_nothing(name):
    residual = f"resnet{name}" if name.endswith("cifar") else f"resnet{name}_a"
    plain, twin = cnnref.table(f"plain{name}"), cnnref.table(residual)
    assert (plain.parameters, plain.macs) == (twin.parameters, twin.macs)


def test_conv2_of_resnets_keeps_its_size_and_the_later_stages_halve_theirs():
    for name in ("resnet18", "resnet50"):
        stages = cnnref.table(name).group("stage")
        sizes = [stages[f"conv{n}"][-1].out_shape for n in (2, 3, 4, 5)]
        assert [shape[1] for shape in sizes] == [56, 28, 14, 7]
        assert [b[0] for b in sizes[1:]] == [2 * a[0] for a in sizes[:-1]]
    assert rows("resnet50")["pool1"].out_shape[1] == 56


def silenced(block):
    """The block with its last convolution and its normalisations' shifts at zero."""
    with torch.no_grad():
        last = block.conv2 if isinstance(block, BasicBlock | PreActBlock) else block.conv3
        last.weight.zero_()
    return block.eval()


@pytest.mark.parametrize("block", [BasicBlock(8, 8), Bottleneck(8, 2)])
def test_the_original_block_is_the_identity_only_where_nothing_is_negative(block):
    x = torch.randn(2, 8, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(silenced(block)(x.clone()), torch.relu(x))
    assert torch.equal(silenced(block)(x.abs()), x.abs())


@pytest.mark.parametrize("block", [PreActBlock(8, 8), PreActBottleneck(8, 2)])
def test_the_pre_activation_block_can_be_the_identity_for_every_map(block):
    x = torch.randn(2, 8, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(silenced(block)(x.clone()), x)


def test_the_original_block_never_gives_a_negative_number():
    torch.manual_seed(0)
    for _ in range(5):
        assert BasicBlock(8, 8)(torch.randn(2, 8, 5, 5)).min() >= 0
