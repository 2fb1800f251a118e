"""README's lines for a report and for panels, in the environment that README makes."""

from __future__ import annotations

from talk import Run, User

from dpyauth.sandbox import Sandbox


def test_a_report_and_the_panels(run: Run, box: Sandbox, user: User) -> None:
    said = run("report.py", **user.env)
    assert said["page"] == "my-report/index.html"
    assert ".parquet" in said["kinds"], "README promises Parquet"
    assert said["rows"]["statement"] == len(box.world.account(user.loginid).ledger.rows)
    assert user.loginid in said["html"]
    assert user.env["DERIV_TOKEN"] not in said["html"]
    assert "<svg" in said["html"] or "data:image" in said["html"], "no picture"
    assert said["card"].startswith(f"{user.loginid} · {'Real' if user.api == 'v3' else 'Demo'} account")
    assert "Sandbox" not in said["card"].splitlines()[0]
    assert user.loginid in said["switcher"]
    assert "explorer" in said["explorer"]
    assert "tokens" in said["tokens"]
