"""The tables. Append-only where money was spent: `completions` is the ledger of everything delivered.

    runs ──< run_questions >── questions        what was planned
    runs ──< answers >── completions            one row a turn of a conversation
    runs ──< verdicts >── completions           one row a turn, judge and repeat
    runs ──< comparisons >── completions        one row a turn, pair of models, judge, repeat and order
    completions >── askings                     to whom and with which parameters: few, and the same for many
    runs ─── leases                             which process works on it
    runs ──< requests                           what somebody wants done with it: pause, resume, retry
    runs ─── reports                            its report as of one revision, so that readers need not compute
    runs ──< batches ──< batch_items >── completions   what a vendor holds as a file, by work key
    runs ──< review_items                       the turns that people are asked to label, and why these
    runs ──< labels, adjudications              what people said, and what was decided between them; never overwritten

A conversation is (run, model, question, sample); `model`, `judge` and `question` are positions in the
run's plan. `runs.revision` grows with every transaction that changes what a report is made of.
A unit without a row has not ended yet. A batch is open until `collected_at` is set; a work key is
in one open batch at most. What a model said stands in the ledger alone: an answer has a text of its own only when
no completion holds it (imports).
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
    type_coerce,
)

from service.store.types import LongText, WorkKey

SCHEMA_VERSION = "0009"

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("identities", Text),
    Column("created_at", Text, nullable=False),
    Column("stopped_because", Text),
    Column("revision", Integer, nullable=False, server_default="0"),
)

questions = Table(
    "questions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("content", Text, nullable=False),
)

run_questions = Table(
    "run_questions",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("question_id", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("digest", Text, ForeignKey("questions.digest"), nullable=False),
    PrimaryKeyConstraint("run_id", "position"),
)

askings = Table(
    "askings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("requested_model", Text, nullable=False),
    Column("sent_params", Text, nullable=False),
    Column("dropped_params", Text, nullable=False),
    UniqueConstraint("endpoint", "role", "requested_model", "sent_params", "dropped_params"),
)

# The long texts stand last: SQLite reads the columns before them without touching their overflow pages.
completions = Table(
    "completions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("work_key", WorkKey, nullable=False),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("model", Integer, nullable=False),
    Column("asking_id", Integer, ForeignKey("askings.id"), nullable=False),
    Column("served_model", Text),
    Column("finish_reason", Text, nullable=False),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("reasoning_tokens", Integer),
    Column("cache_write_tokens", Integer),
    Column("cost_usd", Float),
    Column("fingerprint", Text),
    Column("request_id", Text),
    Column("service_tier", Text),
    Column("upstream", Text),
    Column("latency_s", Float, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("text", LongText, nullable=False),
    Column("reasoning", LongText),
    Column("refusal", LongText),
    Column("logprobs", LongText),
    Index("completions_by_work_key", "work_key"),
    Index("completions_by_run", "run_id", "model"),
)

answers = Table(
    "answers",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("model", Integer, nullable=False),
    Column("question", Integer, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("completion_id", Integer, ForeignKey("completions.id")),
    Column("error", Text),
    Column("language_passed", Boolean),
    Column("hangul_share", Float),
    Column("text", LongText),
    PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn"),
)

RUBRIC, LEAF, POLICY, PAIR_ID = (
    type_coerce(questions.c.content, JSON)[key].as_string() for key in ("rubric", "leaf", "policy", "pair_id")
)
"""Of a question's content, NULL where it names none; without a rubric it is graded by the run's own."""

FAILED = text("status <> 'ok'")

verdicts = Table(
    "verdicts",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("model", Integer, nullable=False),
    Column("question", Integer, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("judge", Integer, nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("score", Float),
    Column("judge_score", Float),
    Column("published_score", Float),
    Column("completion_id", Integer, ForeignKey("completions.id")),
    Column("error", Text),
    Column("evidence", Text),
    Column("criteria", Text),
    Column("rationale", LongText),
    PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn", "judge", "repeat"),
    # Failures are few, and asked for at every start.
    Index("verdicts_failed", "run_id", "model", "question", sqlite_where=FAILED, postgresql_where=FAILED),
)

# `swapped`: model b was shown first. `winner` is "a", "b" or "tie" after the language rule, `judge_winner` before it.
comparisons = Table(
    "comparisons",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("question", Integer, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("model_a", Integer, nullable=False),
    Column("model_b", Integer, nullable=False),
    Column("judge", Integer, nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("swapped", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("winner", Text),
    Column("judge_winner", Text),
    Column("completion_id", Integer, ForeignKey("completions.id")),
    Column("error", Text),
    Column("evidence", Text),
    Column("criteria", Text),
    Column("rationale", LongText),
    PrimaryKeyConstraint("run_id", "question", "sample", "turn", "model_a", "model_b", "judge", "repeat", "swapped"),
    Index("comparisons_failed", "run_id", sqlite_where=FAILED, postgresql_where=FAILED),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("label", Text, nullable=False, unique=True),
    Column("endpoint", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sent_params", Text, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("held_usd", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("batch_id", Text),
    Column("input_file_id", Text),
    Column("submitted_at", Text),
    Column("collected_at", Text),
    Column("error", Text),
    Index("batches_by_run", "run_id"),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch", Integer, ForeignKey("batches.id"), nullable=False),
    Column("work_key", WorkKey, nullable=False),
    Column("model", Integer, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("completion_id", Integer, ForeignKey("completions.id")),
    Column("error", Text),
    PrimaryKeyConstraint("batch", "work_key"),
    Index(
        "batch_items_open",
        "work_key",
        unique=True,
        sqlite_where=text("is_open"),
        postgresql_where=text("is_open"),
    ),
)

leases = Table(
    "leases",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("token", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("beats", Integer, nullable=False),
    Column("taken_at", Text, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("content", LongText, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("taken_at", Text),
    Column("outcome", Text),
    Index("requests_by_run", "run_id"),
)

# `code` names the turn to reviewers without telling the model. `reason` says why a targeted one was taken.
# `shared`: every reviewer gets it.
review_items = Table(
    "review_items",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("model", Integer, nullable=False),
    Column("question", Integer, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("rubric", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("stratum", Text, nullable=False),
    Column("reason", Text),
    Column("inclusion_prob", Float, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("drawn_at", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn"),
    UniqueConstraint("run_id", "code"),
)

# A reviewer's later label of the same turn supersedes the former in reading. `value` is JSON, NULL unless given.
labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("model", Integer, nullable=False),
    Column("question", Integer, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("rubric", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("stratum", Text, nullable=False),
    Column("inclusion_prob", Float),
    Column("status", Text, nullable=False),
    Column("value", Text),
    Column("blind", Boolean, nullable=False),
    Column("seconds", Float),
    Column("idempotency_key", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("note", LongText),
    UniqueConstraint("idempotency_key"),
    Index("labels_by_run", "run_id", "reviewer"),
)

adjudications = Table(
    "adjudications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("model", Integer, nullable=False),
    Column("question", Integer, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("rubric", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("note", LongText),
    UniqueConstraint("idempotency_key"),
    Index("adjudications_by_run", "run_id"),
)
