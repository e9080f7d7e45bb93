#!/bin/sh
# Submits a complaint and waits until the register shows it. Needs REDRESS_HTTP, TOKEN (of a complainant), TIMEOUT_SECONDS.
set -eu
key="helm-test-$(cat /proc/sys/kernel/random/uuid)"
answer=$(curl -sS --fail-with-body --max-time 10 "$REDRESS_HTTP/v1/complaints" \
  -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $key" -H 'Content-Type: application/json' \
  -d '{"channel":"CHANNEL_APP","text":"helm test: please ignore","complainant":{"kind":"PARTY_KIND_CONSUMER"}}')
id=$(printf '%s' "$answer" | sed -n 's/.*"complaintId":"\([^"]*\)".*/\1/p')
test -n "$id" || { echo "no complaint id in the answer: $answer"; exit 1; }
echo "accepted: $id"
waited=0
until curl -sS --fail --max-time 5 -o /dev/null -H "Authorization: Bearer $TOKEN" "$REDRESS_HTTP/v1/complaints/$id" 2>/dev/null; do
  waited=$((waited + 1))
  test "$waited" -lt "$TIMEOUT_SECONDS" || { echo "accepted, but not registered within $TIMEOUT_SECONDS s: see intake-register"; exit 1; }
  sleep 1
done
echo "registered after $waited s"
