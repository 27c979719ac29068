"""The admin's pages under our Content-Security-Policy: nothing in them that it forbids."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from backend.accounts.models import User
from backend.collection.models import DVD
from upkeep.operations.models import Run

FORBIDDEN = {
    "a script in the page": r"<script(?![^>]*\bsrc=)(?![^>]*application/json)",
    "a style in the page": r"<style|\sstyle=",
    "an event's attribute": r"<[^>]*\son[a-z]+=",
    "what another host serves": r"<(?:script|link|img|iframe|form)[^>]*\b(?:src|href|action)=\"?(?:https?:)?//",
    "javascript: as an address": r"=[\"']?javascript:",
}


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="correct horse"))
    return client


def pages() -> list[str]:
    """The admin's pages: of each model the list, the form for a new one, and that of each that exists."""
    found = [reverse("admin:index"), reverse("admin:password_change")]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        rows: list[Model] = list(model._default_manager.all()[:1])
        for row in rows:
            found += [reverse(f"{name}_{view}", args=[row.pk]) for view in ("change", "history", "delete")]
    return found + [reverse("admin:app_list", args=[label]) for label in apps.app_configs if _has_admin(label)]


def _has_admin(label: str) -> bool:
    return any(model._meta.app_label == label for model in admin.site._registry)


@pytest.mark.django_db
def test_no_page_of_the_admin_has_what_the_policy_forbids(browser: Client) -> None:
    schedule = CrontabSchedule.objects.create(minute="0", hour="2")
    PeriodicTask.objects.create(name="nightly", task="collection.refresh_missing_details", crontab=schedule)
    DVD.objects.create(name="Alien")
    Run.objects.create(operation="collection.refresh_missing_details", status="succeeded", finished_at=timezone.now())
    seen = []
    for page in pages():
        response = browser.get(page)
        if response.status_code == 403:  # nobody may
            continue
        assert response.status_code == 200, page
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        for what, pattern in FORBIDDEN.items():
            assert not re.search(pattern, response.content.decode()), f"{page} has {what}"
        seen.append(page)
    assert len(seen) > 40, "the pages were not found"
