#!/bin/sh
# From published weights to labelled actions in a video; `make demo` calls it. What is there already is reused.
#   demo.sh FOLDER [CHECKPOINT [VIDEO [INT8]]]
# CHECKPOINT: a prefix like .../model.ckpt, or its folder; without one, DeepMind's rgb_scratch is fetched.
# VIDEO: what to classify; without one, a demo video is fetched.
# INT8: anything but nothing also makes an INT8 model and times both.
set -eu

folder=$1
checkpoint=${2:-}
video=${3:-}
int8=${4:-}

step() { printf '\n== %s\n' "$*"; }
fail() { echo "$*" >&2; exit 2; }

# The folder of one checkpoint stands for it.
if [ -d "$checkpoint" ]; then
    set -- "$checkpoint"/*.index
    if [ $# -eq 1 ] && [ -f "$1" ]; then checkpoint=${1%.index}; fi
fi
[ -z "$checkpoint" ] || [ -f "$checkpoint.index" ] || fail "CHECKPOINT: no checkpoint '$checkpoint' (no file $checkpoint.index)"
[ -z "$video" ] || [ -f "$video" ] || fail "VIDEO: no file '$video'"
[ -z "$video" ] || i3d info "$video" >/dev/null || exit 2

mkdir -p "$folder"

if [ -z "$checkpoint" ]; then
    step "fetch: DeepMind's rgb_scratch"
    i3d fetch rgb_scratch -o "$folder/checkpoints"
    checkpoint=$folder/checkpoints/rgb_scratch/model.ckpt
    name=rgb_scratch
else
    # Files made from one checkpoint are not taken for another's.
    name=$(basename "$(dirname "$checkpoint")")-$(cksum <"$checkpoint.index" | cut -d' ' -f1)
fi
if [ -z "$video" ]; then
    step "fetch: a video"
    i3d fetch demo-video -o "$folder"
    video=$folder/demo-video.mp4
fi

graph=$folder/$name.pb
ir=$folder/$name.xml
shown=$folder/$(basename "${video%.*}")-shown

step "freeze: $checkpoint -> $graph"
if [ -f "$graph" ]; then echo "there already"; else i3d freeze "$checkpoint" -o "$graph"; fi

step "convert: $graph -> $ir"
if [ -f "$ir" ]; then echo "there already"; else i3d convert "$graph" -o "$ir"; fi

if [ -n "$int8" ]; then
    step "quantize: $ir -> $folder/${name}_int8.xml"
    if [ -f "$folder/${name}_int8.xml" ]; then echo "there already"; else i3d quantize "$ir" "$video" -o "$folder/${name}_int8.xml"; fi
fi

step "classify: $video"
i3d classify "$video" --model "$ir" --hop 25 --annotate "$shown.mp4" --html "$shown.html" --force >"$folder/answer.txt"

step "time per clip"
if [ -n "$int8" ]; then set -- "$folder/${name}_int8.xml"; else set --; fi
i3d bench "$ir" "$@" --rounds 5

step "answer"
cat "$folder/answer.txt"

step "look at"
echo "annotated video  $shown.mp4"
echo "IR               $ir, ${ir%.xml}.bin"
echo "open $shown.html"
