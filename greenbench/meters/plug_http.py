"""Asking a plug over HTTP: one short question, one JSON answer, and each way in which that fails told apart with its remedy."""

import errno
import json
import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from greenbench.core.measurement import SourceState
from greenbench.meters.polled import NoReadingError

_TIMEOUT_S = (1.0, 1.0)  # to connect; between two pieces of the answer
_MOST_BYTES = 65_536
_TROUBLED = (429, *range(500, 600))
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


class PlugHttp:
    """A connection to one plug, kept open between questions. `what` names the kind of plug in sentences."""

    def __init__(self, address: str, what: str, user: str = "", password_file: str = "") -> None:
        self._base, self._what = f"http://{address}", what
        self.address, self.user, self.password_file = address, user, password_file
        self._session: requests.Session | None = None
        self._digest: HTTPDigestAuth | None = None

    def password(self) -> str:
        """The password, or "" where none is set.

        Raises:
            NoReadingError: its file cannot be read.
        """
        if not self.password_file:
            return ""
        try:
            lines = Path(self.password_file).expanduser().read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "it is no text").lower()
            raise NoReadingError(
                SourceState.PERMISSION, f"The password file {self.password_file} cannot be read: {reason}.", "Give another password file."
            ) from None
        return lines[0].strip() if lines else ""

    def ask(self, path: str, query: dict[str, str] | None = None, digest: bool = False) -> tuple[int, dict[str, Any]]:
        """The status and the JSON object that the plug answers with; numbers come as Decimal, with the digits that it sent.

        Raises:
            NoReadingError: there is no answer, it asks for a password, or it is no JSON object.
        """
        try:
            status, body = self._get(path, query, digest)
        except requests.Timeout:
            raise self._silent(f"{self.address} does not answer.") from None
        except (requests.RequestException, OSError) as error:
            raise self._unreachable(error) from None
        if status in (401, 403):
            raise self._locked()
        try:
            found = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            found = None
        explained = isinstance(found, dict) and "code" in found  # Shelly's word on a wrong question, with status 500
        if status in _TROUBLED and not explained:
            raise self._silent(f"{self.address} answers with an error (HTTP {status}).")
        if not isinstance(found, dict):
            raise self.stranger()
        return status, found

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def stranger(self, detail: str = "") -> NoReadingError:
        """Something else answers at the address."""
        reason = f"What answers at {self.address} is no {self._what}{f': {detail}' if detail else ''}."
        return NoReadingError(
            SourceState.ABSENT, reason, "Check the address: routers hand out numbers anew. Then remove this meter and add it again."
        )

    def _get(self, path: str, query: dict[str, str] | None, digest: bool) -> tuple[int, bytes]:
        """Status and body. A connection that was kept and that the plug has dropped meanwhile is opened anew, once."""
        for last in (False, True):
            try:
                with self._opened().get(
                    self._base + path, params=query, auth=self._auth(digest), timeout=_TIMEOUT_S, stream=True, allow_redirects=False
                ) as answer:
                    return answer.status_code, next(answer.iter_content(_MOST_BYTES), b"")
            except requests.ConnectionError as error:
                cause = _cause(error)
                if last or not isinstance(cause, ConnectionError) or isinstance(cause, ConnectionRefusedError):
                    raise
                self.close()
        raise AssertionError("unreachable")

    def _opened(self) -> requests.Session:
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False  # no proxy lies between a desk and its plug, and no .netrc is meant for it
        return self._session

    def _auth(self, digest: bool) -> AuthBase | None:
        password = self.password()
        if not password:
            return None
        if not digest:
            return HTTPBasicAuth(self.user, password)
        if self._digest is None or self._digest.password != password:
            self._digest = HTTPDigestAuth(self.user, password)  # kept: it knows the plug's challenge, which saves a question each time
        return self._digest

    def _locked(self) -> NoReadingError:
        if self.password_file:
            return NoReadingError(
                SourceState.PERMISSION,
                f'{self.address} does not take the password for the user "{self.user}".',
                f"Check the user, and that the first line of {self.password_file} is the password of the plug.",
            )
        return locked(self.address)

    def _silent(self, reason: str) -> NoReadingError:
        remedy = f"Check that the {self._what} has power and is in this network: http://{self.address} should open in a browser."
        return NoReadingError(SourceState.SILENT, reason, remedy)

    def _unreachable(self, error: BaseException) -> NoReadingError:
        cause = _cause(error)
        if isinstance(cause, socket.gaierror):
            return NoReadingError(
                SourceState.ABSENT,
                f"No device of the name {self.address} is known here.",
                "Give its number in the network, as 192.168.1.40.",
            )
        number = getattr(cause, "errno", None)
        if number in _NO_WAY:
            return NoReadingError(
                SourceState.ABSENT,
                f"{self.address} is not on this network.",
                "Connect this machine to the network of the plug, or check the address.",
            )
        if isinstance(cause, ConnectionRefusedError):
            return self._silent(f"{self.address} refuses the connection: nothing answers HTTP there.")
        return self._silent(f"The connection to {self.address} broke off.")


def locked(address: str) -> NoReadingError:
    """A plug asks for a password and none is known."""
    return NoReadingError(
        SourceState.PERMISSION,
        f"{address} asks for a user and a password.",
        "Put its password into a file that only you may read, and add the meter again with --user and --password-file.",
    )


def step(number: Decimal, unit: float = 1.0) -> float:
    """The smallest step that a number as it was written can show, in `unit`s: 0.1 for 12.3."""
    exponent = number.as_tuple().exponent
    return 10.0 ** min(exponent, 0) * unit if isinstance(exponent, int) else unit


def number(answer: dict[str, Any], *path: str) -> Decimal | None:
    """The number at a place in an answer, or None if there is none."""
    found: Any = answer
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, Decimal) and found.is_finite() else None


def _cause(error: BaseException) -> BaseException:
    """The system's own error behind the layers that libraries put around it."""
    seen: list[BaseException] = []
    todo: list[Any] = [error]
    while todo:
        each = todo.pop()
        if not isinstance(each, BaseException) or each in seen:
            continue
        if isinstance(each, OSError) and not isinstance(each, requests.RequestException):
            return each
        seen.append(each)
        todo += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
    return error
