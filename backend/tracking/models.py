"""Organizations and projects, the tasks and the work that trackers bring, and which work was for which task.

Organization ─┬─ OrganizationProfile (its members)
              ├─ UserMapping (names in an external system → our users)
              └─ Project ── Tracker ─┬─ ExternalUser ── (our user)
                                     ├─ Task ─┬─ TaskAssignee
                                     │        └─ FormerName (codes and addresses that led to it)
                                     ├─ WorkMatch (the rules that lead to this tracker's tasks)
                                     └─ WorkEntry ── EntryMatch (the task it is for, and by which rule)
"""

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.db import models
from django.db.models import Q
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from backend.tracking import tokens
from backend.tracking.kernel.kinds import ApiKind, Fallback, MatchOn, NameKind
from backend.tracking.kernel.records import Person
from backend.tracking.validators import validate_code, validate_time_zone, validate_usernames


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): later ones sort after earlier ones."""
    return uuid7()


class IdentifiedModel(models.Model):
    """Has a UUIDv7 for its primary key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class Organization(IdentifiedModel):
    """Whoever has projects and members."""

    code = models.TextField(unique=True, validators=[validate_code])
    name = models.TextField()
    time_zone = models.TextField(
        default="UTC", validators=[validate_time_zone], help_text="Of naive times, as IANA calls it: Europe/Vienna."
    )
    default_username = models.TextField(
        blank=True, help_text="The user for whom unknown external users work, where a mapping falls back to it."
    )

    def __str__(self) -> str:
        return self.code


class OrganizationProfile(IdentifiedModel):
    """A user is a member of an organization."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="profiles")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="organization_profiles")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "user"], name="tracking_profile_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"


class UserMapping(IdentifiedModel):
    """How the users of one external system are called here. Trackers name it."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="user_mappings")
    name = models.TextField()
    fallback = models.TextField(
        choices=[(Fallback.NONE.value, "Nobody"), (Fallback.DEFAULT.value, "The organization's default user")],
        default=Fallback.NONE.value,
    )
    usernames = models.JSONField(
        default=dict, blank=True, validators=[validate_usernames], help_text="Our username by the external one."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "name"], name="tracking_usermapping_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Project(IdentifiedModel):
    """What tasks and work belong to."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="projects")
    code = models.TextField(validators=[validate_code])
    name = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "code"], name="tracking_project_once"),
        ]

    def __str__(self) -> str:
        return self.code


class Tracker(IdentifiedModel):
    """Where a project's tasks or work entries come from: an external system, or the configuration alone."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="trackers")
    name = models.TextField()
    place = models.PositiveIntegerField(default=0, help_text="Its place among the trackers of the project.")
    api_kind = models.TextField(
        choices=[(kind.value, kind.value) for kind in ApiKind],
        blank=True,
        help_text="Empty: its tasks are declared by hand alone.",
    )
    api_location = models.TextField(blank=True)
    encrypted_username = models.TextField(blank=True, editable=False)
    encrypted_token = models.TextField(blank=True, editable=False)
    custom_assignee_fields = ArrayField(models.TextField(), default=list, blank=True)
    task_fields = ArrayField(
        models.TextField(),
        default=list,
        blank=True,
        help_text="Kimai's custom fields that name a task; empty: the usual.",
    )
    merge_requests = models.BooleanField(default=False, help_text="GitLab's merge requests are tasks, too.")
    user_mapping = models.TextField(blank=True, help_text="The name of a user mapping of the organization.")
    position = models.TextField(
        blank=True, editable=False, help_text="From where the next download goes on; empty: from the start."
    )
    project_external_id = models.TextField(
        blank=True, editable=False, help_text="The project's id in the tracker, which stays when it is renamed."
    )
    pages = ArrayField(
        models.TextField(),
        default=list,
        blank=True,
        editable=False,
        help_text="Addresses of the project: those of its former names, and last that of now.",
    )
    downloaded_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the last download that came to its end began."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "name"], name="tracking_tracker_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_stale_secret(self) -> bool:
        """Whether the token or its username is not encrypted with the first of FERNET_KEYS, but with an older one."""
        return tokens.is_stale(self.encrypted_token) or tokens.is_stale(self.encrypted_username)

    @property
    def api_token(self) -> SecretStr:
        """The token, decrypted; empty when there is none. Raises UnreadableTokenError."""
        return tokens.decrypted(self.encrypted_token, what=f"the token of tracker {self.name!r}")

    @api_token.setter
    def api_token(self, token: SecretStr) -> None:
        self.encrypted_token = tokens.encrypted(token)

    @property
    def api_username(self) -> SecretStr:
        """Whose the token is, decrypted; empty when nobody is named. Raises UnreadableTokenError."""
        return tokens.decrypted(self.encrypted_username, what=f"the api_username of tracker {self.name!r}")

    @api_username.setter
    def api_username(self, username: SecretStr) -> None:
        self.encrypted_username = tokens.encrypted(username)


class ExternalUser(IdentifiedModel):
    """A person as a tracker knows them, and who that is here."""

    tracker = models.ForeignKey(Tracker, models.CASCADE, related_name="external_users")
    external_id = models.TextField(
        blank=True, help_text="Their id in the tracker, which stays when they are renamed; empty: none is known."
    )
    username = models.TextField(help_text="A login, an e-mail address or a name: what the tracker shows them as.")
    name = models.TextField(blank=True)
    former_names = ArrayField(
        models.TextField(), default=list, blank=True, editable=False, help_text="Usernames and names from before."
    )
    email = models.TextField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="external_users"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tracker", "external_id"], condition=~Q(external_id=""), name="tracking_externaluser_once"
            ),
            models.UniqueConstraint(
                fields=["tracker", "username"], condition=Q(external_id=""), name="tracking_externaluser_named_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tracker", "username"], name="tracking_externaluser_name")]

    def __str__(self) -> str:
        return self.username

    @property
    def person(self) -> Person:
        """The same as a connector brings it."""
        return Person(self.username, self.name, self.email, self.external_id, tuple(self.former_names))


class Folded(models.Func):
    """A code without regard to case, as `names.folded` has it: no locale changes what that is."""

    template = 'lower(%(expressions)s COLLATE "C")'
    output_field = models.TextField()


class UrlKeyField(models.TextField):  # type: ignore[type-arg]  # subscriptable for mypy alone
    """The address of its row as it is compared. Filled by itself, but where rows are written by SQL."""

    def pre_save(self, row: models.Model, add: bool) -> str:  # noqa: ARG002, FBT001 - Django's own
        """Return the key of the address that the row has by now."""
        from backend.tracking.kernel.names import url_key  # noqa: PLC0415 - many patterns, for whoever saves a task alone

        key = url_key(row.url)  # type: ignore[attr-defined]
        setattr(row, self.attname, key)
        return key


class Task(IdentifiedModel):
    """Something to do, from a tracker or declared in the configuration."""

    tracker = models.ForeignKey(Tracker, models.CASCADE, related_name="tasks", db_index=False)
    external_id = models.TextField(blank=True, help_text="Its id in the tracker; empty: declared by hand.")
    code = models.TextField(help_text="What people call it: #123, ABC-12.")
    title = models.TextField()
    description = models.TextField(blank=True)
    url = models.TextField(blank=True)
    url_key = UrlKeyField(default="", db_default="", editable=False)
    state = models.TextField(blank=True, help_text="As the tracker calls it.")
    created_at = models.DateTimeField(null=True, blank=True, help_text="In the tracker.")
    updated_at = models.DateTimeField(null=True, blank=True, help_text="In the tracker.")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="In the tracker; empty: it is open.")
    due_on = models.DateField(null=True, blank=True)
    estimate = models.DecimalField("estimate in hours", max_digits=10, decimal_places=2, null=True, blank=True)
    moved_to = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Where it goes on, closed here: an id or a code, or unknown. Empty: it did not move.",
    )
    author = models.ForeignKey(ExternalUser, models.SET_NULL, null=True, blank=True, related_name="authored_tasks")
    assignees: "models.ManyToManyField[ExternalUser, TaskAssignee]" = models.ManyToManyField(
        ExternalUser, through="TaskAssignee", related_name="assigned_tasks"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="owned_tasks"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tracker", "external_id"], condition=~Q(external_id=""), name="tracking_task_once"
            ),
            models.UniqueConstraint(
                fields=["tracker", "code"], condition=Q(external_id=""), name="tracking_task_declared_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index("tracker", Folded("code"), name="tracking_task_code"),
            HashIndex(fields=["url_key"], condition=~Q(url_key=""), name="tracking_task_url"),
            models.Index(fields=["tracker"], condition=~Q(moved_to=""), name="tracking_task_moved"),
        ]

    def __str__(self) -> str:
        return self.code


class FormerName(IdentifiedModel):
    """A code or an address that a task had, and that goes on leading to it as long as no other task is called so."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="former_names")
    tracker = models.ForeignKey(
        Tracker, models.CASCADE, related_name="+", db_index=False, help_text="Whose rules it leads to the task."
    )
    kind = models.TextField(choices=[(kind.value, kind.value) for kind in NameKind])
    key = models.TextField(help_text="The name as it is compared.")
    text = models.TextField(help_text="The name as it was.")
    lost_at = models.DateTimeField(help_text="When it was first seen that the task is called otherwise.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tracker", "kind", "key", "task"], name="tracking_formername_once"),
        ]

    def __str__(self) -> str:
        return self.text


class TaskAssignee(IdentifiedModel):
    """Who is to do a task, or was."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="task_assignees", db_index=False)
    external_user = models.ForeignKey(ExternalUser, models.CASCADE, related_name="task_assignees")
    known_since = models.DateTimeField(help_text="When it was first seen.")
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "external_user"], name="tracking_taskassignee_once"),
        ]

    def __str__(self) -> str:
        return f"{self.external_user} for {self.task}"


class WorkMatch(IdentifiedModel):
    """A rule: which work entries are for a task of its tracker."""

    tracker = models.ForeignKey(Tracker, models.CASCADE, related_name="work_matches")
    place = models.PositiveIntegerField(default=0, help_text="Its place among the rules of the tracker.")
    match_on = models.TextField(choices=[(kind.value, kind.value) for kind in MatchOn])
    priority = models.IntegerField(default=0, help_text="Higher ones are tried first.")
    source_work_trackers = ArrayField(
        models.TextField(), default=list, blank=True, help_text="Names of trackers of the project; empty: all."
    )
    text_pattern = models.TextField(blank=True)
    breadcrumb_pattern = models.TextField(blank=True)
    target_task = models.TextField(blank=True, help_text="The code of a task of the tracker.")

    def __str__(self) -> str:
        return f"{self.match_on} {self.target_task or self.text_pattern or self.breadcrumb_pattern}".strip()


class WorkEntry(IdentifiedModel):
    """Some time that somebody worked, and what for."""

    tracker = models.ForeignKey(Tracker, models.CASCADE, related_name="work_entries", db_index=False)
    external_id = models.TextField(help_text="Its id in the tracker.")
    external_user = models.ForeignKey(
        ExternalUser, models.SET_NULL, null=True, blank=True, related_name="work_entries", db_index=False
    )
    breadcrumb = models.TextField(blank=True, help_text="customer / project / activity")
    text = models.TextField(blank=True)
    started_at = models.DateTimeField()
    duration = models.DurationField()
    external_task = models.TextField(blank=True, help_text="The task that the tracker itself names: an id or a URL.")

    class Meta:
        verbose_name_plural = "work entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tracker", "external_id"], name="tracking_workentry_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["external_user", "started_at"], name="tracking_workentry_user"),
            models.Index(fields=["tracker", "started_at"], name="tracking_workentry_started"),
        ]

    def __str__(self) -> str:
        return f"{self.text or self.breadcrumb} ({self.started_at:%Y-%m-%d %H:%M})"

    @property
    def task(self) -> Task | None:
        """The task that it is matched with; None: with none."""
        match = getattr(self, "match", None)
        return match.task if match else None

    @property
    def matched_by(self) -> WorkMatch | None:
        """The rule by which it is matched; None: by none, or that rule is gone."""
        match = getattr(self, "match", None)
        return match.matched_by if match else None


class EntryMatch(models.Model):
    """What matching found for a work entry. One without a row names no task, or was not matched yet.

    In a table of its own, since its rows are narrow: a matching writes them for millions of entries. The database
    checks no references, which would take longer than the rest; instead, triggers let the match go with its entry, and
    a task that is deleted go from its matches.
    """

    entry = models.OneToOneField(
        WorkEntry, models.DO_NOTHING, primary_key=True, related_name="match", db_constraint=False
    )
    project = models.ForeignKey(Project, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    task = models.ForeignKey(
        Task, models.DO_NOTHING, null=True, blank=True, related_name="matches", db_constraint=False
    )
    matched_by = models.ForeignKey(
        WorkMatch, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, db_constraint=False
    )
    looked_for = models.TextField(  # noqa: DJ001 - in most rows there is none, which takes no room
        null=True, blank=True, help_text="The code, id or address of a task that there is not. Of unmatched work alone."
    )
    missed = ArrayField(
        models.IntegerField(),
        null=True,
        blank=True,
        help_text="Hashes of the names that rules looked for in vain, with and without a match in the end.",
    )

    class Meta:
        verbose_name_plural = "entry matches"
        indexes: ClassVar = [
            models.Index(fields=["project", "matched_by"], name="tracking_entrymatch_rule"),
            GinIndex(fields=["missed"], condition=Q(missed__isnull=False), name="tracking_entrymatch_missed"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}"


class SeenRecord(models.Model):
    """A record that a complete download has met; what it has not met in the end is gone."""

    pk = models.CompositePrimaryKey("tracker_id", "external_id")
    tracker = models.ForeignKey(Tracker, models.CASCADE, related_name="+", db_index=False)
    external_id = models.TextField()
    run_id = models.UUIDField(help_text="Whose download it is: a tracker has notes of one run at most.")

    def __str__(self) -> str:
        return self.external_id


class MatchingChange(models.Model):
    """A change of what the matches or the owners of a project's tasks depend on. Triggers write it.

    It is visible as soon as the change itself is, however late that is committed: a project without any is matched.
    With neither an entry nor a task, it concerns the whole project.
    """

    id = models.BigAutoField(primary_key=True)
    project_id = models.UUIDField(db_index=True)
    entry_id = models.UUIDField(null=True)
    task_id = models.UUIDField(null=True)
    names = ArrayField(
        models.TextField(),
        null=True,
        help_text="By which entries lead to the task; null: only what its owner depends on was changed.",
    )
    run_id = models.UUIDField(null=True, help_text="The matching that takes it into account.")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["project_id"], condition=Q(entry_id=None, task_id=None), name="tracking_matchingchange_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id}"
