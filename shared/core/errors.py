"""Everything that can go wrong, as one tree. The docstring is the message unless a better one is given.

    GradelineError
    ├── Rejected                 the caller should not have asked: an answer in the 400s
    │   ├── Malformed            422: the payload breaks a rule; names the JSON pointer
    │   ├── Declined             409: a rule of the domain says no; names its code
    │   ├── Conflict             409: the same identity was used for other content
    │   ├── NotFound             404
    │   ├── Unauthenticated      401
    │   ├── Forbidden            403
    │   └── TooLarge             413
    ├── Undecodable              these bytes will never be an event: dead letter, counted, bounded
    ├── Misconfigured            a setting, a policy file or a mapping is wrong: exit status 2, one sentence
    ├── Unavailable              try again later: 503, no commit, back off
    │   └── Fenced               another member owns the partition now: drop its state, do not retry
    ├── TookTooLong              504: the work was ended because it took longer than it may
    └── Stopped                  too much went wrong at once (parked customers, dead letters): stop and page

A refusal of the domain ("too few facts to grade") is a value, never an exception: see shared.core.refusal.
"""

from __future__ import annotations


class GradelineError(Exception):
    """Something went wrong in Gradeline."""

    def __init__(self, message: str | None = None) -> None:
        """Say *message*, or the docstring of the class where none is given."""
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self.args[0])


class Rejected(GradelineError):
    """The request cannot be carried out as it stands."""


class Malformed(Rejected):
    """A field breaks a rule. Names the JSON pointer of the field, the rule, and the remedy."""

    def __init__(self, message: str, *, pointer: str = "", rule: str = "malformed") -> None:
        """*pointer* is an RFC 6901 pointer into the payload; *rule* a short code that does not change."""
        super().__init__(message)
        self.pointer = pointer
        self.rule = rule


class Conflict(Rejected):
    """The same identity was used before with other content."""

    def __init__(self, message: str | None = None, *, index: int | None = None) -> None:
        """*index* is the position in the posted batch, where there was one."""
        super().__init__(message)
        self.index = index


class Declined(Rejected):
    """A rule of the domain does not allow this now."""

    def __init__(self, code: str, en: str = "", zh: str = "") -> None:
        """*code* has its sentences in `shared/edge/codes.yaml` and never changes; *en* and *zh* name what exactly."""
        super().__init__(code)
        self.code, self.en, self.zh = code, en, zh


class NotFound(Rejected):
    """There is no such thing."""


class Unauthenticated(Rejected):
    """A valid bearer token is needed."""


class Forbidden(Rejected):
    """The token does not carry the scope this route needs."""


class TooLarge(Rejected):
    """The payload is larger than allowed."""


class Undecodable(GradelineError):
    """These bytes are not an event. Carries the JSON pointer and the rule that was broken."""

    def __init__(self, message: str, *, pointer: str = "", rule: str = "malformed") -> None:
        """*pointer* is an RFC 6901 pointer into the event; *rule* a short code that does not change."""
        super().__init__(message)
        self.pointer = pointer
        self.rule = rule


class Misconfigured(GradelineError):
    """A setting or a file is wrong; the message names it and says what to write instead."""


class Unavailable(GradelineError):
    """A part that is needed does not answer; try again later."""


class Fenced(Unavailable):
    """Another member has taken the partition; what was prepared for it is dropped."""


class TookTooLong(GradelineError):
    """It took longer than it may, and was ended."""


class Stopped(GradelineError):
    """Too much went wrong at once; the consumer stops and a human is needed."""
