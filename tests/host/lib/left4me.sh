# Job: left4.me as it is before l4sync.
# Must not:
# Called by: tests, through lib.sh (sourced).
# shellcheck shell=bash
