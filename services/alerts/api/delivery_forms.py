"""What is posted about deliveries, endpoints and subscriptions, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.alerts.adapters.channels import signing
from services.alerts.core.subscribing import Filter
from shared.core import limits
from shared.edge.http.approving import Answer, Body, Code, Line
from shared.edge.http.query import Instant

Url = Annotated[str, StringConstraints(min_length=8, max_length=2048)]
Topic = Literal["credit.ratings", "credit.limits", "credit.alerts"]
TypeName = Annotated[
    str, StringConstraints(pattern=r"^credit\.[a-z.-]+(\.v\d+|\.\*)$", max_length=limits.TYPE_CHARACTERS)
]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=limits.SUBJECT_CHARACTERS)]


def _secret(text: str) -> str:
    if not signing.is_secret(text):
        raise PydanticCustomError("pattern", "pattern")
    return text


class SubscriptionAsked(Body):
    """Which decisions a system wants, and where it takes them. What is left out is not filtered by."""

    title: Line
    url: Url = Field(description="an https address; one inside only where the administrator lists its network")
    topics: list[Topic] = Field(default_factory=list, max_length=3)
    types: list[TypeName] = Field(
        default_factory=list, max_length=50, description="e.g. credit.grade.changed.v1, credit.alert.*"
    )
    subjects: list[Subject] = Field(default_factory=list, max_length=200, description="customers or groups")
    labels: dict[Code, list[Code]] = Field(
        default_factory=dict, max_length=10, description="e.g. region: [east]; each label has one of its values"
    )
    content: Literal["thin", "full"] = Field(
        "thin", description="full: what was decided goes along, where it fits 20 kB"
    )
    since: Instant | None = Field(None, description="also what was written down since; default: from now on")
    secret: Annotated[str, StringConstraints(max_length=200), AfterValidator(_secret)] | None = Field(
        None, description="your own: whsec_… (HMAC) or whsk_… (ed25519); default: a new one, shown once"
    )

    def wanted(self) -> Filter:
        """As the core knows it."""
        return Filter(
            topics=tuple(self.topics),
            types=tuple(self.types),
            subjects=tuple(self.subjects),
            labels={name: tuple(values) for name, values in self.labels.items()},
        )


class Moved(Body):
    """Another address, with the same secrets."""

    url: Url


class Resent(Body):
    """What is posted once more: one, or everything since."""

    message_id: Annotated[str, StringConstraints(min_length=1, max_length=limits.ID_CHARACTERS)] | None = None
    since: Instant | None = None


class EndpointAsked(Body):
    """Where messages to persons go by a channel that is no mail: a robot, a webhook, what Apprise knows."""

    channel: Literal["webhook", "dingtalk", "wecom", "feishu", "apprise"]
    url: Url
    secret: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None,
        description="of the robot, where it has one; of a webhook: whsec_… or whsk_…, default a new one, shown once",
    )


class Switched(Body):
    """On or off."""

    state: Literal["active", "paused"]


class Wanted(Answer):
    """Which decisions are posted; empty: all."""

    topics: list[str]
    types: list[str]
    subjects: list[str]
    labels: dict[str, list[str]]


class Subscription(Answer):
    """One subscription, without its secret."""

    subscription_id: str
    title: str
    wanted: Wanted
    full_content: bool
    created_at: datetime
    by: str
    state: Literal["active", "paused", "disabled"]
    why: str = Field(description="why it was switched off: what the receiver answered")
    waiting: int = Field(description="decisions that wait to be posted")


class Secret(BaseModel):
    """Shown once."""

    model_config = ConfigDict(extra="forbid")

    secret: str | None = Field(None, description="what signs; null: it was shown before, or is your own")
    public_key: str | None = Field(None, description="whpk_…: what a receiver verifies ed25519 with")


class Subscribed(Secret):
    """A new subscription, with the secret that is never shown again."""

    subscription: Subscription


class Subscriptions(BaseModel):
    """A page."""

    subscriptions: list[Subscription]
    next: str | None


class Tried(Answer):
    """One attempt, with the provider's answer."""

    attempt: int
    at: datetime
    seconds: float
    outcome: Literal["delivered", "unconfirmed", "retry", "refused"]
    status: str
    detail: str = Field(description="what the provider said, at most 500 characters: text, never markup")


class Delivery(Answer):
    """One message, and where it stands."""

    message_id: str
    queue: Literal["people", "systems"]
    channel: str
    address: str
    person: str | None
    about: list[str] = Field(description="the alerts, or the subject that it tells of")
    form: str
    severity: str
    created_at: datetime
    state: Literal["waiting", "delivered", "unconfirmed", "undelivered"]
    why: str
    attempts: int
    next_at: datetime | None
    settled_at: datetime | None
    last: Tried | None


class Deliveries(BaseModel):
    """A page, the newest first."""

    deliveries: list[Delivery]
    next: str | None


class DeliveryShown(BaseModel):
    """One message with every attempt."""

    delivery: Delivery
    tried: list[Tried]


class Endpoint(BaseModel):
    """Where messages of a name go; the address and the secret are never shown."""

    name: str
    channel: str
    state: Literal["active", "paused", "disabled"]
    why: str
    created_at: datetime
    by: str


class Endpoints(BaseModel):
    """All of them."""

    endpoints: list[Endpoint]
