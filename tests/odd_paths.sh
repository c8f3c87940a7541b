#!/bin/sh
# Runs tests with homes, state folders and a virtual environment whose paths hold a blank, quotes and a letter
# that is not ASCII.
set -eu
odd=$(mktemp -d)/"o'dd \"ü"
trap 'rm -rf "${odd%/*}"' EXIT
chmod 755 "${odd%/*}"  # as the folder of other temporary files, which tests of other users enter
mkdir "$odd"
ln -s "$PWD/.venv" "$odd/venv"
"$odd/venv/bin/python" -m pytest --basetemp "$odd/tests" "$@"
