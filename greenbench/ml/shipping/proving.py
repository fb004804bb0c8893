"""The fresh process of a proof: given exported files and examples alone, it answers them."""

from pathlib import Path

import numpy as np

from greenbench.core.errors import GreenBenchError, ProofError
from greenbench.core.jobs import Prove, Proved
from greenbench.core.step import StepContext
from greenbench.ml.answering import OWN_RUNTIME, answers, runtime_words, session_of
from greenbench.ml.shipping import format_of
from greenbench.ml.shipping.description import read_description


def prove(request: Prove, context: StepContext) -> Proved:
    """Opens the files as anyone would, in the runtime of their format, and writes the answers to all examples.

    Raises:
        ProofError: they cannot be opened, or do not answer.
    """
    folder = Path(request.folder)
    try:
        stored = format_of(request.format).open(
            read_description(folder, request.name), folder, request.name, context.folder, frozenset(request.trusted)
        )
        key = OWN_RUNTIME[stored.model.format]
        session = session_of(stored, request.threads, key, request.batch)
        examples = np.load(request.inputs, mmap_mode="r")
        outputs = answers(session, examples, request.batch)
    except GreenBenchError as error:
        raise ProofError(f"The exported file cannot be used: {error.message}", error.remedy) from error
    except Exception as error:  # a file that a runtime cannot execute fails with that runtime's own kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise ProofError(f"The exported file cannot be used: {reason}", "Choose another format.") from error
    np.save(request.outputs, outputs)
    return Proved(runtime=runtime_words(key), examples=len(outputs))
