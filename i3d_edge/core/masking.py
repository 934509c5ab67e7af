"""Addresses as messages show them: without users, passwords and tokens."""

import re
from collections.abc import Callable
from urllib.parse import unquote

_HIDDEN = "***"
_PLACEHOLDER = "USER:PASSWORD@"
"""What our own hints write where credentials belong."""

_PUBLIC_HOSTS = ("raw.githubusercontent.com", "files.pythonhosted.org")
"""Where published files are; hashes in their paths are no secrets."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}:/{1,2}", re.IGNORECASE)  # one slash: a URL that became a path
_FROM_PATH = re.compile(r"((https?|s3|gs):/)(?!/)", re.IGNORECASE)  # of these we make paths ourselves
_HOOK = re.compile(r"(^|[.-])(web)?hooks?[.-]", re.IGNORECASE)
_BARE_USER = re.compile(r"[^\s'\"`<>/:@]{1,99}:[^\s'\"`<>/@]{1,99}@")  # its scheme is absent or misspelt
_URL_IN_TEXT = re.compile(_SCHEME.pattern + rf"([^\s'\"`<>]*[^\s'\"`<>:,;.)])?|{_BARE_USER.pattern}", re.IGNORECASE)
_PARTS = re.compile(r"([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^:]*)(:\d*)?")

# Keys are shown only if they are known to say nothing but which picture is wanted, and in what form.
_HARMLESS_KEY = re.compile(
    r"action|audio|bitrate|cam(era)?|ch(n|annel(id)?)?|(audio|video)?codec|compression|format|fps|framerate|height|input|"
    r"mode|profile|proto(col)?|quality|rate|res(olution)?|rotation|size|stream(type)?|subtype|tcp|track|"
    r"transport(mode)?|type|udp|unicast|video|width",
    re.IGNORECASE,
)
_HARMLESS_VALUE = re.compile(r"[\w.:,+-]{0,20}", re.ASCII)
# Two directories in a row are shown only if these words make up one of them: they may be a user and a password.
_USUAL_WORD = (
    r"(api|app|av|axis|bin|cams?|camera|cgi|ch|channels?|clips|dash|data|dvr|files|h26[45]|hls|images?|in|index|input|"
    r"isapi|live|main|media|mjpe?g|mpeg4|nvr|onvif|out|output|play(list)?|profile|psia|public|pypi|recordings?|rtp|"
    r"simple|snapshot|static|streaming|streams?|sub|tracks?|unicast|v|videos?|vod|web|zm){0,2}\d{0,4}"
)
_USUAL = re.compile(f"{_USUAL_WORD}([._-]{_USUAL_WORD})*", re.IGNORECASE)
_DOWNLOAD = re.compile(r"model\.ckpt\..+|.+\.(gif|npy|txt|whl)")  # files that are fetched from mirrors, not streams
_SECRET_FOLLOWS = re.compile(
    r"(access|admin|auth|bearer|code|credential|hook|jwt|key|login|pass|password|pw|pwd|root|sas|secret|session|sig|"
    r"signature|token|user|username|webhook)s?|(access|api|auth|bot|stream)[_-]?(key|token)",
    re.IGNORECASE,
)
_IS_SECRET = re.compile(r"passw|secret|token", re.IGNORECASE)
_RANDOM = re.compile(
    r"(?=[A-Za-z]*\d)[A-Za-z0-9]{16,}|[A-Za-z0-9]{20,}|(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-)|"
    r"(([a-z](?=[A-Z\d])|[A-Z](?=\d)|\d(?=[A-Za-z]))[A-Za-z0-9]*?){4}"  # such as s3cr3t and AbCdEf01
)


def masked(url: str, *, shows_path: bool = True) -> str:
    """Return a URL without what may be secret; any other text only without `user:password@`.

    Hidden are user and password, all values of a query but of keys known to be harmless, the fragment, and parts of the
    path that assign a value, follow a word such as "token", look random, or may be a user and a password; all of the
    path unless `shows_path`: that of a webhook is a password as a rule.

    rtsp://admin:secret@10.0.0.5/ch1?token=x&subtype=1 -> rtsp://***@10.0.0.5/ch1?token=***&subtype=1
    """
    scheme = _SCHEME.search(url)
    if not scheme:
        return _BARE_USER.sub(f"{_HIDDEN}@", url)
    rest = url[scheme.end() :]
    if not rest.startswith(_PLACEHOLDER):
        rest = _without_user(rest)
    parts = _PARTS.fullmatch(rest)
    assert parts is not None  # it matches all texts
    host, path, query, fragment = parts.groups(default="")
    query = query and "?" + _pairs(query[1:], _bare_key)
    if not shows_path or _HOOK.search(host):
        path = path[:1] and f"/{_HIDDEN}"
    elif host not in _PUBLIC_HOSTS:
        path = _path(path)
    start = _FROM_PATH.sub(r"\1/", url[: scheme.end()])
    return f"{start}{host}{path}{query}{'#' + _HIDDEN if fragment[1:] else fragment}"


def masked_text(text: str) -> str:
    """Return a text with each URL in it masked, and each `user:password@`."""
    return _URL_IN_TEXT.sub(lambda match: masked(match[0]), text)


def _without_user(rest: str) -> str:
    """Hide all up to the last at sign: a password may hold a slash, or an at sign, although it should not."""
    is_plain = _HOST_AND_PORT.fullmatch(re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2])
    ends = [match.end() for match in re.finditer("(?<!/)@" if is_plain else "@", rest)]
    if ends:
        return f"{_HIDDEN}@{rest[ends[-1] :]}"
    return rest if is_plain else _HIDDEN


def _path(path: str) -> str:
    """Hide the secret segments of a path, as far as they can be told."""
    segments = path.split("/")
    shown = [_pairs(segment, _segment) for segment in segments]
    last = 0 if _DOWNLOAD.fullmatch(segments[-1]) else len(segments) - 1
    for index, segment in enumerate(segments):
        if _SECRET_FOLLOWS.fullmatch(unquote(segment)):
            return "/".join(shown[: index + 1] + [later and _HIDDEN for later in segments[index + 1 :]])
        if 0 < index < last - 1 and not (_USUAL.fullmatch(segment) or _USUAL.fullmatch(segments[index + 1])):
            shown[index : index + 2] = [_HIDDEN, _HIDDEN]
    return "/".join(shown)


def _pairs(text: str, bare: Callable[[str], str]) -> str:
    """Hide the values in key=value&key=value; `bare` shows a piece without a value."""
    return re.sub(r"[^&;]+", lambda match: _pair(match[0]) if "=" in match[0] else bare(match[0]), text)


def _pair(piece: str) -> str:
    key, _, value = piece.partition("=")
    is_harmless = _HARMLESS_KEY.fullmatch(key) and _HARMLESS_VALUE.fullmatch(value) and not _RANDOM.search(value)
    return piece if is_harmless else f"{key}={_HIDDEN}"


def _bare_key(piece: str) -> str:
    return piece if _HARMLESS_KEY.fullmatch(piece) else _HIDDEN


def _segment(piece: str) -> str:
    plain = unquote(piece)
    is_secret = _IS_SECRET.search(plain) and not _SECRET_FOLLOWS.fullmatch(plain)
    return _HIDDEN if is_secret or _RANDOM.search(plain) or re.search("[:=]", plain) else piece
