#!/usr/bin/env python3
"""A client of 'tessera serve' with nothing but Python's standard library.

    tessera_client.py infer URL WINDOW.json            one window {"x": [[...], ...]}: prints the answer
    tessera_client.py separate URL RECORDING FOLDER    writes FOLDER/voice_1.wav, ...

The variable TESSERA_TOKEN holds the service's token, where it asks for one. As a module: Client(url, token).
"""
import io
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile


class Refused(Exception):
    """The service's own words: status, and code, field, message and hint where it gives them."""

    def __init__(self, status, error):
        super().__init__(f"{status}: {error.get('message', 'no reason given')}")
        self.status, self.error = status, error


class Client:
    def __init__(self, url="http://127.0.0.1:8080", token=None, timeout_s=120, attempts=5):
        self.url, self.token, self.timeout_s, self.attempts = url.rstrip("/"), token, timeout_s, attempts

    def infer(self, window, model=None):
        """The answer for one window: rows of columns, a row a frame. 'latent' and, of a classifier, 'labels'."""
        body = json.dumps({"x": window}, allow_nan=False).encode()
        return json.loads(self._post("/infer", {"model": model}, body, "application/json"))

    def separate(self, recording, model=None):
        """Names and bytes of the voices' files, from the bytes of a sound file."""
        answer = self._post("/v1/separate", {"model": model}, recording, "application/octet-stream")
        with zipfile.ZipFile(io.BytesIO(answer)) as files:
            return {name: files.read(name) for name in files.namelist()}

    def _post(self, path, query, body, content_type):
        query = urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        request = urllib.request.Request(self.url + path + ("?" + query if query else ""), body, {"Content-Type": content_type})
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        for attempt in range(1, self.attempts + 1):
            try:
                with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                    return answer.read()
            except urllib.error.HTTPError as refusal:
                if refusal.code == 429 and attempt < self.attempts:
                    time.sleep(float(refusal.headers.get("Retry-After", 1)))
                    continue
                raise Refused(refusal.code, _error_of(refusal.read())) from None


def _error_of(body):
    try:
        return json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return {"message": body[:200].decode(errors="replace")}


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "infer":
        with open(arguments[2], encoding="utf-8") as file:
            window = json.load(file)["x"]
        print(json.dumps(Client(arguments[1], os.environ.get("TESSERA_TOKEN")).infer(window)))
    elif len(arguments) == 4 and arguments[0] == "separate":
        with open(arguments[2], "rb") as file:
            files = Client(arguments[1], os.environ.get("TESSERA_TOKEN")).separate(file.read())
        os.makedirs(arguments[3], exist_ok=True)
        for name, content in files.items():
            # Names come from the network: nothing but a plain name is written to.
            if os.path.basename(name) == name and name not in ("", ".", ".."):
                with open(os.path.join(arguments[3], name), "wb") as file:
                    file.write(content)
                print(os.path.join(arguments[3], name))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Refused, OSError, ValueError, KeyError) as error:
        sys.exit(f"error: {error}")
