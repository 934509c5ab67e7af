"""Label the action in a video: `python classify_video.py MODEL.xml VIDEO`."""

import sys

from i3d_edge import VideoClassifier

model, video = sys.argv[1:]
with VideoClassifier(model) as classifier:
    result = classifier.classify(video, k=3)

view = result.views[0]
print(f"{video}, {view.start_s:.2f} to {view.end_s:.2f} s:")
for prediction in result.predictions:
    print(f"{prediction.prob:.3f} {prediction.label}")
for warning in result.warnings:
    print("warning:", warning)
