"""What the runner's meter says of timed blocks, handed from the thread that hears it to the bench that waits for it."""

import threading
import time

from greenbench.core.messages import BlockEnergy

# The meter reads ten times a second and a counter may stand for as long again: after that only a stalled meter is still to come.
PATIENCE_S = 1.5


class BlockEnergies:
    """Answers for blocks, by node, variant and block number. Waiting blocks, and is bounded."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._known: dict[tuple[str, str, int], BlockEnergy] = {}
        self._arrived = threading.Condition()
        self._patience_s = patience_s
        self._silent = False

    def put(self, energy: BlockEnergy) -> None:
        with self._arrived:
            self._known[(energy.node, energy.variant, energy.block)] = energy
            self._silent = False
            self._arrived.notify_all()

    def wait(self, node: str, blocks: set[tuple[str, int]]) -> None:
        """Until there is an answer for each of these blocks (variant, number), or the patience is at its end.

        Where nothing at all has come in that time, nobody answers here: from then on nothing is waited for.
        """
        deadline = time.monotonic() + self._patience_s
        wanted = {(node, *block) for block in blocks}
        with self._arrived:
            while not wanted <= self._known.keys() and not self._silent:
                left = deadline - time.monotonic()
                if left <= 0:
                    self._silent = not self._known
                    return
                self._arrived.wait(left)

    def measured_j(self, node: str, variant: str) -> dict[int, float]:
        """J of a variant's blocks, by number, as far as they were measured and not modelled."""
        return {block: answer.energy.value or 0.0 for block, answer in self._measured(node, variant).items()}

    def edges_j(self, node: str, variant: str) -> dict[int, float]:
        """What the meter leaves open of the same joules at the ends of the blocks, J."""
        return {block: answer.edge_j for block, answer in self._measured(node, variant).items()}

    def _measured(self, node: str, variant: str) -> dict[int, BlockEnergy]:
        with self._arrived:
            found = {key[2]: answer for key, answer in self._known.items() if key[:2] == (node, variant)}
        return {k: answer for k, answer in sorted(found.items()) if answer.energy.value is not None and answer.energy.provenance.measured}
