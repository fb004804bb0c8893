"""How a person writes what is kept of each layer: "0: 66 %, 2: 12 %"."""


def parse_shares(text: str) -> dict[str, float]:
    """The fraction to keep by layer name.

    Raises:
        ValueError: an entry is none, or its share is not above 0 and at most 100 %; says which.
    """
    found: dict[str, float] = {}
    for entry in filter(None, (part.strip() for part in text.replace(";", ",").replace("\n", ",").split(","))):
        name, colon, amount = (part.strip() for part in entry.rpartition(":"))
        if not colon or not name:
            raise ValueError(f'"{entry}" is no share of a layer: write the layer\'s name, a colon and a share, such as "0: 66 %".')
        found[name] = _share(amount, entry)
    if not found:
        raise ValueError('no layer is named: write the share to keep of each, such as "0: 66 %, 2: 12 %".')
    return found


def _share(amount: str, entry: str) -> float:
    try:
        share = float(amount.rstrip("% ")) / 100 if amount.endswith("%") else float(amount)
    except ValueError:
        raise ValueError(f'"{entry}": "{amount}" is no share; write 8 % or 0.08.') from None
    if not 0 < share <= 1:
        raise ValueError(f'"{entry}": the share kept is more than 0 % and at most 100 %.')
    return share
