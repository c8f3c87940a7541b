#!/bin/sh
# make newest: all checks with the newest releases, in .venv-newest. Reports what is newer than the lock and which
# checks fail with it, and then exits with 1. Arguments are passed to pytest.
set -u
bin=.venv-newest/bin
broken=""

newer() { # NAME==RELEASE, one a line, of what the lock holds in no such release
  sed -n 's/^\([A-Za-z0-9._-]*==[^ ;]*\).*/\1/p' requirements/examples.txt requirements/test.txt >.venv-newest/locked
  $bin/python -m pip --disable-pip-version-check list --format=freeze --exclude arena | tr 'A-Z_' 'a-z-' |
    grep -vixFf .venv-newest/locked
}

check() { # NAME COMMAND...
  name=$1
  shift
  "$@" || broken="$broken $name"
}

news=$(newer)
check ruff $bin/ruff check arena tests examples benchmarks requirements
check format $bin/ruff format --check arena tests examples benchmarks requirements
check mypy $bin/mypy -p arena -p benchmarks
check imports $bin/lint-imports --no-logo
check pytest $bin/pytest "$@"

printf '\nnewer than the lock:\n%s\n' "${news:-nothing}"
if [ -n "$broken" ]; then
  printf '\n!!!! BROKEN WITH THE NEWEST RELEASES:%s\n' "$broken"
  exit 1
fi
printf '\nthe checks pass with the newest releases\n'
