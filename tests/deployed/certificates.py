"""Certificates for Deriv's names, made for one run of the tests, and some that are no good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from front import DERIV

STRANGER = "untrusted"
EXPIRED = "expired"
OTHER = "other.example.com"


def make(folder: Path) -> None:
    """Write a certificate with its key for each name, and ``roots.pem`` with the root to trust."""
    ours, another = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(folder / "roots.pem")
    for name in (*DERIV, OTHER):
        _write(ours.issue_cert(name), folder / f"{name}.pem")
    past = datetime.now(UTC) - timedelta(days=1)
    _write(ours.issue_cert(*DERIV, not_after=past), folder / f"{EXPIRED}.pem")
    _write(another.issue_cert(*DERIV), folder / f"{STRANGER}.pem")


def _write(made: trustme.LeafCert, path: Path) -> None:
    made.private_key_and_cert_chain_pem.write_to_path(path)
