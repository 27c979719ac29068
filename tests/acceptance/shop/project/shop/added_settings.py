"""What the shop adds to the settings that `startproject` made."""

import os

INSTALLED = ["django_celery_beat", "upkeep.operations", "upkeep.worker", "members", "catalogue"]
AUTH_USER_MODEL = "members.Member"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["SHOP_DATABASE"],
        "HOST": "127.0.0.1",
        "PORT": os.environ["SHOP_DATABASE_PORT"],
        "USER": "shop",
        "PASSWORD": os.environ["SHOP_DATABASE_PASSWORD"],
    }
}
CELERY_BROKER_URL = os.environ["SHOP_REDIS"]
CELERY_BEAT_SCHEDULER = "upkeep.worker.beat:Scheduler"
CELERY_WORKER_SEND_TASK_EVENTS = True
UPKEEP = {
    "SCHEDULE": "shop.schedule.SCHEDULE",
    "PREFIX": os.environ.get("SHOP_PREFIX", ""),
    "BATCH_ITEMS": 5,
    "LEASE_SECONDS": 2,
    "SWEEP_SECONDS": 1,
    "POLL_SECONDS": 0.2,
}
