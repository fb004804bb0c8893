"""Rules say what they compare, and hold exactly when the numbers do."""

import math
from dataclasses import replace

import pytest
from scipy import stats

from greenbench.analysis.claims import Evidence, Found, asks, judge, names_in, over_seeds, rule_lines, verdict
from greenbench.core.errors import ParameterError


def evidence(name: str, wrong: int, seed: int = 0, of: int = 100, **weighs: float) -> Evidence:
    plain = {"parameters": 1000, "nonzero": 1000, "size_bytes": 4000}
    return Evidence(name, seed, correct="0" * wrong + "1" * (of - wrong), **{**plain, **weighs})  # type: ignore[arg-type]


def found(*models: Evidence) -> Found:
    by_name: dict[str, list[Evidence]] = {}
    for model in models:
        by_name.setdefault(model.name, []).append(model)
    return Found({name: tuple(seeds) for name, seeds in by_name.items()}, {"ELMo": {"energy_kwh": 275.0}})


def test_a_difference_in_points_is_compared_as_a_fraction() -> None:
    both = found(evidence("Dense", 10), evidence("Pruned 12 %", 11))
    (line,) = judge('error("Pruned 12 %") - error("Dense") <= 1.5 pp', both)
    assert (line.left, line.right, line.holds) == (pytest.approx(0.01), 0.015, True)
    (line,) = judge('error("Pruned 12 %") - error("Dense") <= 0.5 pp', both)
    assert line.holds is False


def test_scales_outside_quotes_are_numbers_and_names_stay_names() -> None:
    models = found(evidence("Net 4.2 M", 0, parameters=4_231_976, macs=569e6))
    lines = judge('parameters("Net 4.2 M") == 4231976\nabs(macs("Net 4.2 M") / 569 M - 1) <= 1 %', models)
    assert [line.holds for line in lines] == [True, True]


def test_the_mean_over_seeds_is_compared() -> None:
    models = found(evidence("A", 10, 0), evidence("A", 20, 1))
    assert judge('error("A") < 0.1', models)[0].left == pytest.approx(0.15)


def test_better_is_the_paired_t_test_over_seeds() -> None:
    first, second = [5, 6, 4, 7], [8, 8, 9, 9]
    models = found(
        *(evidence("T", wrong, seed) for seed, wrong in enumerate(first)),
        *(evidence("R", wrong, seed) for seed, wrong in enumerate(second)),
    )
    expected = stats.ttest_rel(first, second, alternative="less").pvalue
    (line,) = judge('better("T", "R") < 0.05', models)
    assert line.left == pytest.approx(expected)
    assert line.holds


@pytest.mark.parametrize("asked", ['error("A") < 1', 'mcnemar("A", "B") <= 1', 'better("B", "A") <= 1', 'kept("A") <= 1'])
def test_a_model_that_failed_with_one_of_the_seeds_decides_nothing(asked: str) -> None:
    models = found(*(evidence("A", 5, seed) for seed in (0, 2)), *(evidence("B", 9, seed) for seed in (0, 1, 2)))
    (line,) = judge(asked, replace(models, seeds=3))
    assert line.holds is None
    assert '"A" was made with 2 of 3 seeds' in line.reason


def test_one_seed_cannot_tell_which_is_better() -> None:
    lines = judge('better("T", "R") < 0.05', found(evidence("T", 1), evidence("R", 9)))
    assert lines[0].holds is None
    assert "one seed" in lines[0].reason
    assert verdict(lines) == "cannot tell"


def test_mcnemar_counts_the_examples_on_which_two_models_disagree() -> None:
    first = Evidence("S", 0, 1, 1, 1, correct="1" * 90 + "0" * 10)
    second = Evidence("C", 0, 1, 1, 1, correct="1" * 80 + "0" * 20)
    (line,) = judge('mcnemar("S", "C") < 0.01', Found({"S": (first,), "C": (second,)}, {}))
    assert line.left == pytest.approx(stats.binomtest(0, 10).pvalue)


def test_what_is_not_known_decides_nothing() -> None:
    unjudged = Evidence("A", 0, 10, 10, 40)
    lines = judge('error("A") <= 1 %\nparameters("A") == 10\nmacs("A") < 5', Found({"A": (unjudged,)}, {}))
    assert [line.holds for line in lines] == [None, True, None]
    assert verdict(lines) == "cannot tell"


def test_a_line_that_fails_outweighs_one_that_cannot_be_decided() -> None:
    unjudged = Evidence("A", 0, 10, 10, 40)
    assert verdict(judge('error("A") <= 1 %\nparameters("A") < 5', Found({"A": (unjudged,)}, {}))) == "not reproduced"


def test_other_results_give_their_values_by_name() -> None:
    assert judge('abs(value("ELMo", "energy_kwh") / 275 - 1) <= 0.5 %', found())[0].holds
    assert "gives no" in judge('value("ELMo", "watts") < 1', found())[0].reason


@pytest.mark.parametrize(
    "line",
    [
        "__import__('os').system('true') == 0",
        'error("A")',
        'error("A") <= error("B") <= 1',
        "error(A) < 1",
        'errror("A") < 1',
        'error("A", "B") < 1',
        "(1).__class__ == 1",
        'error("A") < [1]',
        "1 <",
        'error("A") < True',
    ],
)
def test_what_is_no_rule_is_refused_with_the_line(line: str) -> None:
    with pytest.raises(ParameterError) as refused:
        rule_lines(line)
    assert line in refused.value.message


def test_names_and_quantities_of_a_rule_are_found() -> None:
    rule = '# sizes\ncoded("Packed") * 35 <= size("Dense")\nlossless("Packed") == 1\nvalue("ELMo", "energy_kwh") > 1\n'
    assert set(names_in(rule)) == {"Packed", "Dense", "ELMo"}
    assert asks(rule, "lossless")
    assert not asks(rule, "mcnemar")


def test_intervals_are_students_over_seeds_and_wilsons_for_one() -> None:
    several = over_seeds({"A": tuple(evidence("A", wrong, seed) for seed, wrong in enumerate((10, 12, 14)))})[0]
    half = stats.t.ppf(0.975, 2) * 0.02 / math.sqrt(3)
    assert several.low == pytest.approx(0.12 - half)
    assert several.errors == (10, 12, 14)
    one = over_seeds({"A": (evidence("A", 10),)})[0]
    expected = stats.binomtest(10, 100).proportion_ci(method="wilson")
    assert (one.low, one.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_a_line_is_told_in_the_unit_it_is_written_in() -> None:
    both = found(evidence("Dense 50 %", 10), evidence("Pruned", 11))
    (line,) = judge('error("Pruned") - error("Dense 50 %") <= 1.5 pp', both)
    assert line.found == "1.00 pp ≤ 1.50 pp"
    seeds = found(*(evidence(name, wrong, seed) for name, all in (("T 5 %", (5, 7)), ("R", (8, 9))) for seed, wrong in enumerate(all)))
    (line,) = judge('better("T 5 %", "R") < 0.05', seeds)
    assert line.found.startswith("p = 0.")
    assert "%" not in line.found
    (line,) = judge('parameters("Pruned") == 1000', both)
    assert line.found == "1000 = 1000"
