from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from backend.collection.kernel.poster_names import SUFFIXES

SCORE_VALIDATORS = [MinValueValidator(0), MaxValueValidator(10)]


def _score(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"dvd_{name}_from_0_to_10",
        condition=Q(**{f"{name}__gte": 0, f"{name}__lte": 10}),
        violation_error_message="A score must be a number from 0 to 10.",
    )


class DVD(models.Model):
    """One film that somebody owns. Absent text is empty, absent numbers are null; lists are text joined by `, `."""

    class Status(models.TextChoices):
        KEPT = "kept", "Kept"
        DISPOSED = "disposed", "Disposed"
        UNBOXED = "unboxed", "Unboxed"

    class MediaType(models.TextChoices):
        PHYSICAL = "physical", "Physical"
        DOWNLOAD = "download", "Download"
        RIP = "rip", "Rip"

    class DiskType(models.TextChoices):
        DVD = "DVD", "DVD"
        BLURAY = "BluRay", "Blu-ray"

    name = models.TextField()
    status = models.CharField(max_length=16, choices=Status, default=Status.KEPT)
    media_type = models.CharField(max_length=16, choices=MediaType, default=MediaType.PHYSICAL)
    disk_type = models.CharField(max_length=16, choices=DiskType, default=DiskType.DVD)
    is_tartan_dvd = models.BooleanField("is a Tartan DVD", default=False)
    is_box_set = models.BooleanField("belongs to a box set", default=False)
    box_set_name = models.TextField(blank=True)
    is_unopened = models.BooleanField("is unopened", default=False)
    is_unwatched = models.BooleanField("is unwatched", default=False)
    is_downloaded = models.BooleanField("is downloaded", default=False)
    storage_box = models.TextField(blank=True)
    location = models.TextField(blank=True, help_text="Of an unboxed DVD: a number that no other one has.")
    copy_number = models.PositiveIntegerField(default=1)
    duplicate_notes = models.TextField(blank=True)

    tmdb_id = models.PositiveBigIntegerField("TMDB id", null=True, blank=True)
    imdb_id = models.TextField(
        "IMDb id",
        blank=True,
        validators=[RegexValidator(r"\Att[0-9]{7,}\Z", "An IMDb id must be tt and 7 or more digits.")],
    )
    poster = models.ImageField(upload_to="posters/", max_length=500, blank=True)
    overview = models.TextField(blank=True)
    release_year = models.PositiveIntegerField(null=True, blank=True)
    genres = models.TextField(blank=True)
    runtime = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes.")
    rating = models.DecimalField(max_digits=3, decimal_places=1, null=True, blank=True, validators=SCORE_VALIDATORS)
    tmdb_user_score = models.DecimalField(
        "TMDB user score", max_digits=3, decimal_places=1, null=True, blank=True, validators=SCORE_VALIDATORS
    )
    uk_certification = models.TextField("UK certification", blank=True)
    original_language = models.TextField(blank=True)
    budget = models.BigIntegerField(null=True, blank=True, help_text="US dollars; empty when unknown.")
    revenue = models.BigIntegerField(null=True, blank=True, help_text="US dollars; empty when unknown.")
    production_companies = models.TextField(blank=True)
    tagline = models.TextField(blank=True)
    director = models.TextField(blank=True)

    is_available = models.BooleanField("is available", default=False)
    qualities = models.JSONField(default=list, blank=True, help_text="In which qualities it is available.")
    details_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    imdb_id_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    availability_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When it was last looked up without an answer: such a DVD is asked for again, but after the others.
    details_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    imdb_id_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    availability_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "DVD"
        verbose_name_plural = "DVDs"
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["tmdb_id"], name="dvd_tmdb_id"),
        ]
        constraints = [
            models.CheckConstraint(
                name="dvd_unboxed_location_is_a_number",
                condition=~Q(status="unboxed") | Q(location__regex=r"^(0|[1-9][0-9]*)$"),
                violation_error_message="The location of an unboxed DVD must be a number.",
            ),
            models.UniqueConstraint(
                fields=["location"],
                name="dvd_unboxed_location_is_its_own",
                condition=Q(status="unboxed"),
                violation_error_message="Another unboxed DVD has this location.",
            ),
            models.CheckConstraint(name="dvd_imdb_id", condition=Q(imdb_id="") | Q(imdb_id__regex=r"^tt[0-9]{7,}$")),
            _score("rating"),
            _score("tmdb_user_score"),
            models.CheckConstraint(name="dvd_budget_is_not_negative", condition=Q(budget__gte=0)),
            models.CheckConstraint(name="dvd_revenue_is_not_negative", condition=Q(revenue__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.release_year})" if self.release_year else self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, the certification in lower case."""
        self.uk_certification = self.uk_certification.lower()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Raise ValidationError for a new poster of a format that the clean-up of posters does not know."""
        is_new = bool(self.poster) and not self.poster._committed  # noqa: SLF001 - Django tells it nowhere else
        if is_new and not str(self.poster.name).lower().endswith(SUFFIXES):
            raise ValidationError({"poster": f"The name of a poster must end in {', '.join(SUFFIXES)}."})
