"""What every step promises of itself before any work is done."""

import subprocess
import sys

import pytest

from greenbench.core.errors import ParameterError
from greenbench.core.params import FieldKind
from greenbench.steps import installed

STEPS = list(installed())


@pytest.mark.parametrize("spec", STEPS, ids=lambda spec: spec.key)
def test_a_step_can_be_shown_with_its_defaults(spec) -> None:
    values = spec.params().plain()
    assert spec.params.checked(values).plain() == values
    assert len(spec.highlights) == (1 if spec.key == "data.text" else 2)
    assert all(spec.field(name) for name in spec.highlights)
    assert spec.summary
    assert spec.help
    for field in spec.fields:
        assert field.title
        assert field.help
        assert field.format(field.default) or field.kind in (FieldKind.TEXT, FieldKind.LINES, FieldKind.FOLDER, FieldKind.FILE)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("train", {"epochs": 0}, "epochs cannot be 0 epochs"),
        ("train", {"learning_rate": 0}, "more than 0"),
        ("finetune", {"optimizer": "lion"}, "Choose one of: sgd, adam, adamw"),
        ("distil.soft", {"alpha": 1.5}, "from 0 % to 100 %"),
        ("data.digits", {"size": 7}, "at least 8|from 8 px"),
        ("data.digits", {"sise": 8}, 'no parameter "sise"'),
        ("model.library", {"classes": -1}, "from 0"),
        ("model.library", {"classes": 1}, "at least two classes"),
    ],
)
def test_a_parameter_out_of_range_is_refused_with_its_limit(key, value, said) -> None:
    with pytest.raises(ParameterError, match=said) as caught:
        installed()[key].params.checked(value, "Node 3")
    assert '"Node 3"' in caught.value.message


def test_the_list_of_steps_brings_no_torch() -> None:
    heavy = ("torch", "sklearn", "PIL", "onnx")
    code = f"import sys; from greenbench.steps import installed; len(installed()); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_fingerprint_changes_with_what_the_parameters_point_at(tmp_path) -> None:
    archive, folder = installed()["data.archive"], installed()["data.folder"]
    file = tmp_path / "a.npz"
    seen = {archive.fingerprint(archive.params(file=str(file)))}
    for content in (b"1", b"22"):
        file.write_bytes(content)
        seen.add(archive.fingerprint(archive.params(file=str(file))))
    assert len(seen) == 3
    (tmp_path / "cats").mkdir()
    before = folder.fingerprint(folder.params(folder=str(tmp_path)))
    assert folder.fingerprint(folder.params(folder=str(tmp_path))) == before
    (tmp_path / "cats" / "1.png").write_bytes(b"x")
    assert folder.fingerprint(folder.params(folder=str(tmp_path))) != before
    assert folder.fingerprint(folder.params()) == "absent"
    assert folder.fingerprint(folder.params(folder="\0")) == "absent"


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ("photo", {"data.folder"}),
        ("pretrained weights", {"model.library", "model.huggingface", "model.file"}),
        ("own model", {"model.file", "model.python"}),
        ("my model", {"model.file", "model.python"}),
        ("csv", {"data.table", "data.text"}),
        ("excel", {"data.table"}),
    ],
)
def test_a_step_is_found_by_the_words_people_have_for_it(words: str, steps: set[str]) -> None:
    assert steps <= {spec.key for spec in installed().search(words)}
