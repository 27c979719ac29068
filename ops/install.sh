#!/bin/sh
# Makes .venv with PYTHON, and installs what the lock file names: `ops/install.sh PYTHON`, in the checkout.
set -eu
python=$1
venv=.venv/bin/python
supported='import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'

# Something moves: a clock on a terminal, and a line otherwise. What the work prints is in $log.
waiting() {
  what=$1
  shift
  began=$(date +%s)
  [ -t 2 ] || echo "$what …" >&2
  "$@" >>"$log" 2>&1 &
  work=$!
  trap 'kill "$work" 2>/dev/null; exit 130' INT TERM
  while [ -t 2 ] && kill -0 "$work" 2>/dev/null; do
    printf '\r%s … %s s ' "$what" $(($(date +%s) - began)) >&2
    sleep 1
  done
  status=0
  wait "$work" || status=$?
  [ ! -t 2 ] || echo >&2
  return "$status"
}

if ! "$venv" -c "$supported" 2>/dev/null; then
  if [ -z "$python" ]; then
    echo "No Python 3.11, 3.12 or 3.13 with venv found: install one (Debian: python3-venv), or set PYTHON=" >&2
    exit 1
  elif ! "$python" -c "$supported" 2>/dev/null; then
    echo "$python is not a Python 3.11, 3.12 or 3.13 that works" >&2
    exit 1
  fi
  log=/dev/null waiting "Making .venv" "$python" -m venv --clear .venv
fi

rm -f .venv/by-pip
log=.venv/install.log
: >"$log"
packages="Upkeep's packages, into .venv with $("$venv" -c 'import platform; print("Python", platform.python_version())')"
if ! waiting "Installing uv" "$venv" -m pip install --disable-pip-version-check "uv>=0.8" ||
  ! waiting "Installing $packages" "$venv" -m uv sync --frozen --inexact --all-extras; then
  echo "uv cannot use this machine's package index ($log says why): with pip it takes some minutes" >&2
  touch .venv/by-pip
  if ! waiting "Installing $packages" \
    "$venv" -m pip install --disable-pip-version-check --require-hashes -r requirements.txt; then
    tail -n 5 "$log" >&2
    exit 1
  fi
fi
