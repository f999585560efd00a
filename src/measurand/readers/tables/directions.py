"""Whether a name sounds as if a lower score were better."""

from __future__ import annotations

import re
from collections.abc import Sequence

from measurand.readers.tables.columns import fold

__all__ = ["asked", "sounds_lower"]

_LOWER = re.compile(
    r"(?:^|_)(?:errors?|err|wer|cer|mae|mse|rmse|ece|rmsce|perplexity|ppl|loss|brier|bias|biased|asr|attacks?"
    r"|toxic\w*|stereotyp\w*|hallucinat\w*|confabulat\w*|unsafe|harm|harms|harmful\w*|violations?|decepti\w*|dishonest\w*"
    r"|sycophan\w*|cheat\w*|leak\w*|failures?|misalign\w*|jailbr\w*|disinformation|misinformation|discriminat\w*"
    r"|over_?refusals?|false_(?:refusals?|positives?|negatives?|alarms?)|vulnerab\w*|memori[sz]\w*|regurgitat\w*"
    r"|power_seeking|reward_hack\w*|incorrect|wrong|miscalibrat\w*)(?=_|$)"
)
_TURNED = re.compile(
    r"(?:^|_)(?:acc|accuracy|f1|em|auc|auroc|resist\w*|robust\w*|avoid\w*|safety|safe|detect\w*|non|not|no|anti|free"
    r"|mitigat\w*|defen[cs]e|reject\w*|aware\w*|prevent\w*|correct\w*|recogni\w*|identif\w*)(?=_|$)"
)


def sounds_lower(name: str) -> bool:
    """Whether a lower score is probably better, going by the name alone.

    A name that also says that it was turned or that something was found (``error detection accuracy``) does not count.

    Examples
    --------
    >>> [sounds_lower(name) for name in ("MMLU - ECE (10-bin)", "toxicity_rate", "Attack success (GCG)", "WER")]
    [True, True, True, True]
    >>> [sounds_lower(name) for name in ("MMLU", "jailbreak resistance", "error detection accuracy", "reception")]
    [False, False, False, False]
    """
    folded = fold(name)
    return _LOWER.search(folded) is not None and _TURNED.search(folded) is None


def asked(names: Sequence[str], why: str) -> str:
    """The question which way round scores are, with what answers it.

    Examples
    --------
    >>> print(asked(["wer"], "its name says so"))  # doctest: +ELLIPSIS
    direction taken as given (higher is better or safer) for wer: its name says so. If it was not turned, ...
    """
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    first = list(names[:3])
    return (
        f"direction taken as given (higher is better or safer) for {shown}: {why}. If it was not turned, turn it with "
        f"lower_is_better={first} (--lower-is-better '{','.join(first)}'; patterns such as '*error*' will do); if it "
        "was, a table of benchmarks with higher_is = better (--benchmark-facts) says so"
    )
