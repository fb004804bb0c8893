"""The parameters of weights in buckets of few levels, shared by the step that learns with them and the one that only rounds."""

from greenbench.core.params import Params, parameter


class BucketParams(Params):
    bits: int = parameter(4, "Bits", "A weight takes at most 2 to the power of this many values in its bucket.", unit="bits", ge=2, le=8)
    bucket: int = parameter(
        256,
        "Bucket",
        "How many neighbouring weights share a smallest value and a span. Small buckets follow the weights better and cost 64 bits each; "
        "0 makes one bucket of each layer.",
        unit="weights",
        ge=0,
        le=65_536,
    )
    ends: bool = parameter(
        True,
        "First and last layer too",
        "The paper rounds them in its small networks for CIFAR-10, and leaves them whole in its deeper ones. Biases and norms stay in "
        "full precision here.",
        advanced=True,
    )
