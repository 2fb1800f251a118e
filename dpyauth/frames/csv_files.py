"""Write frames as CSV that spreadsheets read rightly, and as nothing but data."""

from __future__ import annotations

import pandas as pd

from dpyauth.frames.files import for_storage

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as a CSV file. A text that a spreadsheet would take for a formula gets ``'`` in front.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame of dpyauth. It is not changed. An index with a name becomes the first column.

    Returns
    -------
    bytes
        The file, in UTF-8 with the sign at its beginning by which a spreadsheet knows the encoding.

    Examples
    --------
    >>> import pandas as pd
    >>> from dpyauth.frames.csv_files import csv_bytes
    >>> csv_bytes(pd.DataFrame({"note": ["=1+1", "rent"]})).decode("utf-8-sig").splitlines()
    ['note', "'=1+1", 'rent']
    """
    table = for_storage(frame if frame.index.name is None else frame.reset_index(), lists=False)
    for name in table.columns:
        if table[name].dtype == "string" or table[name].dtype == "category":
            texts = table[name].astype("string")
            table[name] = texts.mask(texts.str.startswith(_FORMULA).fillna(False), "'" + texts)
    table.columns = pd.Index([f"'{name}" if str(name).startswith(_FORMULA) else name for name in table.columns])
    return table.to_csv(index=False).encode("utf-8-sig")
