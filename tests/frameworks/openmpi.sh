#!/bin/sh
# Installs Debian's OpenMPI where mpirun is missing and that is possible; says so loudly where it is not.
command -v mpirun >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends openmpi-bin libopenmpi-dev >/dev/null && exit 0
fi
echo '!!!! NO MPIRUN, AND IT CANNOT BE INSTALLED HERE: the tests of MPI jobs will be skipped' >&2
