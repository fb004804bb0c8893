"""Where nodes stand after "auto-layout": layers from left to right, crossings few, chains straight. Pure arithmetic.

The order within layers is found by barycentres, the heights by isotonic regression.
Source: Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system structures", sections 3 and 4.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

GRID = 8.0
_GAP_Y = 10.0
_GAP_X = 32.0
_SWEEPS = 6


def layered(
    sizes: Mapping[str, tuple[float, float]], edges: Sequence[tuple[str, str]], origin: tuple[float, float] = (0.0, 0.0)
) -> dict[str, tuple[float, float]]:
    """The top left corner of each box, on the 8 px grid.

    `sizes` maps ids to (width, height) in the order in which ties are settled; `edges` are (source, target), those into
    one target in the order of its ports. There must be no circle.
    """
    edges = [edge for edge in edges if edge[0] in sizes and edge[1] in sizes]
    layers = _layers(list(sizes), edges)
    _order(layers, edges)
    middle = _heights(layers, sizes, edges)
    leaving = Counter(source for source, _ in edges)
    positions: dict[str, tuple[float, float]] = {}
    x = 0.0
    for index, layer in enumerate(layers):
        fan = sum(leaving[id] for id in layer if leaving[id] > 2)
        for id in layer:
            positions[id] = (x, middle[id] - sizes[id][1] / 2)
        widest = max(sizes[id][0] for id in layer)
        x = _up(x + widest + _GAP_X + (min(fan, 4) * GRID if index < len(layers) - 1 else 0))
    if not positions:
        return {}
    top = min(y for _, y in positions.values())
    return {id: (_near(x + origin[0]), _near(y - top + origin[1])) for id, (x, y) in positions.items()}


def _layers(ids: list[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Longest path from a source; what has no input then moves right, next to its first reader."""
    rank = dict.fromkeys(ids, 0)
    for _ in ids:
        moved = False
        for source, target in edges:
            if rank[target] < rank[source] + 1:
                rank[target], moved = rank[source] + 1, True
        if not moved:
            break
    fed = {target for _, target in edges}
    for id in ids:
        readers = [rank[target] for source, target in edges if source == id]
        if id not in fed and readers:
            rank[id] = min(readers) - 1
    layers: list[list[str]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for id in ids:
        layers[rank[id]].append(id)
    return [layer for layer in layers if layer]


def _order(layers: list[list[str]], edges: Sequence[tuple[str, str]]) -> None:
    """Sorts each layer by the mean place of its neighbours, to and fro; edges at one node count in the order of its ports."""
    whole, short = _bent(layers, edges)
    before: dict[str, list[tuple[str, int]]] = defaultdict(list)
    after: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for source, target, port in short:
        before[target].append((source, port))
        after[source].append((target, port))
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in whole if forward else reversed(whole):
            place: dict[str, float] = {id: (row + 0.5) / len(column) for column in whole for row, id in enumerate(column)}
            keys: dict[str, float] = {}
            for id in layer:
                near = [place[other] + 1e-3 * port for other, port in (before if forward else after)[id]]
                keys[id] = sum(near) / len(near) if near else place[id]
            layer.sort(key=keys.__getitem__)
    for layer, sorted_layer in zip(layers, whole, strict=True):
        layer.sort(key=sorted_layer.index)


def _bent(layers: list[list[str]], edges: Sequence[tuple[str, str]]) -> tuple[list[list[str]], list[tuple[str, str, int]]]:
    """The layers with a bend for each layer that a long edge passes, and the edges cut there: (source, target, port)."""
    rank = {id: number for number, layer in enumerate(layers) for id in layer}
    whole = [list(layer) for layer in layers]
    short: list[tuple[str, str, int]] = []
    for port, (source, target) in enumerate(edges):
        here = source
        for number in range(rank[source] + 1, rank[target]):
            bend = f"\0{port}:{number}"
            whole[number].append(bend)
            short.append((here, bend, port))
            here = bend
        short.append((here, target, port))
    return whole, short


def _heights(layers: list[list[str]], sizes: Mapping[str, tuple[float, float]], edges: Sequence[tuple[str, str]]) -> dict[str, float]:
    """The middle of each box: close to the mean of its neighbours', in order and without overlap."""
    middle: dict[str, float] = {}
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    for layer in layers:
        y = 0.0
        for id in layer:
            middle[id] = y + sizes[id][1] / 2
            y += sizes[id][1] + _GAP_Y
    for sweep in range(_SWEEPS + 1):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            wish = []
            for id in layer:
                near = [middle[other] for other in (before if forward else after)[id]]
                wish.append(sum(near) / len(near) if near else middle[id])
            for id, value in zip(layer, separate(wish, [_up(sizes[id][1] + _GAP_Y) for id in layer]), strict=True):
                middle[id] = value
    return middle


def separate(wish: Sequence[float], extents: Sequence[float]) -> list[float]:
    """The centres nearest to `wish` (least squares) that keep their order and do not overlap: isotonic regression after
    subtracting the least distances (pool adjacent violators)."""
    offsets = [0.0]
    for before, after in pairwise(extents):
        offsets.append(offsets[-1] + (before + after) / 2)
    pools: list[tuple[float, int]] = []
    for value, offset in zip(wish, offsets, strict=False):
        mean, weight = value - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, weight = (mean * weight + other * count) / (weight + count), weight + count
        pools.append((mean, weight))
    flat = [mean for mean, weight in pools for _ in range(weight)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=False)]


def _near(value: float) -> float:
    return round(value / GRID) * GRID


def _up(value: float) -> float:
    return -(-value // GRID) * GRID
