#!/bin/sh
# What `make demo` shows: a job of two workers that learns to read digits, on the local cluster.
# Its TensorBoard stays up afterwards; `arena local stop --pods` ends everything.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
rm -rf .make/digits  # the curves of an earlier run

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

arena submit pytorchjob --name digits --replace --workers 2 --tensorboard --logdir .make/digits \
  --logs "python examples/digits/train.py --logdir .make/digits"
arena list
arena get digits
arena tensorboard digits --no-open
