"""Random editing sessions: undone they leave the beginning, redone the end, refused they change nothing."""

import copy
import itertools

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from greenbench.core.document import Document, dumps, loads
from greenbench.core.edits import AddNode, Change, ChangeNode, Connect, Describe, Disconnect, MoveNodes, RemoveNode, Together, set_params
from greenbench.core.errors import GreenBenchError, PipelineError
from greenbench.core.pipeline import Link, Node, Pipeline

# Names from a small pool, so that edits meet each other: links to nodes that are there, ids that are taken.
IDS = [f"n{i}" for i in range(8)]
ids = st.sampled_from(IDS)
known_steps = st.sampled_from(["data", "model", "train", "prune", "distil", "benchmark"])
steps = st.one_of(known_steps, st.just("unknown"))
ports = st.sampled_from(["model", "models", "data", "teacher", "student", "results"])
positions = st.tuples(st.floats(-1e4, 1e4).map(lambda x: round(x, 2)), st.floats(-1e4, 1e4).map(lambda x: round(x, 2)))
params = st.dictionaries(
    st.sampled_from(["ratio", "epochs", "tune", "other"]), st.one_of(st.integers(0, 200), st.floats(0, 1.5)), max_size=2
)
nodes = st.builds(Node, ids, steps, st.text(min_size=1, max_size=5), st.one_of(st.just({}), params), positions, st.booleans())
likely = st.builds(Link, ids, st.just("model"), ids, st.sampled_from(["model", "models", "student"]))
links = st.one_of(likely, st.builds(Link, ids, ports, ids, ports))
simple_edits = st.one_of(
    nodes.map(AddNode),
    nodes.map(lambda node: AddNode(node.but(params={}))),
    ids.map(RemoveNode),
    st.builds(Connect, links, st.one_of(st.none(), st.integers(0, 9))),
    links.map(Connect),
    links.map(Disconnect),
    nodes.map(ChangeNode),
    st.dictionaries(ids, positions, max_size=3).map(MoveNodes),
    st.builds(Describe, st.text(max_size=5), st.text(max_size=5)),
)
random_edits = st.one_of(simple_edits, st.lists(simple_edits, max_size=4).map(lambda several: Together(tuple(several), "Several")))


def possible_links(pipeline):
    """Every link that could be made now."""
    found = []
    for source, target in itertools.permutations(pipeline.nodes, 2):
        for output, input in itertools.product(pipeline.spec(source).outputs, pipeline.spec(target).inputs):
            link = Link(source, output.name, target, input.name)
            try:
                pipeline.check_link(link)
            except GreenBenchError:
                continue
            found.append(link)
    return found


def sensible_edits(pipeline):
    """Edits that are meant to succeed: what a person does with what is there."""
    free = [id for id in IDS if id not in pipeline.nodes]
    choices = [st.builds(Describe, st.text(max_size=5), st.text(max_size=5))]
    if free:
        added = st.builds(Node, st.sampled_from(free), known_steps, st.text("abc", min_size=1), st.just({}), positions)
        choices.append(added.map(AddNode))
    if pipeline.nodes:
        there = st.sampled_from(sorted(pipeline.nodes))
        choices.append(st.dictionaries(there, positions, max_size=3).map(MoveNodes))
        choices.append(st.builds(lambda id, muted: ChangeNode(pipeline.nodes[id].but(title="New", muted=muted)), there, st.booleans()))
        choices.append(there.map(RemoveNode))
    if pipeline.links:
        choices.append(st.sampled_from(pipeline.links).map(Disconnect))
    if links := possible_links(pipeline):
        connects = st.builds(Connect, st.sampled_from(links), st.one_of(st.none(), st.integers(0, 9)))
        choices += [connects, st.lists(connects, max_size=3).map(lambda several: Together(tuple(several), "Several"))]
    return st.one_of(choices)


def edit_session(data, document):
    """Applies up to 20 edits, most of them sensible; yields the inverse of each that was not refused."""
    for _ in range(data.draw(st.integers(0, 20))):
        pipeline = document.pipeline
        edit = data.draw(random_edits if data.draw(st.integers(0, 3)) == 0 else sensible_edits(pipeline))
        before = copied(pipeline)
        try:
            inverse = document.apply(edit)
        except GreenBenchError as error:
            event(f"refused: {type(error).__name__}")
            assert pipeline == before, "a refused edit changed something"
        else:
            event(f"done: {type(edit).__name__}")
            yield inverse


def copied(pipeline):
    other = Pipeline(pipeline.catalog, pipeline.title, pipeline.description)
    other.nodes, other.links = copy.deepcopy(pipeline.nodes), list(pipeline.links)
    return other


def started(catalog):
    """A pipeline in which most random links are possible."""
    pipeline = Pipeline(catalog, "Start")
    for id, step in (("n0", "data"), ("n1", "model"), ("n2", "train"), ("n3", "benchmark"), ("n4", "prune"), ("n5", "prune")):
        AddNode(Node(id, step, id)).apply(pipeline)
    Connect(Link("n1", "model", "n2", "model")).apply(pipeline)
    Connect(Link("n0", "data", "n2", "data")).apply(pipeline)
    Connect(Link("n2", "model", "n3", "models")).apply(pipeline)
    return pipeline


@settings(max_examples=40)
@given(data=st.data())
def test_undo_of_everything_is_the_beginning_and_redo_of_everything_is_the_end(catalog, data):
    document = Document(started(catalog))
    states, undo = [copied(document.pipeline)], []
    for inverse in edit_session(data, document):
        undo.append(inverse)
        states.append(copied(document.pipeline))
    redo = []
    for expected in reversed(states[:-1]):
        redo.append(document.apply(undo.pop()))
        assert document.pipeline == expected
    for expected in states[1:]:
        undo.append(document.apply(redo.pop()))
        assert document.pipeline == expected
    while undo:
        document.apply(undo.pop())
    assert document.pipeline == states[0]


@settings(max_examples=40)
@given(data=st.data())
def test_whatever_was_edited_has_no_circle_and_is_read_back_from_its_file(catalog, data):
    document = Document(started(catalog))
    for _ in edit_session(data, document):
        pass
    pipeline = document.pipeline
    order = pipeline.order()
    assert sorted(order) == sorted(pipeline.nodes)
    assert all(order.index(link.source) < order.index(link.target) for link in pipeline.links)
    text = dumps(pipeline)
    assert loads(text, catalog) == pipeline
    assert dumps(loads(text, catalog)) == text


@settings(max_examples=40)
@given(data=st.data())
def test_observers_who_only_follow_changes_know_what_is_there(catalog, data):
    document = Document(started(catalog))
    known, joined = set(document.pipeline.nodes), list(document.pipeline.links)

    def follow(change):
        known.update(change.added)
        known.difference_update(change.removed)
        joined.extend(change.connected)
        for link in change.disconnected:
            joined.remove(link)
        # A removed node takes its links with it.
        joined[:] = [link for link in joined if not {link.source, link.target} & set(change.removed)]

    def agrees():
        return known == set(document.pipeline.nodes) and sorted(map(str, joined)) == sorted(map(str, document.pipeline.links))

    document.observe(follow)
    undo = []
    for inverse in edit_session(data, document):
        undo.append(inverse)
        assert agrees()
    while undo:
        document.apply(undo.pop())
        assert agrees()


def test_a_removed_node_comes_back_with_its_links_in_their_old_places(catalog):
    pipeline = started(catalog)
    before = list(pipeline.links)
    inverse = RemoveNode("n2").apply(pipeline)
    assert pipeline.links == []
    inverse.apply(pipeline)
    assert pipeline.links == before


def test_of_several_edits_none_happens_if_one_is_refused(catalog):
    pipeline = started(catalog)
    before = copied(pipeline)
    with pytest.raises(PipelineError):
        Together((RemoveNode("n1"), Describe("other", ""), RemoveNode("n1"))).apply(pipeline)
    assert pipeline == before


def test_edits_that_build_on_each_other_are_taken_back_in_reverse(catalog):
    pipeline = started(catalog)
    before = copied(pipeline)
    replaced, instead = Link("n1", "model", "n2", "model"), Link("n4", "model", "n2", "model")
    with pytest.raises(PipelineError, match='no node "gone"'):
        Together((Disconnect(replaced), Connect(instead), RemoveNode("gone"))).apply(pipeline)
    assert pipeline == before


def test_a_node_keeps_its_step(catalog):
    with pytest.raises(PipelineError, match="keeps its step"):
        ChangeNode(Node("n1", "data", "Data")).apply(started(catalog))


def test_setting_a_parameter_keeps_the_others():
    node = Node("p", "prune", "Prune", {"ratio": 0.3})
    assert set_params(node, epochs=5).node.params == {"ratio": 0.3, "epochs": 5}


def test_edits_say_what_the_undo_menu_shows():
    node = Node("p", "prune", "Prune 50 %")
    assert AddNode(node).text == 'Add "Prune 50 %"'
    assert Together((), "Paste").text == "Paste"
    assert Together((Disconnect(Link("a", "b", "c", "d")),)).text == "Disconnect"
    assert Change() == Change()
