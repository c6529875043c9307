# Job: Debian 13 in an emulated machine: a kernel of its own, reboots and power cuts.
# Must not: reach a network; write to the cached disk.
# Called by: tests, through lib.sh (sourced).
# shellcheck shell=bash
