"""The command `health`: whether the daemon of these settings is up and hears Asterisk."""

import argparse
import ssl
import urllib.error
import urllib.request

from xucd.cli.subcommand import settings
from xucd.config.settings import Web

TIMEOUT_S = 4
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to reach a daemon that listens on all addresses."""


def health(arguments: argparse.Namespace) -> int:
    """Print what the daemon says of its health; 0 if clients see Asterisk's state, otherwise 1."""
    url = _url(settings(arguments, secret=False).web)
    # It is this very machine's, and the certificate is for the name by which browsers reach it.
    context = ssl._create_unverified_context() if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=context) as answer:
            print(answer.read().decode())
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode(errors="replace"))
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        print(f"nothing answers at {url}: {reason}")
    return 1


def _url(web: Web) -> str:
    host = EVERYWHERE.get(web.host, web.host)
    scheme = "https" if web.tls_certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{web.port}/health"
