"""Whether Hugging Face can be reached at all: its client would try for a minute before it says that there is no network."""

import contextlib
import socket
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlparse


@contextlib.contextmanager
def hub_or_cache() -> Iterator[str]:
    """Around calls of Hugging Face's client: where its host has no address, only the local cache is asked. Gives why, or ""."""
    from huggingface_hub import constants

    host = urlparse(constants.ENDPOINT).hostname or ""
    before = constants.HF_HUB_OFFLINE
    reason = "" if before or _reachable(host) else f"no connection to {host}, and it is not in the local cache"
    if reason:
        constants.HF_HUB_OFFLINE = True
    try:
        yield reason
    finally:
        constants.HF_HUB_OFFLINE = before


def _reachable(host: str) -> bool:
    if urllib.request.getproxies():  # then names are looked up elsewhere
        return True
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        return False
    return True
