#!/bin/sh
# A part of the user's own, with what template languages would expand.
set -eu
name=${1:-application}
printf '%s {%s}\n' "$name" "${name%cation}" >/run/application
