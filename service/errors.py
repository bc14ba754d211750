"""What a user did or has that cannot work: one clear line, exit status 2, nothing half-written."""


class UsageError(Exception):
    """Wrong use or configuration; the message is one line that says what to do."""


class StoreError(UsageError):
    """The database cannot be opened, read or written."""


class PlanConflictError(UsageError):
    """A run name already stands for a different plan."""
