"""List what a session has sent that moves money and that Deriv knows by a request ID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.columns import with_columns
from dpyauth.session.payloads import Questions

if TYPE_CHECKING:
    import pandas as pd


class Transfers(Questions):
    """Methods about calls that move money."""

    @public
    @with_columns
    def transfers(self) -> pd.DataFrame:
        """List the transfers that this session has sent, and what became of them, without asking Deriv.

        It lists the calls that move money and that Deriv knows by a ``request_id``: ``wallet_transfer``,
        ``wallet_transfer_exchange``, ``wallet_transfer_platforms``, ``payment_agent_transfer`` and
        ``payment_agent_withdraw``. dpyauth makes the ``request_id`` where you leave it out, and writes it down before
        anything is sent; so it is here also when you interrupt the cell.

        Returns
        -------
        pandas.DataFrame
            The latest 1000, the oldest first:

            See ``dpyauth.columns.session_columns.TRANSFERS``.

            The outcome is ``done``; ``looked_up`` (the answer was lost, and Deriv's records have it); ``refused`` (by
            Deriv or its limits, or Deriv says that it did not go through); ``sent_before`` (Deriv had had this request
            ID, and did nothing this time); ``not_carried_out`` (the answer was lost, and Deriv does not know of it);
            ``not_sent``; ``unknown``; ``under_way``.

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
