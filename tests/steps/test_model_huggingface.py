"""A classifier from Hugging Face answers as transformers does, with its own tokenizer, preprocessing and classes; its code never runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from greenbench.core.errors import ModelError
from greenbench.ml.artifacts import load_module
from greenbench.steps import installed

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "how", "far", "is", "the", "moon", "who", "wrote", "faust", "?"]


def tiny_bert(**more: Any) -> Any:
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, max_position_embeddings=24,
        initializer_range=1.0,        id2label={0: "number", 1: "person", 2: "place"}, **more,
    )  # fmt: skip
    torch.manual_seed(0)
    return transformers.BertForSequenceClassification(config).eval()


def write_tokenizer(folder: Path) -> None:
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(WORDS[:4])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "[PAD]", "model_max_length": 20}))


@pytest.fixture
def bert(tmp_path: Path) -> tuple[Path, Any]:
    folder = tmp_path / "tiny-bert"
    network = tiny_bert()
    network.save_pretrained(folder)
    write_tokenizer(folder)
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# Tiny\n")
    return folder, network


@pytest.fixture
def vit(tmp_path: Path) -> tuple[Path, Any]:
    folder = tmp_path / "tiny-vit"
    config = transformers.ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=16, patch_size=8, num_labels=2
    )
    torch.manual_seed(0)
    network = transformers.ViTForImageClassification(config).eval()
    network.save_pretrained(folder)
    stated = {"size": {"height": 16, "width": 16}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25], "resample": 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(stated))
    return folder, network


def test_a_text_classifier_answers_like_transformers(run_step: Callable[..., Any], bert: tuple[Path, Any]) -> None:
    folder, network = bert
    ran = run_step("model.huggingface", source=str(folder))
    made = ran.stored.model
    assert (made.task, made.classes, made.trained) == ("classification", ("number", "person", "place"), True)
    assert (made.input.kind, made.input.shape, made.input.dtype) == ("text", (20,), "int64")
    assert made.input.tokens is not None
    assert (made.input.tokens.kind, made.input.tokens.vocabulary, made.input.tokens.padding) == ("file", len(WORDS), 0)
    assert (made.licence, made.origin) == ("Apache-2.0", "Hugging Face, tiny-bert")
    tokens = torch.tensor([[2, 4, 5, 6, 7, 8, 12, 3, 0, 0], [2, 9, 10, 11, 12, 3, 0, 0, 0, 0]])
    with torch.no_grad():
        expected = network(input_ids=tokens, attention_mask=(tokens != 0).long()).logits
        unmasked = network(input_ids=tokens).logits
        assert torch.allclose(load_module(ran.stored)(tokens), expected, atol=1e-6)
    assert not torch.allclose(unmasked, expected, atol=1e-4)  # so the mask matters


def test_its_tokenizer_travels_with_it(run_step: Callable[..., Any], bert: tuple[Path, Any]) -> None:
    from greenbench.ml.data.tokens import numbered

    ran = run_step("model.huggingface", source=str(bert[0]), input="8")
    numbers = numbered(["Who wrote Faust ?", "how"], ran.stored.model.input, ran.stored.file("tokenizer"))
    assert numbers.tolist() == [[2, 9, 10, 11, 12, 3, 0, 0], [2, 4, 3, 0, 0, 0, 0, 0]]


def test_a_longer_text_than_it_takes_is_refused(run_step: Callable[..., Any], bert: tuple[Path, Any]) -> None:
    with pytest.raises(ModelError, match="at most 20 tokens, not 64"):
        run_step("model.huggingface", source=str(bert[0]), input="64")


def test_an_image_classifier_brings_its_preprocessing(run_step: Callable[..., Any], vit: tuple[Path, Any]) -> None:
    folder, network = vit
    ran = run_step("model.huggingface", source=str(folder))
    made = ran.stored.model
    assert (made.input.shape, made.input.mean, made.input.std) == ((3, 16, 16), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    assert (made.input.interpolation, made.classes) == ("bicubic", ("0", "1"))
    assert "stretches" in made.notes[0]
    images = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(load_module(ran.stored)(images), network(pixel_values=images).logits, atol=1e-6)


@pytest.mark.parametrize(
    ("stated", "shape", "crop", "interpolation"),
    [
        (
            {"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": {"height": 224, "width": 224}},
            (3, 224, 224),
            0.875,
            "bilinear",
        ),
        ({"size": 224, "resample": 0}, (3, 224, 224), 1.0, "nearest"),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, (3, 224, 224), 0.875, "bilinear"),  # ConvNeXt
        ({"size": {"height": 30, "width": 40}}, (3, 30, 40), 1.0, "bilinear"),
        ({}, (3, 16, 16), 1.0, "bilinear"),
    ],
)
def test_sizes_are_read_in_every_form(vit: tuple[Path, Any], stated: Any, shape: Any, crop: float, interpolation: str) -> None:
    from greenbench.ml.models.hub import image_input

    folder, network = vit
    (folder / "preprocessor_config.json").write_text(json.dumps(stated))
    spec, _ = image_input(folder, network.config)
    assert (spec.shape, spec.crop, spec.interpolation) == (shape, crop, interpolation)


def test_another_scale_of_pixels_is_the_same_arithmetic(vit: tuple[Path, Any]) -> None:
    from greenbench.ml.models.hub import image_input

    folder, network = vit
    stated = {"rescale_factor": 1 / 127.5, "rescale_offset": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2]}
    (folder / "preprocessor_config.json").write_text(json.dumps(stated))
    spec, _ = image_input(folder, network.config)
    for channel in range(3):  # transformers: (byte / 127.5 − 1 − mean) / std
        expected = (200 / 127.5 - 1 - stated["image_mean"][channel]) / stated["image_std"][channel]
        assert (200 / 255 - spec.mean[channel]) / spec.std[channel] == pytest.approx(expected)


def test_it_can_be_exported(run_step: Callable[..., Any], bert: tuple[Path, Any], tmp_path: Path) -> None:
    from greenbench.ml.export import to_onnx

    assert to_onnx(run_step("model.huggingface", source=str(bert[0])).stored, tmp_path).is_file()  # which compares the answers


def test_without_a_trained_head_it_is_refused(run_step: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    network = tiny_bert()
    network.bert.save_pretrained(folder)
    write_tokenizer(folder)
    with pytest.raises(ModelError, match="a BertModel, which is no classifier"):
        run_step("model.huggingface", source=str(folder))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["BertForSequenceClassification"]}))
    with pytest.raises(ModelError, match=r"not complete; missing: classifier\.(weight|bias)"):
        run_step("model.huggingface", source=str(folder))


class Payload:
    """A pickle that would write a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def test_old_weights_are_read_as_numbers_alone(run_step: Callable[..., Any], bert: tuple[Path, Any], tmp_path: Path) -> None:
    folder, network = bert
    (folder / "model.safetensors").unlink()
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    ran = run_step("model.huggingface", source=str(folder))
    saved = load_module(ran.stored).network.state_dict()["classifier.weight"]
    assert torch.equal(saved, network.state_dict()["classifier.weight"])
    torch.save({"classifier.weight": Payload(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="more than numbers"):
        run_step("model.huggingface", source=str(folder))
    assert not (tmp_path / "ran").exists()
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="no weights in"):
        run_step("model.huggingface", source=str(folder))


def test_code_that_comes_with_a_model_is_not_run(run_step: Callable[..., Any], bert: tuple[Path, Any], tmp_path: Path) -> None:
    folder, _ = bert
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    config = json.loads((folder / "config.json").read_text())
    own = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModelForSequenceClassification": "evil.Net"}}
    (folder / "config.json").write_text(json.dumps(config | own))
    with pytest.raises(ModelError, match="needs code that comes with the model, which is not run"):
        run_step("model.huggingface", source=str(folder))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_folder_without_a_model_is_told(run_step: Callable[..., Any], tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json in"):
        run_step("model.huggingface", source=str(tmp_path))


def test_half_a_weights_file_is_told(run_step: Callable[..., Any], bert: tuple[Path, Any]) -> None:
    path = bert[0] / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ModelError, match="cannot be loaded"):
        run_step("model.huggingface", source=str(bert[0]))


def test_one_output_is_a_regression(run_step: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "scores"
    config = tiny_bert().config
    config.num_labels = 1
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    write_tokenizer(folder)
    made = run_step("model.huggingface", source=str(folder)).stored.model
    assert (made.task, made.classes) == ("regression", ())


def test_the_hub_out_of_reach_is_one_sentence(run_step: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("greenbench.ml.models.reach._reachable", lambda host: True)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(ModelError, match="someone/model cannot be had from Hugging Face: Name or service") as caught:
        run_step("model.huggingface", source="someone/model")
    assert "choose its folder" in caught.value.remedy


def test_what_is_plainly_missing_is_an_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = installed()["model.huggingface"]
    assert spec.obstacle is not None
    assert spec.obstacle(spec.params(source="google/vit-base-patch16-224")) is None
    assert spec.obstacle(spec.params()) == ("no model is chosen.", "Give its folder or its id on the hub.")
    assert "does not exist" in spec.obstacle(spec.params(source="/nowhere/at/all"))[0]  # type: ignore[index]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "greenbench[text]" in spec.obstacle(spec.params(source="a/b"))[1]  # type: ignore[index]
