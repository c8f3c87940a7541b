#!/bin/sh
# What `make demo` shows: a job of two workers that learns to read digits, on the local cluster.
# Its TensorBoard stays up afterwards; `arena local stop` ends everything.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
logs=$PWD/.make/digits
mkdir -p "$logs"

# `--context local`: never the cluster of a kubeconfig that happens to be here.
arena() {
  printf '\n$ arena'
  for word in "$@"; do
    case $word in
      *' '*) printf ' "%s"' "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
  command arena --context local "$@"
}

arena submit pytorchjob --name digits --replace --workers 2 --tensorboard \
  --data-dir "$logs:/training_logs" --logdir /training_logs \
  --logs "python examples/digits/train.py --logdir /training_logs"
arena list
arena get digits
arena tensorboard digits --print
