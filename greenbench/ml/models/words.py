"""Networks for texts that arrive as token numbers (N, L): the average of word vectors, and convolutions over words."""

import torch
from torch import Tensor, nn

from greenbench.core.errors import ModelError

_WORD_VECTOR = 128
_WINDOWS = (3, 4, 5)
# Small first vectors, so that words never seen in training say little (word2vec and fastText begin near zero as well).
_FIRST_DEVIATION = 0.1


def _embedding(vocabulary: int, size: int, padding: int) -> nn.Embedding:
    table = nn.Embedding(vocabulary, size, padding_idx=padding)
    nn.init.normal_(table.weight, std=_FIRST_DEVIATION)
    with torch.no_grad():
        table.weight[padding].zero_()
    return table


class TextAverage(nn.Module):
    """The mean of the word vectors, padding left out, and one linear layer (Joulin 2016, Bag of Tricks, section 2.1).

    `width` is the size of a word vector.
    """

    def __init__(self, outputs: int, width: int, vocabulary: int, padding: int) -> None:
        super().__init__()
        self.padding = padding
        self.embedding = _embedding(vocabulary, width, padding)
        self.classifier = nn.Linear(width, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        kept = (tokens != self.padding).unsqueeze(-1).to(self.embedding.weight.dtype)
        total = (self.embedding(tokens) * kept).sum(dim=1)
        return self.classifier(total / kept.sum(dim=1).clamp(min=1.0))  # type: ignore[no-any-return]


class TextConvolution(nn.Module):
    """Windows of 3, 4 and 5 words, the maximum over the text, dropout and one linear layer (Kim 2014, section 2).

    `width` is the number of filters of each window.
    """

    def __init__(self, outputs: int, width: int, vocabulary: int, padding: int, length: int) -> None:
        super().__init__()
        if length < max(_WINDOWS):
            raise ModelError(
                f"text_conv looks at {max(_WINDOWS)} words at a time; these texts are cut to {length}.",
                "Raise the words kept of each text.",
            )
        self.embedding = _embedding(vocabulary, _WORD_VECTOR, padding)
        self.windows = nn.ModuleList(nn.Conv1d(_WORD_VECTOR, width, size) for size in _WINDOWS)
        self.dropout = nn.Dropout(0.5)
        self.classifier = nn.Linear(width * len(_WINDOWS), outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        vectors = self.embedding(tokens).transpose(1, 2)
        best = [torch.relu(window(vectors)).amax(dim=2) for window in self.windows]
        return self.classifier(self.dropout(torch.cat(best, dim=1)))  # type: ignore[no-any-return]
