import cnnref
import torch
from torch import Tensor, nn


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5000, 64)
        self.reader = nn.LSTM(64, 128, bidirectional=True, batch_first=True)
        self.tags = nn.Linear(256, 12)

    def forward(self, ids: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(self.words(ids), lengths, batch_first=True)
        read, _ = self.reader(packed)
        padded, _ = nn.utils.rnn.pad_packed_sequence(read, batch_first=True)
        return {"tags": self.tags(padded)}


sentences = torch.zeros(2, 20, dtype=torch.int64)
inputs = {"ids": sentences, "lengths": torch.tensor([20, 11])}
print(cnnref.trace(Tagger(), inputs=inputs))
