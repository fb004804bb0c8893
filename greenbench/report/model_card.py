"""The model card: what an exported model is, where it comes from, what was measured, how the file was proved, and how to use it.

After Mitchell 2019, Model Cards for Model Reporting: details, data, measurements, limits; only what is known is said.
"""

from collections.abc import Iterable, Sequence

from greenbench.core.artifact import DatasetArtifact, InputSpec, ModelArtifact
from greenbench.core.jobs import Export, ExportedFile, Proof
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.metrics import METRICS, QUALITY
from greenbench.core.quote import count, quote
from greenbench.core.run import PlannedNode, RunResult, VariantResult
from greenbench.core.runtimes import FORMAT_NOUNS
from greenbench.core.shipping import SHIPPING
from greenbench.core.task import TASKS
from greenbench.report.labels import listed, runtime_name, sentence
from greenbench.report.loading_code import loading_code
from greenbench.report.making import making_sentence
from greenbench.report.method import method
from greenbench.report.proof import proof_sentences

_NAMED_CLASSES = 10


def model_card(request: Export, made: ModelArtifact, proof: Proof, files: Sequence[ExportedFile], library_call: str = "") -> str:
    """The card as Markdown. `made` describes the model in its new files; `library_call` as in `loading_code`."""
    variant = variant_of(request)
    title = request.model.title or request.name
    parts = [
        f"# {_text(title)}",
        _summary(request, made),
        _section("How to load it", _loading(request, made, library_call)),
        _section("Input and preprocessing", _input(made.input)),
        _section("Answers", _answers(made)),
        _section("Lineage", _lineage(request)),
        _section("Data", _data(request)),
        _section("Proof", _proof(request, made, proof)),
        _section("Measurements", _measurements(request, variant)),
        _section("Protocol and machine", _method(request.run)),
        _section("Files", _table(("File", "Bytes", "SHA-256"), [(f"`{f.name}`", count(f.size_bytes), f"`{f.sha256}`") for f in files])),
        _section("Limits", _bullets(_limits(request, made, proof, variant))),
        _section("Origin and licence", _origin(request)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def variant_of(request: Export) -> VariantResult | None:
    """The variant whose numbers an export's card tells, by letter or node; None where there is no run or no such variant."""
    variants = request.run.variants if request.run else ()
    found = (v for v in variants if request.variant in (v.letter, v.node) and request.model.node in ("", v.node))
    return next(found, None)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _text(text: str) -> str:
    """What a person typed, as one line that Markdown leaves as it is."""
    plain = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in plain)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) if len(lines) > 2 else ""


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in dict.fromkeys(texts))


def _summary(request: Export, made: ModelArtifact) -> str:
    model = request.model.artifact
    assert isinstance(model, ModelArtifact)
    weights = made.footprint
    size = quote(Measurement.exact(sum_of_files(made), "B")).full
    macs = f", {quote(Measurement.exact(weights.flops / 2, 'MAC')).full} for one example" if weights.flops else ""
    coming = "" if model.format == made.format else f", written from {FORMAT_NOUNS[model.format]}"
    what = f"A model for {TASKS[model.task].title.lower()}" if model.task != "other" else "A model"
    return (
        f"{what}, {model.precision}, as {SHIPPING[request.format].title}{coming}: "
        f"{count(weights.parameters)} parameters ({count(weights.nonzero_parameters)} not zero), {size}{macs}."
        + ("" if model.trained else " **It has not been trained.**")
    )


def sum_of_files(made: ModelArtifact) -> int:
    """The bytes of the model's own files."""
    return made.footprint.size_bytes


def _loading(request: Export, made: ModelArtifact, library_call: str) -> str:
    return f"```python\n{loading_code(request.format, request.name, made, library_call)}```"


def _input(spec: InputSpec) -> str:
    lines = [f"Array {_size((0, *spec.array_shape))} of {spec.dtype}; the first axis is the batch."]
    if spec.kind == "image":
        channels, height, width = spec.shape
        order = {"rgb": "red, green, blue", "bgr": "blue, green, red"}[spec.channel_order]
        lines.append(f"Images of {width} × {height} px, {'grey' if channels == 1 else order}, {spec.layout}.")
        if spec.crop < 1:
            lines.append(
                f"The shorter side is brought to {round(min(height, width) / spec.crop)} px ({spec.interpolation}), and its middle cut out."
            )
        else:
            lines.append(f"Resized by {spec.interpolation} interpolation.")
        if spec.dtype.startswith("float"):
            lines.append(f"Bytes as fractions of 255, minus {_numbers(spec.mean)}, divided by {_numbers(spec.std)}, by channel.")
    elif spec.kind == "features" and (any(spec.mean) or set(spec.std) != {1.0}):
        lines.append(f"{count(spec.shape[0])} features, each minus its mean, divided by its deviation; both are in the .json file.")
    elif spec.kind == "text" and spec.tokens is not None:
        how = {"file": "by the tokenizer it came with", "hash": "each word by its hash"}[spec.tokens.kind]
        lines.append(f"Token numbers below {count(spec.tokens.vocabulary)}, {how}; filled up with {spec.tokens.padding}.")
    return _bullets(lines)


def _numbers(values: Sequence[float]) -> str:
    return listed([f"{value:g}" for value in values])


def _size(shape: Sequence[int]) -> str:
    return " × ".join("N" if side == 0 else str(side) for side in shape)


def _answers(made: ModelArtifact) -> str:
    task = TASKS[made.task]
    if not task.has_classes or not made.classes:
        return f"{task.title}." if made.task != "other" else ""
    named = ", ".join(_text(name) for name in made.classes[:_NAMED_CLASSES])
    more = f", … ({count(len(made.classes))} in all; the .json file has them in order)" if len(made.classes) > _NAMED_CLASSES else ""
    return f"{task.title}; outputs in this order: {named}{more}."


def _lineage(request: Export) -> str:
    planned = {node.id: node for node in request.run.plan.nodes} if request.run else {}
    lines = []
    for number, step in enumerate(request.lineage, 1):
        node = planned.get(step.node)
        params = _parameters(node) if node else ""
        lines.append(f"{number}. **{_text(step.title)}** (`{step.step}`){f': {params}' if params else ''}")
    model = request.model.artifact
    if not lines and isinstance(model, ModelArtifact):
        lines = [f"{number}. {_text(title)}" for number, title in enumerate(model.lineage, 1)]
    return "\n".join(lines)


def _parameters(node: PlannedNode) -> str:
    return ", ".join(f"{name} = {_text(str(value))}" for name, value in node.params.items() if value not in ("", None))


def _data(request: Export) -> str:
    data = request.data.artifact if request.data else None
    if not isinstance(data, DatasetArtifact):
        return ""
    title = request.data.title if request.data else ""
    words = [f"{_text(data.name)}{f' (step “{_text(title)}”)' if title and title != data.name else ''}."]
    words += [sentence(_text(note)) for note in data.notes]
    words += [f"Licence: {_text(data.licence)}."] if data.licence else ["Licence: not known."]
    splits = _table(("Split", "Examples", "Content hash"), [(n, count(s.examples), f"`{s.digest[:16]}`") for n, s in data.splits.items()])
    return " ".join(words) + (f"\n\n{splits}" if splits else "")


def _proof(request: Export, made: ModelArtifact, proof: Proof) -> str:
    kind = "random inputs" if proof.random else "test examples"
    lines = [
        f"The files above were opened by a fresh process that had them and {_needed(request, made)}, and answered "
        f"{count(proof.examples)} {kind}: {proof.process}.",
        *proof_sentences(proof),
    ]
    if proof.random:
        lines.append("Whether the answers are right was not measured: random inputs have no truth.")
    return _bullets(lines)


def _needed(request: Export, made: ModelArtifact) -> str:
    """What opens the files, besides them."""
    if request.format in ("safetensors", "packed"):
        graph = made.architecture is None
        built = made.architecture.arguments.get("factory") if made.architecture else None
        need = ["GreenBench", "ONNX Runtime" if graph else "PyTorch", *([f"`{built}`"] if built else [])]
        return listed(need)
    return {"onnx": "ONNX Runtime", "openvino": "OpenVINO"}.get(request.format, "PyTorch")


def _measurements(request: Export, variant: VariantResult | None) -> str:
    if request.run is None or variant is None:
        return ""
    baseline = request.run.baseline
    rows = []
    for metric in METRICS:
        found = variant.metrics.get(metric.key)
        if found is None or (found.value is None and metric.key not in (*QUALITY, "energy_per_inference")):
            continue
        quoted = quote(found)
        against = variant.against.get(metric.key)
        meant = against.text if against and baseline and baseline.node != variant.node else ""
        value = quoted.full if found.value is not None else f"— ({_text(quoted.reason)})"
        rows.append(
            (
                metric.title,
                value,
                quoted.interval or "exact" if found.value is not None else "—",
                f"{quoted.mark} {found.provenance}",
                _text(meant) or "—",
            )
        )
    threads = f"{variant.threads} thread{'' if variant.threads == 1 else 's'}"
    runtime = f"{runtime_name(variant.runtime)}, {variant.precision or 'fp32'}, batch {variant.batch}, {threads}"
    against_name = f"Against {_text(baseline.name)}" if baseline and baseline.node != variant.node else "Against the baseline"
    table = _table(("Number", "Value", "95 % interval", "Provenance", against_name), rows)
    if not table:
        return ""
    made = making_sentence(request.run, variant.letter)
    measured = f"Measured as variant {variant.letter} in {runtime}, run `{request.run.run_id}`."
    return f"{measured}\n\n{table}" + (f"\n\n{made}" if made else "")


def _method(run: RunResult | None) -> str:
    if run is None:
        return ""
    found = method(run, None)
    rows = [(word, _text(text)) for word, text in (*found.protocol, *found.machine, *found.identity)]
    return _table(("", ""), rows)


def _limits(request: Export, made: ModelArtifact, proof: Proof, variant: VariantResult | None) -> list[str]:
    run = request.run
    texts = [sentence(_text(note)) for note in made.notes]
    if run is not None and variant is not None:
        texts += [_text(remark.text) for remark in run.warnings if remark.variant in ("", variant.letter)]
        energy = variant.metrics.get("energy_per_inference")
        if energy is None or energy.value is None:
            texts.append("Energy was not measured.")
        elif energy.provenance is Provenance.MODELLED:
            texts.append("Energy is modelled from load, ± 50 %: not measured, and no ground for a comparison.")
        texts.append(
            f"Latency, energy and memory are those of {runtime_name(variant.runtime)} on the machine above; measure again elsewhere."
        )
    else:
        texts.append("Nothing was measured: no latency, energy or accuracy of this model is known.")
    if proof.random:
        texts.append("The proof rests on random inputs; on real data, answers near a tie may differ more often.")
    built = made.architecture.arguments if made.architecture else {}
    if "factory" in built:
        texts.append(f"The network is built by `{built['factory']}`, which must be there unchanged: SHA-256 `{built.get('sha256', '')}`.")
    if made.batch is not None:
        texts.append(f"The file takes {made.batch} {'example' if made.batch == 1 else 'examples'} in a call, no more and no fewer.")
    return texts


def _origin(request: Export) -> str:
    model = request.model.artifact
    if not isinstance(model, ModelArtifact):
        return ""
    lines = [f"Origin: {_text(model.origin)}."] if model.origin else []
    lines.append(
        f"Licence: {_text(model.licence)}." if model.licence else "Licence: not known; ask whoever made the model before you pass it on."
    )
    if model.digest:
        lines.append(f"SHA-256 of the file it was made from: `{model.digest}`.")
    return _bullets(lines)
