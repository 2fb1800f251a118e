"""List the transfers that a session has sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.columns import with_columns
from dpyauth.session.payloads import Questions

if TYPE_CHECKING:
    import pandas as pd


class Transfers(Questions):
    """Methods about transfers."""

    @public
    @with_columns
    def transfers(self) -> pd.DataFrame:
        """List the transfers that this session has sent, with their outcomes, without asking Deriv.

        These are the calls that move money and that Deriv knows by a ``request_id``: ``wallet_transfer``,
        ``wallet_transfer_exchange``, ``wallet_transfer_platforms``, ``payment_agent_transfer`` and
        ``payment_agent_withdraw``. If you leave out the ``request_id``, dpyauth makes one. It is recorded before
        anything is sent, so it is listed here even if you interrupt the cell.

        Returns
        -------
        pandas.DataFrame
            The latest 1000 transfers, oldest first:

            See ``dpyauth.columns.session_columns.TRANSFERS``.

            The outcome is ``done``; ``looked_up`` (the answer was lost, but the transfer is in Deriv's records);
            ``refused`` (by Deriv or its limits, or Deriv says that it did not go through); ``sent_before`` (Deriv
            already had this request ID and did nothing this time); ``not_carried_out`` (the answer was lost, and Deriv
            does not know the transfer); ``not_sent``; ``unknown``; ``under_way`` (no answer yet).

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).transfers().columns.tolist()
        ['time', 'call', 'outcome', 'request_id']
        """
        from dpyauth import frames

        return frames.transfers(
            (sent.time, sent.call, sent.request_id, sent.outcome) for sent in list(self.core.transfers)
        )
