#!/bin/sh
# May this picture be shown? Exit code 0: yes. 1: it is held or blocked. 2: Rempart could not be asked: do not show it.
#
#     REMPART_URL=http://127.0.0.1:8600 REMPART_KEY=rk_… ./check.sh photo.jpg photo-17
set -eu
file=$1
item=$2

test -r "$file" || { echo "$file cannot be read" >&2; exit 2; }
encoded=$(printf %s "$item" | od -An -v -tx1 | tr -d '\n' | tr ' ' %)
once=$({ printf '%s\n' "$item"; cat "$file"; } | sha256sum | cut -c1-32)

answer=$(
  curl --silent --show-error --fail-with-body --max-time 20 --retry 2 --noproxy '*' \
    --header "Authorization: Bearer $REMPART_KEY" \
    --header "Content-Type: application/octet-stream" \
    --header "Idempotency-Key: $once" \
    --data-binary "@$file" \
    "$REMPART_URL/v1/check?item_id=$encoded"
) || { echo "$answer" >&2; exit 2; }

verdict=$(printf %s "$answer" | sed -n 's/.*"verdict":"\([a-z]*\)".*/\1/p')
echo "$verdict"
test "$verdict" = allow
