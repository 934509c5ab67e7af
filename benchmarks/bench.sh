#!/bin/sh
# From a checkpoint to a table; `make bench` calls it. Frozen graph and videos that are there are reused.
#   bench.sh FOLDER ROUNDS [CHECKPOINT [VIDEO...]]
# CHECKPOINT: a prefix like .../model.ckpt; without one (''), DeepMind's rgb_scratch is fetched.
# VIDEO: to calibrate INT8 on and to time; without any, a demo video is fetched.
set -eu

folder=$1
rounds=$2
checkpoint=${3:-}
[ $# -lt 3 ] && shift $# || shift 3

step() { printf '\n== %s\n' "$*"; }

mkdir -p "$folder"

if [ -z "$checkpoint" ]; then
    step "fetch: DeepMind's rgb_scratch"
    i3d fetch rgb_scratch -o "$folder/checkpoints"
    checkpoint=$folder/checkpoints/rgb_scratch/model.ckpt
    name=rgb_scratch
else
    [ -f "$checkpoint.index" ] || { echo "CHECKPOINT must be a prefix: there is no $checkpoint.index" >&2; exit 2; }
    name=$(basename "$(dirname "$checkpoint")")-$(cksum <"$checkpoint.index" | cut -d' ' -f1)
fi

graph=$folder/$name.pb
step "freeze: $checkpoint -> $graph"
if [ -f "$graph" ]; then echo "there already"; else i3d freeze "$checkpoint" -o "$graph"; fi

clips="given videos"
if [ $# -eq 0 ]; then
    step "fetch: a video"
    i3d fetch demo-video -o "$folder"
    set -- "$folder/demo-video.mp4"
    clips="the demo video"
fi

step "measure (some twenty minutes on two cores; leave the machine alone meanwhile)"
python -m benchmarks "$graph" "$@" -o "$folder/result.json" --rounds "$rounds" --clips "$clips" --force

step "report"
python -m benchmarks.report "$folder/result.json" | tee "$folder/report.md"
