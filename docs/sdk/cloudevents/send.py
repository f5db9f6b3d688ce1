"""Two facts by the CloudEvents SDK for Python: pip install cloudevents. One structured, one in binary mode."""
import os
import urllib.request
import uuid
from datetime import datetime, timezone

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

url = os.environ.get("TOCSIN_URL", "http://127.0.0.1:8080") + "/v1/events"
for make, verb, data in ((to_structured_event, "opened", {"priority": "P2", "title": "冲压线 2 停机"}), (to_binary_event, "progressed", {"note": "备件已到"})):
    event = CloudEvent(attributes={
        "id": str(uuid.uuid4()), "source": "/examples/python-sdk", "type": f"tocsin.ticket.{verb}", "time": datetime.now(timezone.utc),
        "subject": "PY-2", "partitionkey": "钱江电机", "datacontenttype": "application/json"}, data=data)
    message = make(event)
    headers = {**message.headers, **({"Authorization": "Bearer " + os.environ["TOCSIN_TOKEN"]} if "TOCSIN_TOKEN" in os.environ else {})}
    with urllib.request.urlopen(urllib.request.Request(url, message.body, headers)) as answer:
        print(answer.status, answer.read().decode())
