#!/usr/bin/env bash
# Celery 5.7.0: an explicit broker loses against the environment.
#
# `app.conf.broker_url` is a property of Celery's settings that looks into `os.environ` first, each time it is read. So with
# CELERY_BROKER_URL in the environment, `Celery(broker=…)`, `app.conf.update(broker_url=…)` and
# `app.conf.broker_url = …` are all accepted and change nothing: messages go to the environment's broker. The same holds
# for CELERY_BROKER_READ_URL and CELERY_BROKER_WRITE_URL, so that sending and receiving may even part ways, and for
# CELERY_RESULT_BACKEND. A test or a demo that points its app to a broker of its own still sends to the real one; the
# variables have to be taken away. An empty one counts as not set.
#
# Seen:
#   Celery(broker=…): environment
#   conf.update(broker_url=…): environment
#   conf.broker_url = …: environment
#   sends to environment, receives from elsewhere
#   empty variables: explicit
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'celery[redis]==5.7.0'
cat >"$folder/program.py" <<'PROGRAM'
import os

from celery import Celery


def host(connection):
    return connection.hostname


def named(url):
    return url.split("//")[1]


os.environ["CELERY_BROKER_URL"] = "redis://environment"
app = Celery(broker="redis://explicit")
print("Celery(broker=…):", named(app.conf.broker_url))
app.conf.update(broker_url="redis://explicit")
print("conf.update(broker_url=…):", named(app.conf.broker_url))
app.conf.broker_url = "redis://explicit"
print("conf.broker_url = …:", named(app.conf.broker_url))
os.environ["CELERY_BROKER_READ_URL"] = "redis://elsewhere"
print(f"sends to {host(app.connection_for_write())}, receives from {host(app.connection_for_read())}")
os.environ["CELERY_BROKER_URL"] = os.environ["CELERY_BROKER_READ_URL"] = ""
print("empty variables:", named(app.conf.broker_url))
PROGRAM
env -u CELERY_BROKER_WRITE_URL "$folder/venv/bin/python" "$folder/program.py" | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
Celery(broker=…): environment
conf.update(broker_url=…): environment
conf.broker_url = …: environment
sends to environment, receives from elsewhere
empty variables: explicit
SEEN
