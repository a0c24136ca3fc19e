# posthog
from posthog import Posthog
from story import host, key, on_error, report, story

posthog = Posthog(key, host=host, on_error=on_error, gzip=True, max_retries=1)
s = story("posthog-python")
posthog.capture("Product Viewed", distinct_id=s["anonymous"], properties=s["views"][0])
posthog.set(distinct_id=s["user"], properties=s["traits"])
posthog.alias(s["anonymous"], s["user"])
posthog.capture("$pageview", distinct_id=s["user"], properties={"$current_url": "https://shop.example.com/cart"})
for view in s["views"][1:]:
    posthog.capture("Product Viewed", distinct_id=s["user"], properties=view)
posthog.capture("Order Completed", distinct_id=s["user"], properties=s["order"])
if posthog.get_all_flags(s["user"]):
    on_error("there are no flags", [])
posthog.shutdown()
report()
