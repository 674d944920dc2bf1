"""A small RTSP camera for tests, run by the system's Python, which has GStreamer's bindings.

Usage: rtsp_server.py [--port N] [--user NAME:PASSWORD] [--clip FILE]
Prints "ready PORT" and then serves a moving test picture as H.264 at /cam until it is killed, at
/person a red square, which painted models take for a face without a mask, and at /clip an MP4 file
with H.264, which each client sees from its start.
With --check it only reports, by its exit code, whether all that it needs is installed.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PIPELINE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse "
    "! rtph264pay name=pay0 pt=96 config-interval=1 )"
)

ENCODED = (
    "videoconvert ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse "
    "! rtph264pay name=pay0 pt=96 config-interval=1"
)
# A grey room, a red square in its middle, and noise in a corner so that no picture repeats.
PERSON = (
    "( compositor name=room sink_1::xpos=130 sink_1::ypos=90 "
    f"! video/x-raw,width=320,height=240,framerate=10/1 ! {ENCODED} "
    "videotestsrc is-live=true pattern=solid-color foreground-color=0xff3c3c3c "
    "! video/x-raw,width=320,height=240,framerate=10/1 ! room. "
    "videotestsrc is-live=true pattern=solid-color foreground-color=0xffdc0000 "
    "! video/x-raw,width=60,height=60,framerate=10/1 ! room. "
    "videotestsrc is-live=true pattern=snow "
    "! video/x-raw,width=16,height=16,framerate=10/1 ! room. )"
)


CLIP = (
    "( filesrc location={} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def require_login(server: GstRtspServer.RTSPServer, user: str, password: str) -> None:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--user")
    parser.add_argument("--clip")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    Gst.init(None)
    missing = [
        name
        for name in ("videotestsrc", "compositor", "x264enc", "qtdemux", "h264parse", "rtph264pay")
        if Gst.ElementFactory.find(name) is None
    ]
    if options.check:
        sys.exit(f"missing: {missing}" if missing else 0)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE)
    factory.set_shared(True)
    if options.user:
        user, password = options.user.split(":")
        require_login(server, user, password)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/cam", factory)
    person = GstRtspServer.RTSPMediaFactory()
    person.set_launch(PERSON)
    person.set_shared(True)
    server.get_mount_points().add_factory("/person", person)
    if options.clip:
        clip = GstRtspServer.RTSPMediaFactory()
        clip.set_launch(CLIP.format(options.clip))
        server.get_mount_points().add_factory("/clip", clip)
    server.attach(None)
    print("ready", server.get_bound_port(), flush=True)  # noqa: T201 - read by the test
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
