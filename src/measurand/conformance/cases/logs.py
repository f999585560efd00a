"""What harnesses leave behind, read as something else."""

from __future__ import annotations

import json
from statistics import stdev

from measurand.conformance.asking import Case, either, every, near, refuses, says, shown, spans, unclaimed, values
from measurand.conformance.cases.made import inspect_log, lm_eval_results, lm_eval_samples, table

__all__ = ["KINDS"]

STAMP = "2026-01-01T00-00-00.000000"
UNSCORED = "error|missing|unscored|no score|not scored|dropped|skipped|blank|invalid|couldn't be read|completed"


def a_run_that_ended_well_with_8_errors() -> Case:
    log = inspect_log([None] * 8 + [{"right": 1.0}] * 9 + [{"right": 0.0}] * 3)
    return Case(
        title="Inspect: 8 of 20 samples errored in a run that ended in success",
        ask="logs",
        given={"files": {"run.json": log}},
        answer="75% of the 12 scored; 8 of 20 have no score, so 45% to 85% of all",
        why="9 of 12; (9 + 0) / 20 and (9 + 8) / 20. The log's own accuracy is .75 and says nothing of the 8.",
        right=every(values(0.75), says("that 8 have no score", r"\b8\b|12 of 20|40 ?%", UNSCORED)),
    )


def answers_without_a_score() -> Case:
    rows = [("m", f"q{place}", "" if place < 8 else int(place < 17)) for place in range(20)]
    return Case(
        title="A table of answers in which 8 of 20 scores are blank",
        ask="answers",
        given={"table": table(["model", "item", "score"], rows)},
        answer="75% of the 12 scored, and that 8 are not",
        why="A blank is no 0 and no reason to forget the question.",
        right=every(near(0.75), says("that 8 have no score", r"\b8\b|12 of 20|40 ?%", UNSCORED)),
    )


def grades_from_a_to_e() -> Case:
    log = inspect_log([{"grade": "ABCDE"[place % 5]} for place in range(20)])
    return Case(
        title="Inspect: a model graded answers A to E",
        ask="logs",
        given={"files": {"run.json": log}},
        answer="no score until it is said which grades are right",
        why="C is Inspect's word for correct. Read so, grades of A to E give whoever got all Cs an accuracy of 100%.",
        right=every(values(), says("that they are no numbers", "grade|letter|word|text|number|numeric|string|score")),
    )


def correct_and_incorrect() -> Case:
    log = inspect_log([{"match": "CCI"[place % 3]} for place in range(21)])
    return Case(
        title="Inspect: C and I, and no other word",
        ask="logs",
        given={"files": {"run.json": log}},
        answer="14 of 21, 67%",
        why="Where a scorer uses only Inspect's own words, they are numbers.",
        right=values(14 / 21),
    )


def refused_beside_correct() -> Case:
    log = inspect_log([{"match": ["C", "I", "refused"][place % 3]} for place in range(21)])
    return Case(
        title='Inspect: C, I and "refused"',
        ask="logs",
        given={"files": {"run.json": log}},
        answer="no score, or 33% or 50% with the 7 said",
        why='"refused" is no number: as a 0 it makes the score 33%, left out 50%, and neither without a word.',
        right=every(either(values(), values(1 / 3), values(0.5)), says("that 7 were refused", r"refused|\b7\b")),
    )


def scores_with_a_decimal_comma() -> Case:
    rows = [("m", f"q{place}", "1,0" if place % 2 else "0,5") for place in range(20)]
    return Case(
        title="A table whose scores are written 0,5 and 1,0",
        ask="answers",
        given={"table": table(["model", "item", "score"], rows)},
        answer=".75, or refused; never 0, and never the mean of what happened to parse",
        why="A cast turns text into blanks, and blanks into fewer rows.",
        right=either(near(0.75), refuses("0,5|1,0|number|numeric|score|parse")),
    )


def two_scorers_of_one_response() -> Case:
    log = inspect_log([{"strict": 0.0, "lenient": float(place % 4 > 0)} for place in range(20)])
    return Case(
        title="Inspect: two scorers of the same 20 responses, 0% and 75%",
        ask="logs",
        given={"files": {"run.json": log}},
        answer="one of the two, by name, of 20 items; not 37.5% of 40",
        why="Two readings of one response are no two responses.",
        right=every(
            either(values(0.0), values(0.75), values(0.0, 0.75)), says("by which scorer", "strict|lenient|scorer")
        ),
    )


def two_filters_of_one_response() -> Case:
    return Case(
        title="lm-eval: two answer filters of the same 20 responses, 0% and 75%",
        ask="answers_of_logs",
        given={"files": _filters()},
        answer="a score of 20 items, with the filter named; not of 40",
        why="lm-eval writes a line per filter: read as items or repeats, 20 responses become 40.",
        right=every(either(near(0.0), near(0.75)), says("by which filter", "strict-match|flexible-extract|filter")),
    )


def filters_are_no_prompts() -> Case:
    return Case(
        title="lm-eval: two answer filters: do prompts, formats, reruns or graders move the score?",
        ask="noise",
        given={"files": _filters(), "named": False},
        answer="nothing to say: there is one prompt, one run and one grader",
        why="The gap of 75 points is a fact about the parser.",
        right=unclaimed,
    )


def samples_beside_their_results_are_no_rerun() -> Case:
    return Case(
        title="lm-eval: results and samples of one run, named one by one as a shell lists logs/*: is it rerun?",
        ask="noise",
        given={"files": _filters(), "named": True},
        answer="nothing to say: the samples are those of the results, no second run",
        why="A results file and its samples are one run in two files.",
        right=unclaimed,
    )


def metrics_are_no_graders() -> Case:
    log = inspect_log([{"bleu": place / 40, "f1": place / 20} for place in range(20)])
    return Case(
        title="Inspect: BLEU and F1 of the same 20 responses: do the graders agree?",
        ask="noise",
        given={"files": {"run.json": log}, "named": False},
        answer="nothing to say: these are two metrics, no two graders",
        why="Two scales that differ by a factor of 2 agree perfectly and never give the same number.",
        right=unclaimed,
    )


def efforts_are_settings() -> Case:
    files = {
        f"{effort}.json": inspect_log(
            [{"right": float(place < right)} for place in range(20)],
            created=f"2026-01-0{day}T00:00:00+00:00",
            config={"reasoning_effort": effort},
        )
        for day, (effort, right) in enumerate((("low", 10), ("high", 16)), 1)
    }
    return Case(
        title="Inspect: one model at reasoning effort low (50%) and high (80%)",
        ask="logs",
        given={"files": files},
        answer="two scores, 50% and 80%; not one of 65% from 40 samples or 2 epochs",
        why="A setting that changes answers makes another run.",
        right=values(0.5, 0.8),
    )


def shots_are_settings() -> Case:
    files = {
        f"{shots}-shot/results_2026-01-0{shots + 1}T00-00-00.000000.json": lm_eval_results(
            {"arc_challenge": {"acc,none": score, "acc_stderr,none": 0.1}}, shots=shots
        )
        for shots, score in ((0, 0.3), (5, 0.6))
    }
    return Case(
        title="lm-eval: one model with 0 shots (30%) and 5 shots (60%)",
        ask="logs",
        given={"files": files},
        answer="two scores, 30% and 60%; not the later one, and not 45%",
        why="Shots belong to what was measured.",
        right=values(0.3, 0.6),
    )


def equal_settings_are_reruns() -> Case:
    files = {
        f"run{day}.json": inspect_log(
            [{"right": float(place < right)} for place in range(20)], created=f"2026-01-0{day}T00:00:00+00:00"
        )
        for day, right in ((1, 10), (2, 16))
    }
    error = stdev([1.0] * 10 + [0.5] * 6 + [0.0] * 4) / 20**0.5
    return Case(
        title="Inspect: the same settings twice, 50% and 80%",
        ask="answers_of_logs",
        given={"files": files},
        answer="65% of 20 items asked twice, as wide as 20 items are; not as 40",
        why=f"Item means 1 (10 items), .5 (6) and 0 (4): their standard deviation over sqrt(20) is {error:.3f}.",
        right=every(near(0.65), spans(0.9 * 2 * 1.96 * error, 1.25 * 2 * 1.96 * error)),
    )


def a_copy_is_no_rerun() -> Case:
    log = inspect_log([{"right": float(place < 10)} for place in range(20)])
    return Case(
        title="Inspect: the same log under two names",
        ask="answers_of_logs",
        given={"files": {"run.json": log, "run (copy).json": log}},
        answer="50% of 20 items, and that one file is a copy",
        why="A copy agrees with itself: as a rerun it proves that nothing ever flips, as items it halves the variance.",
        right=every(
            near(0.5), spans(0.38, 0.55), says("that one is a copy", "same run|copy|copies|duplicate|twice|identical")
        ),
    )


def copied_rows_are_no_reruns() -> Case:
    rows = [("m", f"q{place}", place % 2) for place in range(50) for _ in range(10)]
    return Case(
        title="A table in which each of 50 rows stands 10 times",
        ask="answers",
        given={"table": table(["model", "item", "score"], rows)},
        answer="50% of 50 items, and that 450 rows are copies",
        why="Without an epoch or a time that differs, a row that comes again is an export run twice.",
        right=every(
            near(0.5), spans(0.24, 0.32), says("that rows are copies", "copies|copy|duplicate|450|identical|repeat")
        ),
    )


def a_group_that_pools_nothing() -> Case:
    results = {
        "mc": {"acc,none": 0.3, "acc_stderr,none": 0.1},
        "gen": {"exact_match,none": 0.75, "exact_match_stderr,none": 0.1},
        "suite": {},
    }
    return Case(
        title="lm-eval: a group without a score of its own",
        ask="logs",
        given={"files": {f"results_{STAMP}.json": lm_eval_results(results, groups={"suite": ["mc", "gen"]})}},
        answer="30% and 75%: both subtasks, since the group has no score that holds theirs",
        why="40 of the 862 groups that come with lm-eval have no aggregate; left out as parts of one, their subtasks "
        "vanish.",
        right=values(0.3, 0.75),
    )


def a_group_that_pools_another_metric() -> Case:
    results = {
        "mc_a": {"acc,none": 0.3, "acc_stderr,none": 0.1},
        "mc_b": {"acc,none": 0.5, "acc_stderr,none": 0.1},
        "gen": {"exact_match,none": 0.75, "exact_match_stderr,none": 0.1},
        "suite": {"acc,none": 0.4, "acc_stderr,none": 0.07},
    }
    files = {f"results_{STAMP}.json": lm_eval_results(results, groups={"suite": ["mc_a", "mc_b", "gen"]})}
    return Case(
        title="lm-eval: a group that pools the accuracy of two subtasks, beside one with exact matches",
        ask="logs",
        given={"files": files},
        answer="40% (the group) or 30% and 50% (its parts), never all three; and the 75% that it does not hold",
        why="A score counted with its parts counts twice; a part that was not pooled is no part.",
        right=either(values(0.4, 0.75), values(0.3, 0.5, 0.75)),
    )


def acc_and_acc_norm() -> Case:
    results = {"arc": {"acc,none": 0.3, "acc_stderr,none": 0.1, "acc_norm,none": 0.4, "acc_norm_stderr,none": 0.1}}
    return Case(
        title="lm-eval: acc and acc_norm of one task",
        ask="logs",
        given={"files": {f"results_{STAMP}.json": lm_eval_results(results)}},
        answer="one score of one benchmark: 30% or 40%, not two benchmarks that agree",
        why="Two ways to read the same log-likelihoods correlate at about 1, whatever is measured.",
        right=either(values(0.3), values(0.4)),
    )


def perplexity_in_a_harness() -> Case:
    results = {"wikitext": {"word_perplexity,none": 12.3, "word_perplexity_stderr,none": "N/A"}}
    log = lm_eval_results(results, better={"word_perplexity": False})
    return Case(
        title="lm-eval: a perplexity, of which the file says that lower is better",
        ask="logs",
        given={"files": {f"results_{STAMP}.json": log}},
        answer="12.3, and that lower is better",
        why="A direction that is known and not used ranks the worst model first.",
        right=says("that lower is better", "lower is better|lower.*better|worse"),
    )


def a_row_of_averages() -> Case:
    metrics = {"pass@1": 0.4, "pass@1_stderr": 0.09}
    config = {"model_config": {"model_name": "org/toy"}, "model_name": "org/toy", "lighteval_sha": "?", "job_id": 0}
    results = {
        "config_general": config,
        "results": {"lighteval:aime24:0": metrics, "all": metrics},
        "versions": {"lighteval:aime24:0": 2},
        "config_tasks": {},
        "summary_tasks": {},
        "summary_general": {},
    }
    return Case(
        title='lighteval: a results file with its row "all"',
        ask="logs",
        given={"files": {f"results_{STAMP}.json": json.dumps(results)}},
        answer='one benchmark, 40%; never one called "all"',
        why='"all" is the mean of the rows above it.',
        right=values(0.4),
    )


def a_log_without_samples() -> Case:
    return Case(
        title="Inspect: a log that ended in success and holds no sample",
        ask="logs",
        given={"files": {"run.json": inspect_log([])}},
        answer="no score",
        why="0 of 0; Inspect itself writes an accuracy of 0 there.",
        right=values(),
    )


def one_sample_and_a_good_grade() -> Case:
    return Case(
        title="Inspect: a log of one sample, answered right: can the score be trusted?",
        ask="vouches",
        given={"files": {"run.json": inspect_log([{"right": 1.0}])}},
        answer="no: it may lie anywhere from 3% to 100%",
        why="A check that was not made is no check passed: auditors that start at 100 points and take some off "
        "for what they find give this log 95 or more.",
        right=shown(False),
    )


def _filters() -> dict[str, str]:
    lenient = [float(place % 4 > 0) for place in range(20)]
    results = {
        "gen": {
            "exact_match,strict-match": 0.0,
            "exact_match_stderr,strict-match": 0.0,
            "exact_match,flexible-extract": 0.75,
            "exact_match_stderr,flexible-extract": 0.099,
        }
    }
    samples = lm_eval_samples({"strict-match": [0.0] * 20, "flexible-extract": lenient})
    return {f"results_{STAMP}.json": lm_eval_results(results), f"samples_gen_{STAMP}.jsonl": samples}


KINDS = {
    "errored samples dropped": (a_run_that_ended_well_with_8_errors, answers_without_a_score),
    "letters as numbers": (
        grades_from_a_to_e,
        correct_and_incorrect,
        refused_beside_correct,
        scores_with_a_decimal_comma,
    ),
    "readings as prompts": (
        two_scorers_of_one_response,
        two_filters_of_one_response,
        filters_are_no_prompts,
        metrics_are_no_graders,
        acc_and_acc_norm,
    ),
    "settings merged": (efforts_are_settings, shots_are_settings, equal_settings_are_reruns),
    "copies as reruns": (a_copy_is_no_rerun, copied_rows_are_no_reruns, samples_beside_their_results_are_no_rerun),
    "groups that swallow scores": (a_group_that_pools_nothing, a_group_that_pools_another_metric, a_row_of_averages),
    "silent direction": (perplexity_in_a_harness,),
    "0 of 0": (a_log_without_samples,),
    "one sample, a good grade": (one_sample_and_a_good_grade,),
}
"""The cases by kind."""
