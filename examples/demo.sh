#!/bin/sh
# The whole pipeline, from two files to a number; `make demo` calls it. What is there already is reused.
#   demo.sh FOLDER [CHECKPOINT [VIDEO]]
# CHECKPOINT: a prefix like .../model.ckpt; without one, a stand-in is made.
# VIDEO: what to classify; without one, generated videos.
set -eu

folder=$1
checkpoint=${2:-}
video=${3:-}
held_out_per_class=14

step() { printf '\n== %s\n' "$*"; }

mkdir -p "$folder"

if [ -z "$checkpoint" ]; then
    step "stand-in checkpoint (a few minutes, the first time)"
    i3d stand-in checkpoint "$folder/checkpoint"
    checkpoint=$folder/checkpoint/model.ckpt
    name=stand-in
else
    [ -f "$checkpoint.index" ] || { echo "CHECKPOINT must be a prefix: there is no $checkpoint.index" >&2; exit 2; }
    # Files made from one checkpoint are not taken for another's.
    name=$(basename "$(dirname "$checkpoint")")-$(cksum <"$checkpoint.index" | cut -d' ' -f1)
fi

graph=$folder/$name.pb
ir=$folder/$name.xml

step "freeze: $checkpoint -> $graph"
if [ -f "$graph" ]; then echo "there already"; else i3d freeze "$checkpoint" -o "$graph"; fi

step "convert: $graph -> $ir"
if [ -f "$ir" ]; then echo "there already"; else i3d convert "$graph" -o "$ir"; fi

if [ "$name" = stand-in ] || [ -z "$video" ]; then
    step "held-out generated videos"
    i3d stand-in videos "$folder/videos" --per-class "$held_out_per_class"
fi

step "classify"
if [ -n "$video" ]; then
    i3d classify "$video" --model "$ir"
else
    i3d classify "$folder"/videos/*_left_000.mp4 --model "$ir" -k 3
fi

if [ "$name" = stand-in ]; then
    result=$folder/accuracy/result.json
    step "accuracy on the held-out videos"
    if [ -f "$result" ]; then
        echo "measured already; $folder/accuracy.txt says:"
        echo
        cat "$folder/accuracy.txt"
    else
        i3d accuracy run "$folder/videos/list.csv" --model "$ir" -o "$folder/accuracy" >"$folder/accuracy.txt.part"
        mv "$folder/accuracy.txt.part" "$folder/accuracy.txt"
        cat "$folder/accuracy.txt"
    fi
else
    step "accuracy"
    echo "not run: the generated videos mean nothing to this checkpoint; to score it on Kinetics: docs/kinetics.md"
fi

step "made"
echo "frozen graph  $graph"
echo "IR            $ir, ${ir%.xml}.bin"
if [ "$name" = stand-in ]; then
    echo "videos        $folder/videos/list.csv"
    echo "result        $result, $folder/accuracy/predictions.jsonl"
fi
