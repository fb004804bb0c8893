"""HashedNets: dense layers whose weights a hash draws from a few values."""

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec


class HashParams(Params):
    ratio: float = parameter(
        0.125,
        "Buckets per weight",
        "12.5 %: one stored value for eight weights of a dense layer. The paper goes down to one for 64 (1.5625 %).",
        percent=True,
        step=0.025,
        gt=0,
        le=1,
    )
    biases: bool = parameter(
        True, "Hash biases too", "Biases get buckets of their own, in the same ratio, as the authors' program can.", advanced=True
    )
    keep_last: bool = parameter(False, "Output layer whole", "The layer that makes the output keeps weights of its own.", advanced=True)
    keep: str = parameter(
        "", "Leave alone", "Layers or blocks that stay whole, by their names in the model, separated by commas.", advanced=True
    )


SPEC = StepSpec(
    key="share.hashed",
    version=1,
    title="Hash weights",
    group=Group.COMPRESS,
    icon="hash",
    summary="Dense layers draw their weights from a few values by a hash.",
    help=(
        "Each dense layer keeps a short list of values; a hash of its place says which of them a weight takes, and a second hash its sign. "
        "Put it before Train: the values are then learnt, which is what the paper does. After training, each value becomes the mean of its "
        "weights, which costs much accuracy. What it buys: fewer bytes in the file, also the plain one. Never fewer multiply-adds: the "
        "layers compute as before, so latency and energy stay, and training takes a little longer. An ONNX file holds the weights "
        "unfolded and is as large as ever. Convolutions and word vectors are left alone."
    ),
    params=HashParams,
    apply="greenbench.steps.hash_weights.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    highlights=("ratio", "biases"),
    paper=Paper("Chen 2015", "Compressing neural networks with the hashing trick", "https://arxiv.org/abs/1504.04788"),
    aliases=("HashedNets", "hashing trick", "buckets", "xxhash", "weight sharing", "random sharing"),
)
