"""Files that can run code when they are read: what is asked of the user before, once for each file's content."""

from greenbench.core.value import Value


class TrustRequest(Value):
    """One file that runs code when it is loaded. `kind` in few words ("TorchScript file", "Python file", "pickle"); `explanation`
    says plainly what it could do; `sha256` of its bytes is what the answer is remembered under."""

    path: str
    sha256: str
    kind: str
    explanation: str

    @property
    def question(self) -> str:
        """The sentence a user answers."""
        return f"{self.path} is a {self.kind}. {self.explanation}"
