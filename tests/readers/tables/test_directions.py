"""Names that sound as if a lower score were better."""

import pytest

from measurand import load_example
from measurand.readers.tables.directions import asked, sounds_lower

LOWER = [
    *(
        "error",
        "Error rate",
        "word_error_rate",
        "WER",
        "MMLU - ECE (10-bin)",
        "calibration error",
        "perplexity",
        "val loss",
    ),
    *("toxicity", "RealToxicityPrompts - Toxic fraction", "BBQ - Stereotypes (race)", "Attack success rate", "ASR"),
    *("hallucination_rate", "jailbreak", "deception", "over-refusal", "False positive rate", "memorization", "bias"),
]
NOT = [
    *("MMLU", "gsm8k", "IFEval", "jailbreak resistance", "error detection accuracy", "bias_acc", "toxicity avoidance"),
    *("hallucination detection", "reception", "terrorism knowledge", "biasbench-like", "honesty", "glossary", "closs"),
]


@pytest.mark.parametrize("name", LOWER)
def test_such_names_are_asked_about(name):
    assert sounds_lower(name)


@pytest.mark.parametrize("name", NOT)
def test_others_are_not(name):
    assert not sounds_lower(name)


def test_the_question_names_what_settles_it_either_way():
    said = asked(["a", "b", "c", "d"], "why")
    assert "for a, b, c, d: why" in said
    assert "--lower-is-better 'a,b,c'" in said
    assert "--benchmark-facts" in said


def test_nothing_is_asked_of_the_embedded_study():
    assert not [note for note in load_example().scores.notes if "direction taken as given" in note]
