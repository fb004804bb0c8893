"""Quantisation-aware training: the network as a graph of operators in which everything that will be int8 is rounded already.

    input ─ Range ─ convolution with rounded weights ─ [activation] ─ Range ─ maximum ─ Moved ─ …

Ranges stand where an integer kernel reads or writes: before and behind convolutions, before linear layers, and around the sums of
residual branches. Values are rounded behind a ReLU, not before, since one kernel does both (Jacob 2018, section 2.4).
"""

import copy
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from greenbench.core.artifact import InputSpec
from greenbench.ml.compress import layers
from greenbench.ml.compress.refusals import refusal
from greenbench.ml.compress.rounding import Compute, Grid, Moved, Norm, Range, RoundedLayer, RoundedTable
from greenbench.ml.models.hashed_layers import HashedLinear
from greenbench.ml.runtimes.runtime import first_line

_ATEN = torch.ops.aten
_CONVOLUTIONS = frozenset(
    getattr(operation, overload)
    for operation in (_ATEN.conv1d, _ATEN.conv2d, _ATEN.conv3d)
    for overload in ("default", "padding")
)  # fmt: skip
_LINEAR = _ATEN.linear.default
_TABLE = _ATEN.embedding.default
_NORM = _ATEN._native_batch_norm_legit_no_training.default
_SUM = _ATEN.add.Tensor
_AVERAGES = frozenset({_ATEN.adaptive_avg_pool2d.default, _ATEN.avg_pool2d.default, _ATEN.mean.dim})
# Part of the kernel before them, if nothing else reads what they read.
_ACTIVATIONS = frozenset({_ATEN.relu.default, _ATEN.hardtanh.default})
# They choose among values or move them, and make no new ones.
_MOVING = frozenset(
    {
        _ATEN.max_pool1d.default, _ATEN.max_pool2d.default, _ATEN.view.default, _ATEN._unsafe_view.default, _ATEN.reshape.default,
        _ATEN.flatten.using_ints, _ATEN.permute.default, _ATEN.transpose.int, _ATEN.clone.default, _ATEN.unsqueeze.default,
        _ATEN.squeeze.dim, _ATEN.squeeze.dims, _ATEN.expand.default, _ATEN.select.int, _ATEN.slice.Tensor, _ATEN.amax.default,
    }
)  # fmt: skip
_VIEWS = frozenset({_ATEN.view.default, _ATEN._unsafe_view.default})
_BATCH = 2  # 1 would be taken for an axis that never changes


@dataclass
class AwareNetwork:
    """A network that trains as the int8 it will be. `names` has, for each parameter of the network it was made from, its name here."""

    module: fx.GraphModule
    names: dict[str, str] = field(default_factory=dict)

    def masks(self, masks: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Masks of the original network by the names here."""
        return {self.names[name]: mask for name, mask in masks.items() if name in self.names}

    def watch(self, batches: Iterable[Tensor], check: Callable[[], None]) -> None:
        """Finds first ranges: the network answers in floating point, and every range looks on."""
        ranges = [each for each in self.module.modules() if isinstance(each, Range)]
        for each in ranges:
            each.watching = True
        self.module.eval()
        with torch.no_grad():
            for batch in batches:
                check()
                self.module(batch)
        for each in ranges:
            each.watching = False

    def move(self, device: str) -> None:
        """To a device, with the tensors that the graph itself makes on the way."""
        self.module.to(device)
        for node in self.module.graph.nodes:
            if "device" in node.kwargs:
                node.update_kwarg("device", torch.device(device))
        self.module.recompile()

    def settled(self) -> nn.Module:
        """The network that executes, in integers wherever this one rounds; this one stays as it is."""
        module = copy.deepcopy(self.module)
        for name, part in list(module.named_children()):
            if isinstance(part, Range | Moved | RoundedLayer | RoundedTable):
                setattr(module, name, part.settled())
        for node in list(module.graph.nodes):
            if node.target in _ACTIVATIONS and _saturates(module, node):
                node.replace_all_uses_with(node.args[0])
                module.graph.erase_node(node)
        module.recompile()
        return module.eval()


def prepare(module: nn.Module, input: InputSpec, steps: int, owner: str = "") -> AwareNetwork:
    """The network, rebuilt to train as int8 from its own parameters, on the processor. `steps` is the largest number of a weight.

    Batch norms behind a convolution or linear layer become part of it, with the statistics that training found.

    Raises:
        StepError: it cannot be read as a graph, or holds nothing that could be rounded.
    """
    graph_module = _read(module, input, owner)
    graph = graph_module.graph
    _unpack_norms(graph)
    made = AwareNetwork(graph_module)
    ranges = _place_ranges(graph_module)
    rounded = 0
    for node in list(graph.nodes):
        if _is_layer(graph_module, node):
            _round_layer(made, node, ranges, steps, rounded)
            rounded += 1
        elif _is_table(graph_module, node):
            _round_table(made, node, rounded)
            rounded += 1
    if not ranges or not rounded:
        names = ", ".join(list(layers.weighted_layers(module))[:3]) or "no weighted layer"
        raise refusal(
            owner, f"no convolution and no linear layer of this network can be rounded ({names}).", "Choose Quantize int8 instead."
        )
    graph.eliminate_dead_code()
    for name, parameter in graph_module.named_parameters():
        made.names.setdefault(name, name)
        parameter.requires_grad_(True)
    made.module = fx.GraphModule(graph_module, graph)
    kept = dict(made.module.named_parameters(remove_duplicate=False))
    made.names = {old: new for old, new in made.names.items() if new in kept}
    return made


def _read(module: nn.Module, input: InputSpec, owner: str) -> fx.GraphModule:
    """The network as a graph without operators that change their input."""
    hashed = next((name for name, layer in module.named_modules() if isinstance(layer, HashedLinear)), None)
    if hashed is not None:
        text = f"layer {hashed} is hashed: its weights are unfolded as they are needed, and cannot be rounded while they are trained."
        raise refusal(owner, text, "Choose Quantize int8 instead.")
    free = ({0: torch.export.Dim("batch")},)
    try:
        with torch.no_grad():
            program = torch.export.export(module.eval(), (layers.example(input, _BATCH),), dynamic_shapes=free)
            found = program.run_decompositions({}).module(check_guards=False)
    except Exception as error:  # the exporter's stages each raise their own kinds
        raise refusal(
            owner, f"PyTorch cannot read this network as a graph of operators: {first_line(error)}", "Choose Quantize int8 instead."
        ) from error
    for node in found.graph.nodes:
        if node.target in _VIEWS:  # roundings may lay their results out otherwise in memory, and then a view needs a copy
            node.target = _ATEN.reshape.default
    return fx.GraphModule(found, found.graph)


def _unpack_norms(graph: fx.Graph) -> None:
    """The operator for a batch norm that does not learn gives three results; here it is one function of one."""
    for node in list(graph.nodes):
        if node.op == "call_function" and node.target is _NORM:
            x, weight, bias, mean, variance, _, epsilon = node.args
            with graph.inserting_before(node):
                plain = graph.call_function(F.batch_norm, (x, mean, variance, weight, bias, False, 0.0, epsilon))
            plain.meta["val"] = node.meta["val"][0]
            for user in list(node.users):
                if user.target is operator.getitem and user.args[1] == 0:
                    user.replace_all_uses_with(plain)
            graph.eliminate_dead_code()


def _is_parameter(module: fx.GraphModule, node: Any) -> bool:
    if not isinstance(node, fx.Node) or node.op != "get_attr":
        return False
    owner, _, leaf = str(node.target).rpartition(".")
    return isinstance(getattr(module.get_submodule(owner), leaf, None), nn.Parameter)


def _is_layer(module: fx.GraphModule, node: fx.Node) -> bool:
    if node.op != "call_function" or not (node.target in _CONVOLUTIONS or node.target is _LINEAR):
        return False
    bias = node.args[2] if len(node.args) > 2 else None
    return _is_parameter(module, node.args[1]) and (bias is None or _is_parameter(module, bias))


def _is_table(module: fx.GraphModule, node: fx.Node) -> bool:
    return node.op == "call_function" and node.target is _TABLE and _is_parameter(module, node.args[0])


def _is_float(node: Any) -> bool:
    value = node.meta.get("val") if isinstance(node, fx.Node) and node.op != "get_attr" else None
    return isinstance(value, Tensor) and value.is_floating_point()


def _result(node: fx.Node) -> fx.Node:
    """Where the output of a kernel can be read: behind its batch norm and its activation, if it is alone with them."""
    for kinds in (frozenset({F.batch_norm}), _ACTIVATIONS):
        (*others, last) = node.users or (None,)
        if last is not None and not others and last.target in kinds and last.args[0] is node:
            node = last
    return node


def _wanted(module: fx.GraphModule) -> set[fx.Node]:
    """The values that an integer kernel reads or writes, found from the output backwards."""
    wanted: set[fx.Node] = set()
    for node in reversed(module.graph.nodes):
        if _is_layer(module, node):
            wanted.add(node.args[0])
            if node.target is not _LINEAR:
                wanted.add(_result(node))
        if node not in wanted:
            continue
        before = node.args[0] if node.target in _ACTIVATIONS else node
        if before.target is _SUM and not before.kwargs and (before is node or len(before.users) == 1):
            wanted.update(each for each in before.args if _is_float(each))
        elif node.target in _AVERAGES or (node.target in _MOVING and len(node.args[0].users) == 1):
            wanted.add(node.args[0])
    return {node for node in wanted if _is_float(node)}


def _place_ranges(module: fx.GraphModule) -> dict[fx.Node, Range]:
    """Puts a range behind every value that is wanted; gives the range of each node that rounds."""
    wanted = _wanted(module)
    ranges: dict[fx.Node, Range] = {}
    for node in [each for each in module.graph.nodes if each in wanted]:
        source = ranges.get(node.args[0]) if node.target in _MOVING else None
        range = source or Range()
        name = f"range_{len(ranges)}"
        module.add_submodule(name, Moved(range) if source else range)
        with module.graph.inserting_after(node):
            rounding = module.graph.call_module(name, (node,))
        rounding.meta["val"] = node.meta["val"]
        node.replace_all_uses_with(rounding, delete_user_cb=lambda user, own=rounding: user is not own)
        ranges[rounding] = range
    return ranges


def _round_layer(made: AwareNetwork, node: fx.Node, ranges: Mapping[fx.Node, Range], steps: int, number: int) -> None:
    module, name = made.module, f"rounded_{number}"
    arguments: tuple[Any, ...] = node.args
    arriving = arguments[0]
    weight, bias = _taken(made, arguments[1], f"{name}.weight"), None
    if len(arguments) > 2 and arguments[2] is not None:
        bias = _taken(made, arguments[2], f"{name}.bias")
    layer = RoundedLayer(weight, bias, _arithmetic(node), ranges[arriving], steps)
    layer.many_axes = node.target is _LINEAR and arriving.meta["val"].dim() != 2
    norm = next(iter(node.users)) if len(node.users) == 1 else None
    if norm is not None and norm.target is F.batch_norm and norm.args[0] is node and not layer.many_axes:
        described: tuple[Any, ...] = norm.args
        _, mean, variance, scale, shift, _, _, epsilon = described
        layer.norm = Norm(
            _taken(made, scale, f"{name}.norm.weight"),
            _taken(made, shift, f"{name}.norm.bias"),
            _attribute(module, mean),
            _attribute(module, variance),
            epsilon,
        )
        norm.replace_all_uses_with(node)
    module.add_submodule(name, layer)
    _call_instead(module, node, name, arriving)


def _round_table(made: AwareNetwork, node: fx.Node, number: int) -> None:
    name = f"rounded_{number}"
    made.module.add_submodule(name, RoundedTable(_taken(made, node.args[0], f"{name}.weight")))
    _call_instead(made.module, node, name, node.args[1])


def _call_instead(module: fx.GraphModule, node: fx.Node, name: str, argument: Any) -> None:
    with module.graph.inserting_before(node):
        call = module.graph.call_module(name, (argument,))
    call.meta["val"] = node.meta["val"]
    node.replace_all_uses_with(call)
    module.graph.erase_node(node)


def _arithmetic(node: fx.Node) -> Compute:
    target: Any = node.target
    rest, named = node.args[3:], dict(node.kwargs)
    return lambda x, weight, bias: target(x, weight, bias, *rest, **named)


def _attribute(module: nn.Module, node: Any) -> Any:
    owner, _, leaf = str(node.target).rpartition(".")
    return getattr(module.get_submodule(owner), leaf)


def _taken(made: AwareNetwork, node: Any, name: str) -> Any:
    """A parameter of the original network, noted under its new name."""
    if node is None:
        return None
    made.names.setdefault(str(node.target), name)
    return _attribute(made.module, node)


def _saturates(module: nn.Module, node: fx.Node) -> bool:
    """Whether the grid behind an activation ends where the activation does, so that rounding alone does what it does."""
    users = list(node.users)
    grid = getattr(module, str(users[0].target), None) if len(users) == 1 and users[0].op == "call_module" else None
    if not isinstance(grid, Grid) or int(grid.zero):
        return False
    if node.target is _ATEN.relu.default:
        return True
    limits: tuple[Any, ...] = node.args[1:3] if len(node.args) > 2 else (-1.0, 1.0)
    low, high = limits
    return bool(low == 0) and float(grid.scale) * 255 <= float(high) * (1 + 1e-6)
