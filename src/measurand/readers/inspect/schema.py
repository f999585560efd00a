"""What is decoded of Inspect's logs, in its own names; everything else in them is skipped unread.

Every field may be absent: logs of all versions of the format are read by one shape.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

__all__ = [
    "NULL",
    "Completion",
    "Config",
    "Dataset",
    "Document",
    "Error",
    "EvalScore",
    "Head",
    "HeadSpec",
    "Header",
    "Logprobs",
    "Metric",
    "Output",
    "Present",
    "Results",
    "Role",
    "Sample",
    "Score",
    "Spec",
    "Token",
    "Usage",
    "decode_document",
    "decode_head",
    "decode_header",
    "decode_members",
    "decode_sample",
    "decode_samples",
]

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Epoch = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

NULL = msgspec.Raw(b"null")
"""What is left as text until it is asked for (most of it never is, and it can be large), where it is absent."""


class Score(msgspec.Struct, gc=False):
    """One scorer's verdict on a sample; the history is that of edits to it."""

    value: Any = None
    answer: Any = None
    explanation: msgspec.Raw = NULL
    history: msgspec.Raw = NULL


class Usage(msgspec.Struct, gc=False):
    """Tokens used with one model."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    input_tokens_cache_read: Count | None = None
    input_tokens_cache_write: Count | None = None


class Token(msgspec.Struct, gc=False):
    """A generated token, or one of the likeliest in its place."""

    token: str
    logprob: float
    top_logprobs: list[Token] | None = None


class Logprobs(msgspec.Struct, gc=False):
    """Log-probabilities of a completion, token by token."""

    content: list[Token] | None = None


class Completion(msgspec.Struct, gc=False):
    """One answer of the model."""

    logprobs: Logprobs | None = None


class Output(msgspec.Struct, gc=False):
    """What the model gave."""

    choices: list[Completion] | None = None
    usage: Usage | None = None


class Present(msgspec.Struct, gc=False):
    """An object of which only the presence matters."""


class Sample(msgspec.Struct, gc=False):
    """A sample, or the summary of one."""

    id: str | int | float
    epoch: Epoch = 1
    target: str | list[Any] | None = None
    choices: msgspec.Raw = NULL
    metadata: msgspec.Raw = NULL
    scores: dict[str, Score] | None = None
    score: Score | None = None
    model_usage: dict[str, Usage] | None = None
    output: Output | None = None
    error: Present | str | None = None
    invalidation: Present | None = None


class Metric(msgspec.Struct):
    """One aggregate."""

    name: str = ""
    value: Any = None
    group: str | None = None
    params: dict[str, Any] | None = None
    options: dict[str, Any] | None = None


class EvalScore(msgspec.Struct):
    """The aggregates of one score, epochs reduced in one way."""

    name: str
    scorer: str | None = None
    reducer: str | None = None
    scored_samples: Count | None = None
    params: dict[str, Any] | None = None
    metrics: dict[str, Metric] = {}


class Results(msgspec.Struct):
    """What the log computed."""

    total_samples: Count | None = None
    completed_samples: Count | None = None
    scores: list[EvalScore] = []
    scorer: EvalScore | None = None
    metrics: dict[str, Metric] = {}

    def views(self) -> list[EvalScore]:
        """Scores with their metrics, also of the oldest logs, which had one scorer and its metrics beside it."""
        if self.scorer is None:
            return self.scores
        return [*self.scores, msgspec.structs.replace(self.scorer, metrics=self.metrics or self.scorer.metrics)]


class Config(msgspec.Struct):
    """How the task was run."""

    limit: Any = None
    epochs: Epoch | None = None
    epochs_reducer: list[str] | None = None


class Dataset(msgspec.Struct):
    """The items of the task."""

    name: str | None = None
    samples: Count | None = None
    sample_ids: list[str | int | float] | None = None


class Role(msgspec.Struct):
    """A model that is not the one evaluated, such as a grader."""

    model: str | None = None


class Spec(msgspec.Struct):
    """Which task was run with which model, and how."""

    task: str | None = None
    model: str | None = None
    task_version: str | int | float | None = None
    created: str | None = None
    eval_id: str | None = None
    run_id: str | None = None
    dataset: Dataset = msgspec.field(default_factory=Dataset)
    config: Config | None = None
    packages: dict[str, Any] = {}
    model_roles: dict[str, Role | list[Role] | str | None] | None = None
    task_args: msgspec.Raw = NULL
    solver: str | None = None
    solver_args: msgspec.Raw = NULL
    model_args: msgspec.Raw = NULL
    model_generate_config: msgspec.Raw = NULL


class Error(msgspec.Struct):
    """What ended a run."""

    message: str = ""


class Header(msgspec.Struct):
    """A log without its samples."""

    version: int | None = None
    status: str | None = None
    eval: Spec = msgspec.field(default_factory=Spec)
    results: Results | None = None
    error: Error | None = None
    invalidated: bool = False


class Document(Header):
    """A log with its samples."""

    samples: list[Sample] | None = None


class HeadSpec(msgspec.Struct):
    """What tells a log's specification from other JSON."""

    task: str
    model: str | None = None
    dataset: Present | None = None


class Head(msgspec.Struct):
    """What tells a log from other JSON."""

    eval: HeadSpec
    version: int | None = None
    status: str | None = None


decode_header = msgspec.json.Decoder(Header).decode
decode_document = msgspec.json.Decoder(Document).decode
decode_head = msgspec.json.Decoder(Head).decode
decode_sample = msgspec.json.Decoder(Sample).decode
decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
decode_samples = msgspec.json.Decoder(list[Sample]).decode
