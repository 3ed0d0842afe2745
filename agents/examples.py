"""The first delivery as lines to copy: signed as Standard Webhooks asks, with nothing but curl and openssl."""

_DELIVERY = """SECRET='whsec_…'
NOW=$(date -u +%FT%TZ)
BODY='{{"type":"call.ended","timestamp":"'$NOW'","data":{{"call_id":"first-'$(date +%s)'",
  "agent":"reception","direction":"inbound","started_at":"'$NOW'","ended_at":"'$NOW'"}}}}'
ID="msg-$(date +%s)"; AT=$(date +%s)
KEY=$(printf %s "${{SECRET#whsec_}}" | openssl base64 -d -A | od -An -tx1 | tr -d ' \\n')
SIGN=$(printf '%s.%s.%s' "$ID" "$AT" "$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary \\
  | openssl base64 -A)
curl -sS '{url}' -H 'content-type: application/json' \\
  -H "webhook-id: $ID" -H "webhook-timestamp: $AT" -H "webhook-signature: v1,$SIGN" -d "$BODY"
"""


def first_delivery(provider: str, url: str) -> str:
    """What a telephone system would send; "" for providers that send by themselves."""
    return _DELIVERY.format(url=url).strip() if provider == "generic" else ""
