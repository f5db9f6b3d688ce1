"""One fact from Python, with the standard library alone."""
import datetime
import json
import os
import urllib.request
import uuid

event = {
    "specversion": "1.0", "id": str(uuid.uuid4()), "source": "/examples/python", "type": "tocsin.ticket.opened",
    "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds"),
    "subject": "PY-1", "partitionkey": "钱江电机", "data": {"priority": "P2", "title": "冲压线 2 停机"},
}
request = urllib.request.Request(
    os.environ.get("TOCSIN_URL", "http://127.0.0.1:8080") + "/v1/events", json.dumps(event).encode(),
    {"Content-Type": "application/cloudevents+json", **({"Authorization": "Bearer " + os.environ["TOCSIN_TOKEN"]} if "TOCSIN_TOKEN" in os.environ else {})})
with urllib.request.urlopen(request) as answer:  # raises on 400, 401, 503: try 503 again
    print(answer.status, answer.read().decode())
