"""Tell what happens in front of a camera: `python stream_camera.py MODEL.xml camera:0`, or a file, or rtsp://..."""

import sys
import time

from i3d_edge import StreamOptions, open_stream

model, source = sys.argv[1:]
options = StreamOptions(hop=25, on=0.5, off=0.3)
stream = open_stream(source, model, options, say=lambda text: print(text, file=sys.stderr))
try:
    for item in stream:
        if item.type == "window":
            best = item.smoothed[0]
            print(f"{item.end_s:.2f} s: {best.prob:.3f} {best.label}")
        else:
            print(item.to_json())
except KeyboardInterrupt:
    pass
print(stream.statistics.summary(time.monotonic()))
