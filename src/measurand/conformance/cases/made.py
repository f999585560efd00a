"""Files as people have them, made here: tables as CSV, logs of Inspect and results of lm-eval."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["inspect_log", "lm_eval_results", "lm_eval_samples", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def inspect_log(
    values: Sequence[Mapping[str, object] | None],
    *,
    task: str = "quiz",
    model: str = "org/m",
    created: str = "2026-01-01T00:00:00+00:00",
    config: Mapping[str, object] | None = None,
) -> str:
    """A log of Inspect, as its version 0.3 writes them: the values of each sample by scorer, None where it errored."""
    scorers = list(dict.fromkeys(name for scored in values for name in scored or ()))
    samples: list[dict[str, Any]] = []
    for place, scored in enumerate(values, 1):
        sample: dict[str, Any] = {"id": place, "epoch": 1, "input": f"question {place}", "target": "x"}
        if scored is None:
            sample |= {"scores": {}, "error": {"message": "sandbox gone", "traceback": "", "traceback_ansi": ""}}
        else:
            sample["scores"] = {name: {"value": value, "history": []} for name, value in scored.items()}
        samples.append(sample)
    done = sum(scored is not None for scored in values)
    results = {
        "total_samples": len(values),
        "completed_samples": done,
        "scores": [_inspect_score(name, [scored[name] for scored in values if scored]) for name in scorers],
    }
    log = {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": f"{task}-{created}",
            "run_id": created,
            "created": created,
            "task": task,
            "task_id": f"{task}-{created}",
            "task_args": {},
            "dataset": {"samples": len(values), "sample_ids": list(range(1, len(values) + 1)), "shuffled": False},
            "model": model,
            "model_generate_config": dict(config or {}),
            "config": {"epochs": 1, "fail_on_error": False},
            "packages": {"inspect_ai": "0.3.285"},
            "scorers": [
                {"name": name, "options": {}, "metrics": [{"name": "inspect_ai/accuracy", "options": {}}]}
                for name in scorers
            ],
        },
        "results": results,
        "stats": {"started_at": created, "completed_at": created, "model_usage": {}},
        "samples": samples,
    }
    return json.dumps(log)


def _inspect_score(name: str, values: Sequence[object]) -> dict[str, Any]:
    worth = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
    numbers = [worth.get(each, 0.0) if isinstance(each, str) else float(str(each)) for each in values]
    mean = sum(numbers) / len(numbers) if numbers else 0.0
    return {
        "name": name,
        "scorer": name,
        "scored_samples": len(values),
        "unscored_samples": 0,
        "params": {},
        "metrics": {"accuracy": {"name": "accuracy", "value": mean, "params": {}}},
    }


def lm_eval_results(
    results: Mapping[str, Mapping[str, object]],
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    shots: int = 0,
    model: str = "m",
    items: int = 20,
    better: Mapping[str, bool] | None = None,
) -> str:
    """A results file of lm-eval 0.4: metrics by task, such as ``{"acc,none": .3}``, and the subtasks of groups."""
    tasks = [name for name in results if name not in (groups or {})]
    named = {
        name: sorted({key.split(",")[0].removesuffix("_stderr") for key in metrics if "," in key})
        for name, metrics in results.items()
    }
    directions = {
        name: {metric: (better or {}).get(metric, True) for metric in metrics} for name, metrics in named.items()
    }
    return json.dumps(
        {
            "results": {name: {"alias": name, "name": name, **metrics} for name, metrics in results.items()},
            "group_subtasks": {name: list(under) for name, under in (groups or {}).items()},
            "configs": {
                name: {
                    "task": name,
                    "num_fewshot": shots,
                    "output_type": "multiple_choice",
                    "repeats": 1,
                    "metric_list": [
                        {"metric": metric, "aggregation": "mean", "higher_is_better": up}
                        for metric, up in directions[name].items()
                    ],
                }
                for name in tasks
            },
            "versions": dict.fromkeys(results, 1),
            "n-shot": dict.fromkeys(results, shots),
            "higher_is_better": directions,
            "n-samples": {name: {"original": items, "effective": items} for name in tasks},
            "config": {"model": "hf", "model_args": f"pretrained={model}", "limit": None, "random_seed": 0},
            "date": 1767225600.0,
            "lm_eval_version": "0.4.13",
            "model_source": "hf",
            "model_name": model,
            "model_name_sanitized": model,
        }
    )


def lm_eval_samples(scored: Mapping[str, Sequence[float]], *, metric: str = "exact_match") -> str:
    """Samples of lm-eval: the scores of the same responses, by answer filter."""
    lines = [
        {
            "doc_id": place,
            "doc": {"question": f"question {place}"},
            "target": "yes",
            "resps": [["yes."]],
            "filtered_resps": ["yes" if score else "[invalid]"],
            "filter": name,
            "metrics": [metric],
            "doc_hash": f"doc{place}",
            "prompt_hash": f"prompt{place}",
            "target_hash": "target",
            metric: score,
        }
        for name, scores in scored.items()
        for place, score in enumerate(scores)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)
