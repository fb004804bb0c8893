"""The rows say of each channel whether it is added and why not, by the rule of the ledger that adds; silent sources are one row each."""

from greenbench.core.calibration import Calibration
from greenbench.core.measurement import Provenance, SourceReport, SourceState
from greenbench.gui.sensors.nesting import boxes, nests
from greenbench.gui.sensors.rows import FOLD, SensorRow, folded, groups, playing, rows, total_words, urgent
from greenbench.gui.sensors.words import facts, refresh_hint, short_time, what_changes, where_from, why
from greenbench.meters.discover import channels_in_use
from greenbench.meters.ledger import EnergyLedger

Reports = tuple[SourceReport, ...]


def by_key(reports: Reports) -> dict[str, SensorRow]:
    return {row.key: row for row in rows(reports)}


def test_there_is_a_row_for_each_channel_and_one_for_each_silent_source(laptop: Reports) -> None:
    found = by_key(laptop)
    assert list(found) == ["package", "board", "dram", "external:wt310", "psys", "cores", "model:memory", "battery"]
    assert groups(found.values()) == {"in use": 2, "needs permission": 1, "no answer": 1, "standby or not added": 4}


def test_what_is_added_is_what_the_ledger_adds(laptop: Reports, at_the_wall: Reports) -> None:
    for reports in (laptop, at_the_wall):
        counted = {channel.key for channel in EnergyLedger(channels_in_use(reports)).counted}
        assert {row.key for row in rows(reports) if row.added} == counted
    assert [row.key for row in rows(at_the_wall) if row.added] == ["external:plug"]


def test_what_is_not_added_says_why(laptop: Reports, at_the_wall: Reports) -> None:
    found = by_key(laptop)
    assert (found["psys"].state.word, found["psys"].note) == ("Not added", "Contains CPU package")
    assert (found["cores"].state.word, found["cores"].note) == ("Not added", "Inside CPU package")
    assert (found["model:memory"].state.word, found["model:memory"].note) == ("Shown apart", "A guess, never added")
    assert by_key(at_the_wall)["board"].note == "Covered by Shelly Plug S"


def test_the_reported_total_is_told_with_its_provenance(laptop: Reports, at_the_wall: Reports) -> None:
    assert total_words(laptop) == "Reported total: CPU package (counter) + RTX A2000 (integrated). Memory: shown apart, never added."
    assert total_words(at_the_wall).startswith("Reported total: Shelly Plug S (external).")
    modelled = tuple(report for report in laptop if report.key == "model")
    assert total_words(modelled) == "Reported total: Memory (modelled), an estimate that is never compared."
    assert "none" in total_words(())


def test_a_silent_source_has_no_number_and_what_can_be_done(laptop: Reports) -> None:
    found = by_key(laptop)
    assert found["dram"].provenance is Provenance.UNAVAILABLE
    assert (found["dram"].note, found["dram"].act) == ("Allow reading…", "remedy")
    assert (found["battery"].note, found["battery"].act) == ("Unplug to use it", "")
    assert urgent(rows(laptop)) == "dram"
    assert "joins the total" in what_changes(found["dram"])
    assert why(found["dram"]) == "Only the administrator may read it."


def test_without_a_meter_outside_one_can_be_added() -> None:
    none = SourceReport(key="external", title="Wall or lab meter", state=SourceState.ABSENT, provenance=Provenance.UNAVAILABLE)
    (row,) = rows((none,))
    assert (row.note, row.act) == ("Add…", "add")


def test_a_wall_meter_offers_to_be_calibrated_and_says_when_it_is(at_the_wall: Reports) -> None:
    line = Calibration(
        external="external:plug", external_title="Shelly Plug S", counters=("package", "board"), offset_w=12.0, offset_error_w=0.1,
        gain=1.2, gain_error=0.01, covariance=0.0, degrees=7, n=9, windows=63, residual_w=0.1, correlation=0.999, low_w=8.0, high_w=40.0,
        date="2026-11-30",
    )  # fmt: skip
    assert by_key(at_the_wall)["external:plug"].note == "Calibrate…"
    assert {row.key: row for row in rows(at_the_wall, line)}["external:plug"].note == "Calibrated"


def test_the_refresh_interval_is_the_measured_one_and_the_tooltip_has_both(laptop: Reports) -> None:
    found = by_key(laptop)
    assert found["package"].refresh_s == 0.001
    assert "Measured here: a new value every 1 ms; stated: every 1 ms." in refresh_hint(found["package"])
    assert "Not measured yet" in refresh_hint(found["board"])
    assert [short_time(seconds) for seconds in (0.00098, 0.1, 1.0, 1.04, 2.5, 60.0, None)] == [
        "1 ms", "100 ms", "1 s", "1 s", "2.5 s", "60 s", "—",
    ]  # fmt: skip


def test_a_recording_is_told_once_and_not_on_every_line(laptop: Reports) -> None:
    marked = tuple(
        report.model_copy(
            update={
                "title": f"{report.title}, recorded",
                "channels": tuple(
                    c.model_copy(update={"title": f"{c.title}, recorded", "covers": f"{c.covers} (played back from x, not this machine)"})
                    for c in report.channels
                ),
            }
        )
        for report in laptop
    )
    assert playing(marked)
    assert not playing(laptop)
    assert [row.title for row in rows(marked)] == [row.title for row in rows(laptop)]
    assert total_words(marked) == total_words(laptop)


def test_boxes_lie_inside_the_box_that_contains_them_and_never_overlap(at_the_wall: Reports) -> None:
    trees = nests(rows(at_the_wall))
    assert [tree.row.key for tree in trees] == ["external:plug"], "a wall meter contains everything"
    inner = {nest.row.key: nest for nest in trees[0].inside}
    assert set(inner) == {"psys", "board", "model:memory"}
    assert inner["psys"].keys == ("psys", "package", "cores")
    for width in (240.0, 300.0, 420.0):
        drawn, height = boxes(trees, 0.0, 0.0, width)
        place = {box.row.key: box.rect for box in drawn}
        assert len(place) == 6
        assert place["external:plug"].contains(place["psys"])
        assert place["psys"].contains(place["package"])
        assert place["package"].contains(place["cores"])
        siblings = ("psys", "board", "model:memory")
        assert not any(place[a].intersects(place[b]) for a in siblings for b in siblings if a != b)
        assert max(rect.bottom() for rect in place.values()) <= height + 0.5


def test_channels_that_contain_each_other_do_not_hang_the_page(laptop: Reports) -> None:
    rapl = laptop[0]
    first, second = rapl.channels[0], rapl.channels[1]
    knot = (first.model_copy(update={"inside": second.key}), second.model_copy(update={"inside": first.key}))
    assert nests(rows((rapl.model_copy(update={"channels": knot}),))) == ()


def absent(key: str, remedy: str = "") -> SourceReport:
    return SourceReport(
        key=key, title=key.capitalize(), state=SourceState.ABSENT, provenance=Provenance.UNAVAILABLE, covers="a chip", remedy=remedy
    )


def test_what_this_machine_cannot_have_stands_behind_one_line_and_what_can_be_mended_does_not(laptop: Reports) -> None:
    none = absent("external", "Add a plug.")
    table = rows((*laptop, absent("apple"), absent("jetson"), absent("nvidia", "Install the driver."), none))
    closed = folded(table, opened=False)
    assert [row.key for row in closed][-3:] == ["nvidia", "external", FOLD]
    assert closed[-1].title == "2 sources that this machine cannot have"
    assert "Apple, Jetson" in why(closed[-1])
    assert [row.key for row in folded(table, opened=True)][-3:] == [FOLD, "apple", "jetson"]
    assert folded(table[:-1], opened=False) != table[:-1]
    alone = rows((*laptop, absent("apple")))
    assert folded(alone, opened=False) == alone, "one line for one line saves nothing"


def test_what_changes_speaks_of_what_the_total_is_made_of_now(laptop: Reports, at_the_wall: Reports) -> None:
    table = rows(at_the_wall)
    psys = next(row for row in table if row.key == "dram")
    assert what_changes(psys, table).startswith("The total stays what Shelly Plug S reads")
    modelled = rows(tuple(report for report in laptop if report.key in ("model", "dram", "external:wt310")))
    by = {row.key: row for row in modelled}
    assert "± 50 % band goes" in what_changes(by["dram"], modelled)
    assert "stays a guess from the load" in what_changes(by["external:wt310"], modelled)
    counted = rows(laptop)
    assert "stays what CPU package, RTX A2000 says" in what_changes(by["external:wt310"], counted)


def test_the_second_line_of_a_meter_of_ones_own_says_what_and_where_it_is(at_the_wall: Reports) -> None:
    found = {row.key: row for row in rows(at_the_wall, places={"external:plug": "Shelly plug, 192.168.1.40"})}
    assert where_from(found["external:plug"]) == found["external:plug"].detail == "Shelly plug, 192.168.1.40"
    assert where_from(found["package"]) == "RAPL, package"
    assert where_from(found["dram"]) == "Memory modules, dram"


def test_the_smallest_step_is_in_a_unit_that_can_be_read(laptop: Reports) -> None:
    rapl = laptop[0].model_copy(update={"channels": (laptop[0].channels[1].model_copy(update={"resolution": 6.1e-5, "inside": ""}),)})
    (row,) = rows((rapl,))
    assert ("Smallest step", "61 µJ") in facts(row)
