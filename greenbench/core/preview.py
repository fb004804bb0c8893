"""What a data set looks like, as data: a few examples with their labels, how many there are of each class, what is broken."""

from greenbench.core.value import Value


class Sample(Value):
    """One example to show. `image` is the name of a PNG in the artefact's folder, `text` a sentence or the features as words."""

    split: str
    label: str
    image: str = ""
    text: str = ""


class Broken(Value):
    """A file that cannot be used, relative to the data's own folder, and why."""

    file: str
    reason: str


class Preview(Value):
    """`counts` has for each split the number of examples of each class, in the order of the classes (empty without classes).
    `sizes` says in words what shapes occur ("120 × 90 to 640 × 480 px"); `target` the range of a regression's target."""

    samples: tuple[Sample, ...] = ()
    counts: dict[str, tuple[int, ...]] = {}
    sizes: str = ""
    target: str = ""
    broken: tuple[Broken, ...] = ()
    broken_total: int = 0
