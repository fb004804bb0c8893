"""Sentences as token numbers, all of one length: by a tokenizer's file, or by the hash of each word, which needs no vocabulary."""

import re
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import InputSpec, Tokens
from greenbench.core.errors import ModelError

_WORD = re.compile(r"\w+|[^\w\s]")


def numbered(texts: Sequence[str], spec: InputSpec, tokenizer: Path | None) -> NDArray[np.int64]:
    """Token numbers (N, L) of sentences: cut after L tokens, filled up with the padding.

    `spec` is a model's input of kind "text"; `tokenizer` its tokenizer.json where the tokens come from a file.

    Raises:
        ModelError: the model says nothing of its tokens, its tokenizer is missing or broken, or gives numbers the model cannot know.
    """
    tokens, length = spec.tokens, spec.shape[0] if spec.shape else 0
    if tokens is None or length < 1:
        raise ModelError("The model does not say how sentences become numbers.", "Choose a model for text.")
    if tokens.kind == "hash":
        return _hashed(texts, tokens, length)
    if tokenizer is None or not tokenizer.is_file():
        raise ModelError("The model needs its tokenizer.json, which is not there.", "Load the model with its tokenizer.")
    found = _encoded(texts, tokens, length, tokenizer)
    if found.size and int(found.max()) >= tokens.vocabulary:
        raise ModelError(
            f"{tokenizer.name} gives the token {int(found.max())}; the model knows {tokens.vocabulary}.",
            "Load the tokenizer that belongs to this model.",
        )
    return found


def words(text: str) -> list[str]:
    """Lower-case words and single punctuation marks: "Why's that?" is why, ', s, that, ?"""
    return _WORD.findall(text.lower())


def _hashed(texts: Sequence[str], tokens: Tokens, length: int) -> NDArray[np.int64]:
    """CRC-32 of each word, folded to the vocabulary less its padding (Weinberger 2009, Feature Hashing): the same on every machine."""
    found = np.full((len(texts), length), tokens.padding, dtype=np.int64)
    for row, text in enumerate(texts):
        codes = [zlib.crc32(word.encode()) % (tokens.vocabulary - 1) for word in words(text)[:length]]
        found[row, : len(codes)] = [code + (code >= tokens.padding) for code in codes]
    return found


def _encoded(texts: Sequence[str], tokens: Tokens, length: int, path: Path) -> NDArray[np.int64]:
    encoder = _tokenizer(str(path), path.stat().st_mtime_ns, length, tokens.padding)
    return np.array([one.ids for one in encoder.encode_batch(list(texts))], dtype=np.int64).reshape(len(texts), length)


@cache
def _tokenizer(path: str, changed_ns: int, length: int, padding: int) -> Any:
    """The tokenizer of a file, set to one length; kept, because reading a large vocabulary takes longer than a batch."""
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise ModelError("This model's tokenizer needs the library tokenizers.", "Install greenbench[text].") from None
    try:
        encoder = Tokenizer.from_file(path)
    except Exception as error:  # noqa: BLE001 - tokenizers raises plain Exception for whatever is wrong with a file
        raise ModelError(f"{Path(path).name} is no tokenizer: {error}.", "Load the tokenizer.json that belongs to this model.") from None
    encoder.enable_truncation(max_length=length)
    encoder.enable_padding(length=length, pad_id=padding, pad_token=encoder.id_to_token(padding) or "[PAD]")
    return encoder
