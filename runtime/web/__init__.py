"""What a running box shows over HTTP: a page to watch and review, metrics, health, and answers for videos and clips."""

from i3d_edge.core.dependencies import needed_for

with needed_for("the web page"):
    from i3d_edge.runtime.web.server import WebServer as WebServer
    from i3d_edge.runtime.web.sink import WebSink as WebSink
