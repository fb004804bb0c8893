"""A second opinion on an interval over blocks: the bootstrap-t, which takes no distribution for granted.

The printed interval stays Student's t on the blocks' logarithms. It is exact for logarithms that scatter normally and wrong by little
where they do not; a bootstrap takes the scatter from the blocks themselves, and of few blocks that is too little to take it from: the
percentile bootstrap over three blocks holds the truth three times in four. So it is asked from ten blocks on, and in its studentised form
(Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 12.5), whose error falls with 1/n where that of the percentile form
falls with 1/√n. Where the two disagree, a few blocks stand apart from the rest: that is worth a remark.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from greenbench.analysis.intervals import CONFIDENCE, Interval
from greenbench.analysis.trimming import centre

FEWEST_BLOCKS = 10
_DRAWS = 4000  # the ends of a 95 % interval then move by 1 % of its width from seed to seed


def ratio_by_bootstrap(variant: ArrayLike, baseline: ArrayLike, confidence: float = CONFIDENCE, seed: int = 0) -> Interval:
    """What `paired_ratio` answers, by resampling the rounds; one positive number for each block, paired by round.

    Raises:
        ValueError: fewer than ten rounds, unequal lengths, or a number that is not positive.
    """
    above, below = np.asarray(variant, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    if above.size != below.size or above.size < FEWEST_BLOCKS:
        raise ValueError(f"a bootstrap needs {FEWEST_BLOCKS} pairs of blocks, not {above.size} and {below.size}")
    if not (np.all(np.isfinite(above)) and np.all(np.isfinite(below)) and np.all(above > 0) and np.all(below > 0)):
        raise ValueError("a bootstrap of ratios needs positive numbers")
    logs = np.log(above / below)
    n, found = logs.size, centre(logs)
    mean, error = float(found.value), float(found.error)
    if error == 0:
        return Interval(math.exp(mean), math.exp(mean), math.exp(mean), n)
    drawn = centre(logs[np.random.default_rng(seed).integers(0, n, size=(_DRAWS, n))])
    usable = drawn.error > 0  # all draws of one and the same block
    scores = (drawn.value[usable] - mean) / drawn.error[usable]
    lower, upper = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(math.exp(mean), math.exp(mean - upper * error), math.exp(mean - lower * error), n)
