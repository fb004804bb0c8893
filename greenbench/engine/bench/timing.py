"""Rounds of timed blocks: new processes where they are due, cool again, one block each, then whether it is enough.

round 0            round 1                                round 2
A B C │ energies │ new A B C │ warm up │ cool │ C B A │ energies │ …   until both intervals are narrow enough or the cap is reached
"""

from typing import Any

import numpy as np

from greenbench.core import messages
from greenbench.core.measurement import WindowKind
from greenbench.core.run import Scenario
from greenbench.engine.bench.cooling import CoolDown, temperature_c
from greenbench.engine.bench.measuring import Measuring, VariantDoor
from greenbench.engine.bench.schedule import round_order, rounds_in_one_process, still_needed

_LIVE_POINTS_PER_S = 40


class Timing:
    """Times all variants of a benchmark in turn. Made before they are warmed up: that moment's temperature is what it cools down to."""

    def __init__(self, measuring: Measuring) -> None:
        self._m = measuring
        self._calls: dict[tuple[str, int], int] = {}
        device = measuring.context.device
        self._cool_down = CoolDown(measuring.protocol.cool_down_s, lambda: temperature_c(device))

    def warm_up(self) -> None:
        """All variants, before the first round."""
        m = self._m
        for variant in m.running:
            m.context.progress(0.15, f"warming up {variant.name}")
            with VariantDoor(m, variant):
                if not m.warm_up(variant):
                    cap = f"{m.protocol.warm_up_s:g} s"
                    text = f"Latency of {variant.letter} ({variant.name}) was still falling when warm-up ended after {cap}."
                    m.context.log(text, "warning")
                m.latencies[variant.letter] = []

    def rounds(self) -> None:
        """Rounds of blocks until every interval is narrow enough or the protocol's cap is reached."""
        m = self._m
        number, age = 0, 0
        wanted = list(m.latencies)
        while wanted:
            life = rounds_in_one_process(m.protocol, m.start_s)
            if number and life and age >= life:
                self._renew(wanted)
                age = 0
            self._cool(number)
            for key in round_order(wanted, number):
                self._block(key, number)
            m.context.world.energies.wait(m.context.node, {(key, number) for key in wanted if key in m.children})
            number, age = number + 1, age + 1
            share = number / m.protocol.max_blocks
            m.context.progress(0.15 + 0.75 * share, f"round {number} of at most {m.protocol.max_blocks}")
            told, node = m.context.world.energies, m.context.node
            energies_j = {key: self._for_one_call(key, told.measured_j(node, key)) for key in m.latencies}
            edges_j = {key: self._for_one_call(key, told.edges_j(node, key)) for key in m.latencies}
            wanted = still_needed(m.latencies, m.protocol, energies_j, edges_j)

    def _for_one_call(self, key: str, joules: dict[int, float]) -> list[float]:
        """J of a variant's blocks for one call."""
        return [each / self._calls[(key, block)] for block, each in joules.items() if self._calls.get((key, block))]

    def _renew(self, wanted: list[str]) -> None:
        """New processes for the variants that go on: where a model lies in memory is then drawn anew."""
        m = self._m
        m.start_s = 0.0
        for variant in [each for each in m.running if each.letter in wanted]:
            m.context.check()
            with VariantDoor(m, variant):
                m.start(variant, m.batches[variant.letter])
                m.warm_up(variant)

    def _cool(self, number: int) -> None:
        m = self._m
        if not number or not self._cool_down.warm:
            return
        m.context.progress(0.15 + 0.75 * number / m.protocol.max_blocks, "cooling down")
        window = m.window(WindowKind.COOL_DOWN, "cooling down", block=number)
        try:
            excess_c = self._cool_down.hold(m.context.check)
        finally:
            m.close_window(window)
        if excess_c is not None:
            m.context.log(f"Round {number + 1} began {excess_c:.0f} °C warmer than the first: the wait to cool down is at most "
                          f"{m.protocol.cool_down_s:g} s.", "warning")  # fmt: skip

    def _block(self, key: str, number: int) -> None:
        m = self._m
        if key not in m.children:
            return
        child = m.children[key]
        m.context.check()
        window = m.window(WindowKind.BLOCK, child.variant.name, key, number)
        with VariantDoor(m, child.variant):
            answer = self._asked(key, number)
            durations = np.array(answer["durations_ns"]) / 1e9
            m.latencies[key].append(durations)
            self._calls[(key, number)] = len(durations)
            m.close_window(window, answer, tuple(durations.tolist()))
            self._show(key, answer, durations)

    def _asked(self, key: str, number: int) -> dict[str, Any]:
        """One block of the scenario."""
        m = self._m
        if m.params.scenario == Scenario.SERVER:
            seed = m.context.seed + number  # the same arrivals for all variants of a round
            return m.children[key].ask("serve", seconds=m.protocol.block_s, rate=m.params.rate, seed=seed)
        return m.children[key].ask("block", seconds=m.protocol.block_s)

    def _show(self, key: str, answer: dict[str, Any], durations: np.ndarray) -> None:
        """Some of a block's calls for the live plot, evenly picked; the store has all."""
        ends = answer["ends_ns"] if "ends_ns" in answer else answer["t0_ns"] + np.cumsum(durations * 1e9)
        wanted = max(int(_LIVE_POINTS_PER_S * self._m.protocol.block_s), 1)
        picked = np.unique(np.linspace(0, len(durations) - 1, min(wanted, len(durations))).astype(int))
        self._m.say(
            messages.Calls(
                node=self._m.context.node,
                variant=key,
                t_ns=tuple(int(t) for t in np.asarray(ends)[picked]),
                latency_s=tuple(durations[picked].tolist()),
            )
        )
