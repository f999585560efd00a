"""Evidence on a rate that stays valid however often one looks: betting against it, trial by trial."""

from __future__ import annotations

import math

__all__ = ["anytime_upper", "betting_e_value", "trials_for_bet"]

BET = 0.1
"""The bet: that the true rate is this share of the one tested. It survives some events, unlike a bet on none."""


def betting_e_value(count: float, trials: float, rate: float, bet: float = BET) -> float:
    """Wealth of a gambler who started with 1 and bet that the true rate is `bet` times `rate`.

    If the rate is `rate` or more, it exceeds ``1 / alpha`` at any time with probability at most alpha (Ville), so that
    trials may be stopped at will.

    Parameters
    ----------
    count, trials : events so far, and trials.
    rate : the rate tested, in (0, 1).
    bet : share of it that is bet on, in [0, 1); 0 bets on no event at all and loses all at the first.

    References
    ----------
    Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting, JRSS B 86(1).

    Examples
    --------
    >>> betting_e_value(0, 33285, 1e-4) >= 20, betting_e_value(0, 33284, 1e-4) >= 20
    (True, False)
    """
    return math.exp(min(_log_wealth(count, trials, rate, bet), 700.0))


def _log_wealth(count: float, trials: float, rate: float, bet: float) -> float:
    if count and not bet:
        return -math.inf
    lost = count * math.log(bet) if count else 0.0
    return lost + (trials - count) * (math.log1p(-bet * rate) - math.log1p(-rate))


def trials_for_bet(rate: float, alpha: float, bet: float = BET) -> int:
    """Trials without any event at which `betting_e_value` reaches 1 / alpha.

    Examples
    --------
    >>> trials_for_bet(1e-4, 0.05), trials_for_bet(1e-4, 0.05, bet=0.0)
    (33285, 29956)
    """
    return math.ceil(-math.log(alpha) / (math.log1p(-bet * rate) - math.log1p(-rate)))


def anytime_upper(count: float, trials: float, alpha: float, bet: float = BET) -> float:
    """Upper bound of a rate that holds with confidence 1 - alpha whenever the trials were stopped; 1 if there is none.

    Examples
    --------
    >>> round(anytime_upper(0, 300, 0.05), 5)
    0.01103
    """

    def excess(rate: float) -> float:
        return _log_wealth(count, trials, rate, bet) + math.log(alpha)

    top = 1 - 1e-12
    if trials <= count or excess(top) < 0:
        return 1.0
    from scipy.optimize import brentq  # a fifth of a second, only where a root is sought

    return float(brentq(excess, 1e-300, top, xtol=1e-15))
