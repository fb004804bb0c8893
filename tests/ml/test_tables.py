"""Tables become features: numbers standardised by the training rows, names by column, and whatever is wrong has a row and a column."""

import csv
from pathlib import Path

import numpy as np
import pytest

from greenbench.core.errors import DataError
from greenbench.core.preview import Preview
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset, table_columns, tables
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.tables import TableReading, read_table

HOW = Cut(test=0.2, validation=0.1, calibration=8)
ROWS = 200


def table() -> dict[str, list[str]]:
    generator = np.random.default_rng(0)
    return {
        "age": [f"{value:.2f}" for value in generator.normal(40, 10, ROWS)],
        "city": [("Rome", "Oslo", "Bonn")[i] for i in generator.integers(0, 3, ROWS)],
        "member": [("yes", "no")[i] for i in generator.integers(0, 2, ROWS)],
        "price": [f"{value:.3f}" for value in generator.gamma(2, 100, ROWS)],
    }


def write(path: Path, columns: dict[str, list[str]], delimiter: str = ",", header: bool = True, encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        if header:
            writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def read(tmp_path: Path, file: Path, test: Path | None = None, how: Cut = HOW, **reading: object) -> Stored:
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    return Stored(read_table(file, test, folder, TableReading(**reading), how), folder, "d", "Data")  # type: ignore[arg-type]


def raw_rows(data: Stored) -> np.ndarray:
    """All feature rows with their targets, sorted."""
    parts = [np.load(data.file(f"{name}.x")) for name in data.dataset.splits]
    truth = [np.load(data.file(f"{name}.y"))[:, None] for name in data.dataset.splits]
    rows = np.concatenate([np.concatenate(parts), np.concatenate(truth)], axis=1)
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize(
    ("delimiter", "header", "encoding"),
    [(",", True, "utf-8"), (";", True, "utf-8-sig"), ("\t", False, "utf-8"), ("|", True, "latin-1"), (",", True, "utf-16")],
)
def test_a_table_is_read_whatever_its_dialect(tmp_path: Path, delimiter: str, header: bool, encoding: str) -> None:
    columns = table()
    columns["city"] = [city.replace("Rome", "Malmö") for city in columns["city"]]
    data = read(tmp_path, write(tmp_path / "t.csv", columns, delimiter, header, encoding))
    assert data.dataset.task == "regression"
    assert data.dataset.input.shape == (5,)
    expected = np.array(
        [
            [float(age), *(city == name for name in _by_count(columns["city"])), member == "yes", float(price)]
            for age, city, member, price in zip(*columns.values(), strict=True)
        ],
        dtype=np.float32,
    )
    np.testing.assert_array_equal(raw_rows(data), expected[np.lexsort(expected.T)])


def _by_count(names: list[str]) -> list[str]:
    return sorted(set(names), key=lambda name: (-names.count(name), name))


def test_parquet_is_the_same_table(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = table()
    typed = {
        "age": [float(v) for v in columns["age"]], "city": columns["city"],
        "member": [v == "yes" for v in columns["member"]], "price": [float(v) for v in columns["price"]],
    }  # fmt: skip
    parquet.write_table(pyarrow.table(typed), tmp_path / "t.parquet")
    expected = raw_rows(read(tmp_path, write(tmp_path / "t.csv", columns)))
    np.testing.assert_allclose(raw_rows(read(tmp_path, tmp_path / "t.parquet")), expected, rtol=1e-6)


def test_numbers_are_standardised_by_the_training_rows_alone(tmp_path: Path) -> None:
    data = read(tmp_path, write(tmp_path / "t.csv", table()))
    train, _ = open_dataset(data).split("train").arrays()
    np.testing.assert_allclose(train[:, 0].mean(), 0, atol=1e-5)
    np.testing.assert_allclose(train[:, 0].std(), 1, rtol=1e-5)
    assert set(np.unique(train[:, 1:])) == {0.0, 1.0}, "names and truths stay 0 and 1"
    test, _ = open_dataset(data).split("test").arrays()
    assert abs(test[:, 0].mean()) > 1e-4


def test_a_regression_is_split_evenly_over_its_values(tmp_path: Path) -> None:
    data = read(tmp_path, write(tmp_path / "t.csv", table()), unit="EUR")
    opened = open_dataset(data)
    assert opened.split("train").labels.dtype == np.float32
    assert (data.dataset.unit, data.dataset.classes) == ("EUR", ())
    prices = np.array([np.float32(v) for v in table()["price"]])
    ranks = np.searchsorted(np.sort(prices), opened.split("test").labels)
    assert np.bincount(np.clip(ranks * 10 // ROWS, 0, 9)).tolist() == [4] * 10


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["b", "a"], "classification", ("a", "b")),
        (["0", "1"], "classification", ("0", "1")),
        (["10", "9", "1.0"], "classification", ("1", "9", "10")),
        (["yes", "no"], "classification", ("no", "yes")),
        ([f"{i}.5" for i in range(30)], "regression", ()),
        ([str(i * 3) for i in range(40)], "regression", ()),
    ],
)
def test_the_task_follows_from_the_target(tmp_path: Path, values: list[str], task: str, classes: tuple[str, ...]) -> None:
    columns = table() | {"price": [values[i % len(values)] for i in range(ROWS)]}
    data = read(tmp_path, write(tmp_path / "t.csv", columns))
    assert (data.dataset.task, data.dataset.classes) == (task, classes)


def test_decimal_commas_are_numbers_where_semicolons_end_the_cells(tmp_path: Path) -> None:
    columns = table()
    expected = raw_rows(read(tmp_path, write(tmp_path / "a.csv", columns)))
    commas = columns | {name: [v.replace(".", ",") for v in columns[name]] for name in ("age", "price")}
    np.testing.assert_array_equal(raw_rows(read(tmp_path, write(tmp_path / "b.csv", commas, ";"))), expected)


def test_another_column_can_be_the_target_and_others_left_out(tmp_path: Path) -> None:
    data = read(tmp_path, write(tmp_path / "t.csv", table()), target="CITY", leave_out=("member",))
    assert data.dataset.classes == ("Bonn", "Oslo", "Rome")
    assert data.dataset.options["features"] == ["age", "price"]


class TestGaps:
    def file(self, tmp_path: Path) -> Path:
        columns = table()
        columns["age"][3] = ""
        columns["city"][5] = "NA"
        return write(tmp_path / "t.csv", columns)

    def test_are_refused_with_row_and_column(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r't\.csv, line 5: "age" is missing \(1 of 200 rows\)'):
            read(tmp_path, self.file(tmp_path))

    def test_are_filled_by_what_training_rows_have(self, tmp_path: Path) -> None:
        data = read(tmp_path, self.file(tmp_path), missing="fill")
        train = np.load(data.file("train.x"))
        ages = {name: np.load(data.file(f"{name}.x"))[:, 0] for name in data.dataset.splits}
        written = {np.float32(value) for value in table()["age"]}
        filled = [value for part in ages.values() for value in part if value not in written]
        assert len(filled) == 1
        # The mean of the training rows, whether or not the filled row is one of them.
        assert filled[0] == pytest.approx(data.dataset.input.mean[0], rel=1e-6)
        assert np.isfinite(train).all()
        assert all(np.load(data.file(f"{name}.x"))[:, 1:4].sum(axis=1).tolist() == [1.0] * len(part) for name, part in ages.items())
        assert any('1 missing values of "age" were filled' in note for note in data.dataset.notes)

    def test_in_the_target_are_always_refused(self, tmp_path: Path) -> None:
        columns = table()
        columns["price"][9] = "?"
        with pytest.raises(DataError, match=r'line 11: the target "price" is missing'):
            read(tmp_path, write(tmp_path / "t.csv", columns), missing="fill")


class TestUselessColumns:
    @pytest.mark.parametrize(
        ("cells", "reason"),
        [
            ([str(i) for i in range(1, ROWS + 1)], "it counts the rows"),
            (["7"] * ROWS, "the same value in every row"),
            ([""] * ROWS, "it is empty"),
            ([f"customer {i}" for i in range(ROWS)], "hardly ever recur"),
        ],
    )
    def test_are_left_out_with_a_note(self, tmp_path: Path, cells: list[str], reason: str) -> None:
        data = read(tmp_path, write(tmp_path / "t.csv", {"odd": cells} | table()))
        assert data.dataset.input.shape == (5,)
        assert any(note.startswith('The column "odd" was left out') and reason in note for note in data.dataset.notes)

    def test_a_copy_of_the_target_is_named(self, tmp_path: Path) -> None:
        columns = {"copy": table()["price"]} | table()
        assert any("gives the answer away" in note for note in read(tmp_path, write(tmp_path / "t.csv", columns)).dataset.notes)


def test_many_names_share_a_feature_and_are_told(tmp_path: Path) -> None:
    names = [f"street {int(i)}" for i in np.random.default_rng(1).zipf(1.3, 2000) % 400]
    columns = {"street": names, "y": [str(i % 3) for i in range(2000)]}
    data = read(tmp_path, write(tmp_path / "t.csv", columns))
    assert data.dataset.input.shape == (100,)
    assert any("the rarer ones share one feature" in note for note in data.dataset.notes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["age"].__setitem__(7, "forty"), r'line 9: "age" is "forty", no number'),
        (lambda c: c["price"].__setitem__(7, "dear"), r'the target "price" is "dear", no number'),
    ],
)
def test_a_word_among_numbers_is_named_by_row_and_column(tmp_path: Path, change, words: str) -> None:
    columns = table()
    change(columns)
    with pytest.raises(DataError, match=words):
        read(tmp_path, write(tmp_path / "t.csv", columns), task="regression")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n", "has no rows"),
        (b"a,b\n1,2\n3\n" + b"1,2\n" * 40, "line 3: 1 cells instead of 2"),
        (b"a,a\n" + b"1,2\n" * 40, 'two columns "a"'),
        (b"word\n" * 40, "has no columns"),
        (b"a,b\n" + b"1,x\n2,x\n" * 20, "one class"),
        (b"a,b\n" + b"1,x\n1,y\n" * 20, 'no column to learn from \\("a": it has the same value in every row\\)'),
        (b'a,b\n"1,2\n3,4\n' + b"5,6\n" * 40, "line"),
    ],
)
def test_bad_files_are_refused_with_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read(tmp_path, tmp_path / "t.csv")


class TestTestFile:
    def test_is_the_test_split(self, tmp_path: Path) -> None:
        columns = table()
        train = write(tmp_path / "train.csv", {name: cells[:150] for name, cells in columns.items()})
        test = write(tmp_path / "test.csv", {name: cells[150:] for name, cells in columns.items()})
        data = read(tmp_path, train, test)
        assert data.dataset.splits["test"].examples == 50
        np.testing.assert_allclose(np.load(data.file("test.x"))[:, 0], [float(v) for v in columns["age"][150:]], rtol=1e-6)

    def test_must_have_the_same_columns(self, tmp_path: Path) -> None:
        other = {name: cells for name, cells in table().items() if name != "city"}
        with pytest.raises(DataError, match='only one of them has the column "city"'):
            read(tmp_path, write(tmp_path / "a.csv", table()), write(tmp_path / "b.csv", other))

    def test_may_have_names_that_training_has_not(self, tmp_path: Path) -> None:
        columns = table()
        test = {name: cells[:10] for name, cells in columns.items()} | {"city": ["Kyoto"] * 10, "age": [str(80 + i / 7) for i in range(10)]}
        data = read(tmp_path, write(tmp_path / "a.csv", columns), write(tmp_path / "b.csv", test))
        assert np.load(data.file("test.x"))[:, 1:4].sum() == 0

    def test_may_not_have_words_for_numbers(self, tmp_path: Path) -> None:
        test = {name: cells[:10] for name, cells in table().items()} | {"age": ["old"] * 10}
        with pytest.raises(DataError, match=r'b\.csv, line 2: "age" is "old", no number'):
            read(tmp_path, write(tmp_path / "a.csv", table()), write(tmp_path / "b.csv", test))


def test_rows_that_repeat_by_nature_are_kept_and_told(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    columns = {name: [str(v) for v in generator.integers(0, 3, 400)] for name in ("a", "b", "y")}
    data = read(tmp_path, write(tmp_path / "t.csv", columns))
    assert sum(split.examples for split in data.dataset.splits.values()) == 400
    assert any("such rows were kept" in note for note in data.dataset.notes)


def test_the_preview_shows_rows_in_words(tmp_path: Path) -> None:
    data = read(tmp_path, write(tmp_path / "t.csv", table()), unit="EUR")
    preview = Preview.model_validate_json(data.file("preview").read_text())
    assert "features from 3 columns" in preview.sizes
    assert preview.target.count("EUR") == 1
    sample = preview.samples[0]
    assert sample.text.startswith("age ")
    assert "city " in sample.text
    assert sample.label.endswith(" EUR")


def test_a_further_row_costs_bytes_of_memory_and_not_its_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    monkeypatch.setattr(tables, "_BLOCK", 256)
    monkeypatch.setattr(table_columns, "_MOST_VALUES", 100)

    def peak(rows: int) -> int:
        with (tmp_path / "t.csv").open("w") as file:
            file.write("a,b,c,d,y\n")
            file.writelines(f"{i * 0.37:.2f},{i * 1.7:.1f},{(i * 7919) % 10007}.5,{i % 5},{(i * 31) % 1009}.25\n" for i in range(rows))
        tracemalloc.start()
        read(tmp_path, tmp_path / "t.csv")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # Target, hash, split and its shuffling: a few numbers of 8 bytes. The row itself is 40 characters, 4 features, 5 Python objects.
    assert peak(4500) - peak(1500) < 3000 * 120
