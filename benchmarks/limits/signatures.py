"""The limit of signing: RSA-2048 signatures by cryptography alone, on one core."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

KEY_FILE, COUNT = sys.argv[1:]

key = load_pem_private_key(Path(KEY_FILE).read_bytes(), password=None)
if not isinstance(key, RSAPrivateKey):
    raise TypeError("an RSA key is needed")
message, padding, digest = b"x" * 250, PKCS1v15(), SHA256()
seconds, cpu_seconds = time.monotonic(), time.process_time()
for _ in range(int(COUNT)):
    key.sign(message, padding, digest)
took = {
    "seconds": time.monotonic() - seconds,
    "cpu_seconds": time.process_time() - cpu_seconds,
}
print(json.dumps(took))
