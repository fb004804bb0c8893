"""The steps that are installed, by key."""

from collections.abc import Iterable, Iterator

from greenbench.core.errors import UnknownStepError
from greenbench.core.step import Group, StepSpec


class Catalog:
    """An immutable collection of steps, in library order."""

    def __init__(self, specs: Iterable[StepSpec]) -> None:
        self._specs: dict[str, StepSpec] = {}
        for spec in specs:
            if spec.key in self._specs:
                raise ValueError(f"two steps have the key {spec.key}")
            self._specs[spec.key] = spec

    def __getitem__(self, key: str) -> StepSpec:
        try:
            return self._specs[key]
        except KeyError:
            known = ", ".join(sorted(self._specs))
            raise UnknownStepError(f'There is no step "{key}" in this version.', f"Known steps: {known}.") from None

    def __contains__(self, key: object) -> bool:
        return key in self._specs

    def __iter__(self) -> Iterator[StepSpec]:
        return iter(self._specs.values())

    def __len__(self) -> int:
        return len(self._specs)

    def group(self, group: Group) -> tuple[StepSpec, ...]:
        return tuple(spec for spec in self if spec.group is group)

    def search(self, text: str) -> tuple[StepSpec, ...]:
        """The steps that match all words of `text` in title, aliases, group or summary; matches in the title first."""
        words = text.lower().split()

        def score(spec: StepSpec) -> int | None:
            title = spec.title.lower()
            rest = " ".join((title, *spec.aliases, spec.group.title, spec.summary, spec.key)).lower()
            if not all(word in rest for word in words):
                return None
            return 0 if title.startswith(text.lower()) else 1 if all(word in title for word in words) else 2

        scored = [(score(spec), index, spec) for index, spec in enumerate(self)]
        return tuple(spec for rank, _, spec in sorted((s, i, p) for s, i, p in scored if s is not None) if rank is not None)
