"""Write a report as README says, and say what is in it; show the card and the panels as text."""

import json
from pathlib import Path

import pandas as pd

import dpyauth

session = dpyauth.login(ask=False)
page = dpyauth.export(session, "my-report")
files = sorted(page.parent.iterdir())
read = {"parquet": pd.read_parquet, "csv": pd.read_csv}
frames = {file.stem: read[file.suffix[1:]](file) for file in files if file.suffix[1:] in read}
print(
    json.dumps(
        {
            "page": str(page.relative_to(Path.cwd())),
            "html": page.read_text(),
            "kinds": sorted({file.suffix for file in files}),
            "rows": {name: len(frame) for name, frame in frames.items()},
            "card": str(session.card()),
            "switcher": str(session.switcher()),
            "explorer": repr(dpyauth.explorer(session)),
            "tokens": repr(dpyauth.tokens(session)),
        }
    )
)
session.close()
