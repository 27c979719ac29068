#!/usr/bin/env bash
# Celery 5.7.0: `worker_shutting_down` tells of a SIGTERM, and not of `celery control shutdown`.
#
# The signal's documentation says that it is sent when the worker begins its shutdown. It is sent by the handlers of SIGTERM,
# SIGINT and SIGQUIT alone. A shutdown that is asked for by the remote control (`celery control shutdown`, and so Flower's
# button) raises SystemExit in the consumer instead: the worker stops as warmly, and who has connected the signal to let
# long tasks end early never hears of it. `worker_shutdown` comes in both cases, but only when all tasks have ended. What
# does hear of both is a bootstep, whose `close` is called first.
#
# Seen:
#   SIGTERM: worker_shutting_down, close, worker_shutdown
#   control shutdown: close, worker_shutdown
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'celery==5.7.0' 'kombu==5.7.0'
mkdir "$folder/queue" "$folder/control"
cat >"$folder/program.py" <<'PROGRAM'
from pathlib import Path

from celery import Celery, bootsteps
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

folder = Path(__file__).parent
app = Celery(broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": folder / "queue",
    "data_folder_out": folder / "queue",
    "control_folder": folder / "control",
}
heard = []


class Closing(bootsteps.StartStopStep):
    def __init__(self, parent, **options):
        pass

    def close(self, parent):
        heard.append("close")

    def start(self, parent):
        pass

    def stop(self, parent):
        pass


app.steps["worker"].add(Closing)


@worker_ready.connect
def ready(**_):
    (folder / "ready").touch()


@worker_shutting_down.connect
def shutting_down(**_):
    heard.append("worker_shutting_down")


@worker_shutdown.connect
def shut_down(**_):
    heard.append("worker_shutdown")
    (folder / "heard").write_text(", ".join(heard))
PROGRAM
cd "$folder"
run() {
  rm -f ready heard
  venv/bin/celery -A program worker --pool solo --loglevel CRITICAL --without-gossip --without-mingle >/dev/null 2>&1 &
  worker=$!
  until [ -e ready ]; do kill -0 "$worker"; sleep 0.2; done
  "$@" "$worker"
  wait "$worker" || true
  cat heard
  echo
}
by_signal() { kill -TERM "$1"; }
by_control() { venv/bin/celery -A program control shutdown >/dev/null 2>&1 || true; }
{ echo "SIGTERM: $(run by_signal)"; echo "control shutdown: $(run by_control)"; } | tee seen
diff seen - <<'SEEN'
SIGTERM: worker_shutting_down, close, worker_shutdown
control shutdown: close, worker_shutdown
SEEN
