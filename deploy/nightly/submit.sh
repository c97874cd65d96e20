#!/bin/sh
# A night as a Ray job, from the root of a checkout; its exit status is the night's being 0 or not.
# RAY_ADDRESS=http://127.0.0.1:8265 and RAY_AUTH_TOKEN are those of your cluster.
exec ray job submit --working-dir . --runtime-env deploy/nightly/runtime_env.yaml -- \
    env FRONTDESK_RAY_ADDRESS=auto python -m pipelines nightly --site "${1:-demo}"
