# How fanbench reaches it. FEED: subscribe; POLL: long poll; {i} is the user.
S=${FANBENCH_STATE:-${TMPDIR:-/tmp}/fanbench-state}/afterclick${DATABASE:+-elsewhere}
[ -d "$S/prepared" ] || "$(dirname "${BASH_SOURCE[0]}")/run.sh" prepare
AS_USER=(-H 'Authorization: Bearer {token}' --tokens "$S/tokens")
FEED=("${AS_USER[@]}")
for n in $(seq 0 $((${INSTANCES:-1} - 1))); do
    FEED+=(--url "http://127.0.0.1:$((9341 + 10 * n))/v1/stream")
done
POLL=("${AS_USER[@]}" --url 'http://127.0.0.1:9341/v1/poll?wait=30' --carry Etag=If-None-Match)
PUB=(--pub-url 'http://127.0.0.1:9341/v1/users/{i}/events' --pub-body '{"type":"bench.event","data":{payload}}'
    --pub-header 'Content-Type: application/json' --pub-header "Authorization: Bearer $(cat "$S/key")")
NOW=(--instant-url 'http://127.0.0.1:9341/v1/poll?wait=0')
RESUMES=yes
SPREADS=yes
