"""Files of every earlier schema are opened and brought up to date; newer ones are refused; a failed step changes nothing."""

import sqlite3
from pathlib import Path
from threading import Barrier, Thread

import pytest

from greenbench.core.errors import StoreError
from greenbench.core.measurement import Measurement
from greenbench.core.run import RunState
from greenbench.store import Store, schema
from greenbench.store.database import FILE_NAME

OLD_FILES = sorted(Path(__file__).parent.glob("schema_*.sql"))


def shape(connection):
    """The tables and indices of a file, and their columns."""
    names = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name").fetchall()
    return {name: (kind, connection.execute(f"PRAGMA table_info({name})").fetchall()) for kind, name in names}


@pytest.fixture
def memory():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


@pytest.mark.parametrize("old", OLD_FILES, ids=lambda path: path.stem)
def test_a_file_of_an_earlier_schema_is_upgraded_with_its_runs(tmp_path, old):
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.executescript(old.read_text(encoding="utf-8"))
    connection.close()
    with Store(tmp_path) as store:
        assert [(run.id, run.state, run.seconds) for run in store.runs()] == [
            ("4f2a", RunState.LOST, None),
            ("7d1f", RunState.FINISHED, 42.5),
        ]
        assert store.result("7d1f").seconds == 42.5
        assert store.result("4f2a").plan.title == "Broken off"
        assert store.windows("4f2a")[0].label == "block 1 of A"
        assert store.latencies("4f2a", "A")[1].tolist() == [0.001, 0.002, 0.003]
        assert store.samples("4f2a", "rapl").power_w.tolist() == [12.5, 13.0]
        assert store.log("4f2a")[0].text == "hello"
        store.set_node_cost("digest", Measurement(value=5.0, unit="J"), 1.0)
        assert store.node_cost("digest").value == 5.0
        with store._database.reading() as connection:
            assert schema.version(connection) == len(schema.STEPS)


def test_there_is_a_file_of_each_earlier_schema():
    assert [path.stem for path in OLD_FILES] == [f"schema_{number}" for number in range(1, len(schema.STEPS))]


@pytest.mark.parametrize("old", OLD_FILES, ids=lambda path: path.stem)
def test_a_step_that_has_shipped_is_not_changed(memory, old):
    memory.executescript(old.read_text(encoding="utf-8"))
    steps = schema.version(memory)
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    schema.upgrade(fresh, schema.STEPS[:steps])
    assert shape(fresh) == shape(memory)
    fresh.close()


def test_a_newer_file_is_refused_and_left_alone(tmp_path):
    Store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"newer GreenBench \(schema 99; this one knows up to \d+\)\. Update"):
        Store(tmp_path)
    assert [path.name for path in tmp_path.glob("greenbench-damaged*")] == []


def test_a_step_that_fails_leaves_the_file_as_it_was_before_it(memory):
    def works(connection):
        connection.execute("CREATE TABLE kept (x)")

    def fails(connection):
        connection.execute("CREATE TABLE half (x)")
        connection.execute("INSERT INTO kept VALUES (1)")
        raise sqlite3.OperationalError("no room")

    with pytest.raises(sqlite3.OperationalError, match="no room"):
        schema.upgrade(memory, (works, fails))
    assert schema.version(memory) == 1
    assert set(shape(memory)) == {"kept"}
    assert memory.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert not memory.in_transaction


def test_instances_that_start_together_make_the_file_once(tmp_path):
    barrier, failures = Barrier(6), []

    def start():
        try:
            barrier.wait()
            Store(tmp_path).close()
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Store(tmp_path) as store:
        assert store.runs() == []
        assert store.moved_aside is None
