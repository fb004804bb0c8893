"""The thin layers that take the place of one: two for a matrix, three for a convolution (see greenbench.ml.compress.low_rank)."""

from typing import Any

from torch import nn


def svd_layers(layer: nn.Module, arguments: dict[str, Any]) -> nn.Module:
    """Two layers with `ranks` [r] between them, in the place of a Linear or a 1×1 convolution; not filled."""
    (rank,) = arguments["ranks"]
    like = _like(layer)
    if isinstance(layer, nn.Linear):
        bias = layer.bias is not None
        return nn.Sequential(nn.Linear(layer.in_features, rank, bias=False, **like), nn.Linear(rank, layer.out_features, bias, **like))
    assert isinstance(layer, nn.Conv2d)
    inward = nn.Conv2d(layer.in_channels, rank, 1, layer.stride, layer.padding, bias=False, padding_mode=layer.padding_mode, **like)  # type: ignore[arg-type]
    return nn.Sequential(inward, nn.Conv2d(rank, layer.out_channels, 1, bias=layer.bias is not None, **like))


def tucker_layers(layer: nn.Module, arguments: dict[str, Any]) -> nn.Module:
    """1×1, k×k, 1×1 convolutions with `ranks` [in, out] between them, in the place of a k×k convolution; not filled."""
    inner, outer = arguments["ranks"]
    assert isinstance(layer, nn.Conv2d)
    like = _like(layer)
    core = nn.Conv2d(
        inner,
        outer,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        layer.dilation,  # type: ignore[arg-type]
        bias=False,
        padding_mode=layer.padding_mode,
        **like,
    )
    first = nn.Conv2d(layer.in_channels, inner, 1, bias=False, **like)
    return nn.Sequential(first, core, nn.Conv2d(outer, layer.out_channels, 1, bias=layer.bias is not None, **like))


def _like(layer: nn.Module) -> dict[str, Any]:
    weight = layer.get_parameter("weight")
    return {"device": weight.device, "dtype": weight.dtype}
